"""Every address by every role by a foreign organization (invariant 10). Nothing is left out: see `urls_objects`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.architecture import urls_objects
from tests.architecture.urls_objects import ADDRESSES, ANYBODY, FOREIGN_PACKAGES, OPEN_TO_NOBODY, OWN_TO_ADMIN
from tests.architecture.world import World, build

pytestmark = pytest.mark.django_db
METHODS = ("get", "post")


@dataclass(frozen=True)
class Address:
    name: str
    route: str
    parts: tuple[str, ...]

    def url(self, world: World) -> str:
        return reverse(self.name, kwargs={part: self._value(part, world) for part in self.parts})

    def _value(self, part: str, world: World) -> object:
        words = self.route.split("/")
        place = next(index for index, word in enumerate(words) if part in word)
        for word in (words[place - 1], words[0], "*"):
            if make := urls_objects.PARTS.get((word, part)):
                return make(world)
        pytest.fail(f"Say in tests/architecture/urls_objects.py, PARTS, what <{part}> of {self.route} names.")

    @property
    def owned(self) -> bool:
        return bool(set(self.parts) & urls_objects.OWNED)


def _walk(resolver: URLResolver, space: str = "", route: str = "") -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry, inner, here)
        elif isinstance(entry, URLPattern):
            yield Address(f"{space}{entry.name}", here, tuple(entry.pattern.converters or _groups(here)))


def _groups(route: str) -> list[str]:
    return re.findall(r"\(\?P<(\w+)>", route)


ALL = list(_walk(get_resolver()))
OURS = [address for address in ALL if not address.name.startswith(FOREIGN_PACKAGES)]
PACKAGES = [address for address in ALL if address.name.startswith(FOREIGN_PACKAGES)]
by_name = pytest.mark.parametrize("address", OURS, ids=lambda address: address.name)


@pytest.fixture
def world() -> World:
    return build("here")


def _sign_in(world: World, role: str) -> Client:
    client = Client()
    client.force_login(world.people[role])
    return client


def _is_sign_in(answer: object) -> bool:
    return getattr(answer, "status_code", 0) == 302 and "/accounts/login" in str(getattr(answer, "url", ""))


@by_name
def test_is_listed(address: Address) -> None:
    assert address.name in ADDRESSES, (
        f"Say in tests/architecture/urls_objects.py who may open {address.name}."
    )


def test_nothing_else_is_listed() -> None:
    assert set(ADDRESSES) <= {address.name for address in OURS}


@by_name
def test_nobody_has_to_sign_in(address: Address, world: World) -> None:
    for method in METHODS:
        answer = getattr(Client(), method)(address.url(world))
        if ADDRESSES[address.name] == ANYBODY:
            assert answer.status_code < 500
        else:
            assert _is_sign_in(answer) or answer.status_code == 405, f"{method}: {answer.status_code}"


@by_name
def test_a_role_opens_what_it_names(address: Address, world: World) -> None:
    needed = ADDRESSES[address.name]
    if needed == ANYBODY:
        return
    for role, person in world.people.items():
        client, granted = _sign_in(world, role), all(person.may(permission) for permission in needed)
        if granted and address.name in OWN_TO_ADMIN and role != "Admin":
            continue
        statuses = {method: getattr(client, method)(address.url(world)).status_code for method in METHODS}
        if granted:
            assert 403 not in statuses.values(), f"{role}: {statuses}"
            assert all(status < 500 for status in statuses.values()), f"{role}: {statuses}"
        else:
            assert set(statuses.values()) <= {403, 405}, f"{role}: {statuses}"
            assert 403 in statuses.values(), f"{role}: {statuses}"


@pytest.mark.parametrize("address", [a for a in OURS if a.owned], ids=lambda address: address.name)
def test_a_foreign_organization_gets_404(address: Address, world: World) -> None:
    client = _sign_in(build("elsewhere"), "Admin")
    statuses = [getattr(client, method)(address.url(world)).status_code for method in METHODS]
    assert set(statuses) <= {404, 405}, statuses
    assert 404 in statuses, statuses


@pytest.mark.parametrize("address", PACKAGES, ids=lambda address: address.name)
def test_a_package_shows_nobody_only_the_way_in(address: Address) -> None:
    url = reverse(address.name, kwargs=dict.fromkeys(address.parts, "x"))
    answer = Client().get(url)
    assert answer.status_code < 500
    if address.name not in OPEN_TO_NOBODY:
        assert _is_sign_in(answer), answer.status_code
