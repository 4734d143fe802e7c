"""What every connector must do. A connector's test module subclasses `ConnectorSuite` and states its facts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract.base import PmsConnector, Settings
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unreadable,
)
from connectors.contract.events import EventKind
from connectors.contract.http import Request, Response

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET_VALUE = "never-show-this-secret-value"

READ = Request(method="GET", path="/thing")
EFFECT = Request(method="POST", path="/thing", effect=True)

ERRORS: list[tuple[int, type[ConnectorError], type[ConnectorError]]] = [
    (302, Rejected, Rejected),
    (400, Rejected, Rejected),
    (401, NotAuthorized, NotAuthorized),
    (403, NotAuthorized, NotAuthorized),
    (404, NotFound, NotFound),
    (408, Retryable, OutcomeUnknown),
    (409, Rejected, Rejected),
    (410, NotFound, NotFound),
    (422, Rejected, Rejected),
    (425, Retryable, OutcomeUnknown),
    (429, RateLimited, RateLimited),
    (500, Retryable, OutcomeUnknown),
    (502, Retryable, OutcomeUnknown),
    (503, Retryable, OutcomeUnknown),
    (504, Retryable, OutcomeUnknown),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def answer(status: int, body: bytes | object = b"", **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


class ConnectorSuite:
    """Subclasses set `connector_type` and `fixtures`, and know how their PMS signs (None: it doesn't)."""

    connector_type: ClassVar[type[PmsConnector]]
    fixtures: ClassVar[Path]

    def make(self) -> PmsConnector:
        names = [field.name for field in self.connector_type.credential_fields]
        return self.connector_type(Settings(credentials=dict.fromkeys(names, SECRET_VALUE)))

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        """Headers of a genuine delivery; None where the vendor signs nothing."""
        raise NotImplementedError

    def secrets(self) -> Sequence[str]:
        """Two different secrets in the vendor's form."""
        raise NotImplementedError

    def webhooks(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.fixtures.glob("webhook_*.json")):
            yield path.name, path.read_bytes()

    # --- facts ---
    def test_it_states_its_facts(self) -> None:
        assert self.connector_type.slug
        assert self.connector_type.label
        assert self.connector_type.default_base_url.startswith("https://")
        assert self.connector_type.credential_fields

    def test_what_it_cant_do_has_a_reason_or_a_fallback(self) -> None:
        for entity, capability in self.connector_type.capabilities.entities.items():
            complete = capability.read and capability.write and capability.push != "none"
            assert complete or capability.why or capability.fallback, entity

    def test_the_limit_key_tells_no_secret(self) -> None:
        assert SECRET_VALUE not in self.make().limit_key()

    def test_two_accounts_have_two_limit_keys(self) -> None:
        field = self.connector_type.credential_fields[0].name
        keys = {self.connector_type(Settings(credentials={field: one})).limit_key() for one in "ab"}
        assert len(keys) == 2

    def test_settings_and_tokens_dont_print_secrets(self) -> None:
        assert SECRET_VALUE not in repr(self.make().settings)

    # --- deliveries ---
    def test_every_fixture_is_understood(self) -> None:
        connector = self.make()
        for name, body in self.webhooks():
            events = connector.parse({}, body)
            assert events, name
            assert all(event.dedupe_key for event in events), name
            assert all(not event.unknown for event in events), name

    def test_a_repeated_delivery_means_the_same_facts(self) -> None:
        connector = self.make()
        for name, body in self.webhooks():
            keys = [[event.dedupe_key for event in connector.parse({}, body)] for _ in range(2)]
            assert keys[0] == keys[1], name

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b"{}", b"<html>"]
    )
    def test_what_is_unreadable_raises_only_unreadable(self, body: bytes) -> None:
        connector = self.make()
        assert connector.delivery_key({}, body)
        with pytest.raises(Unreadable):
            connector.parse({}, body)

    def test_the_delivery_key_of_what_is_unreadable_follows_the_body(self) -> None:
        connector = self.make()
        assert connector.delivery_key({}, b"a") == connector.delivery_key({}, b"a")
        assert connector.delivery_key({}, b"a") != connector.delivery_key({}, b"b")

    @settings(
        max_examples=150,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(data=st.data())
    def test_a_damaged_payload_is_read_or_unreadable(self, data: st.DataObject) -> None:
        name, body = data.draw(st.sampled_from(list(self.webhooks())))
        payload: dict[str, Any] = json.loads(body)
        for _ in range(data.draw(st.integers(1, 4))):
            _damage(payload, data)
        try:
            events = self.make().parse({}, json.dumps(payload).encode())
        except Unreadable:
            return
        assert all(isinstance(event.kind, EventKind) for event in events), name

    # --- signatures ---
    def _signed(self, at: datetime = AT) -> tuple[PmsConnector, bytes, dict[str, str], list[str]]:
        body = next(self.webhooks())[1]
        secrets = list(self.secrets())
        headers = self.sign(body, secrets[0], at)
        if headers is None:
            pytest.skip("This vendor signs nothing.")
        return self.make(), body, headers, secrets

    def test_a_genuine_delivery_is_verified(self) -> None:
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body, secrets[:1], AT) is True
        upper = {name.upper(): value for name, value in headers.items()}
        assert connector.verify(upper, body, secrets[:1], AT) is True

    def test_a_rotated_secret_is_good_beside_the_new_one(self) -> None:
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body, [secrets[1], secrets[0]], AT) is True

    def test_a_wrong_secret_or_none_is_refused(self) -> None:
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body, [secrets[1]], AT) is False
        assert connector.verify(headers, body, [], AT) is False
        assert connector.verify(headers, body, ["not a secret"], AT) is False

    def test_a_changed_body_is_refused(self) -> None:
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body + b" ", secrets, AT) is False

    def test_any_missing_header_is_refused(self) -> None:
        connector, body, headers, secrets = self._signed()
        for name in headers:
            rest = {key: value for key, value in headers.items() if key != name}
            assert connector.verify(rest, body, secrets, AT) is False, name

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_delivery_is_refused(self, minutes: int) -> None:
        connector, body, headers, secrets = self._signed(AT + timedelta(minutes=minutes))
        assert connector.verify(headers, body, secrets, AT) is False

    # --- answers ---
    @pytest.mark.parametrize(("status", "reading", "doing"), ERRORS)
    def test_each_status_says_what_to_do_next(
        self, status: int, reading: type[ConnectorError], doing: type[ConnectorError]
    ) -> None:
        for request, expected in ((READ, reading), (EFFECT, doing)):
            for body in (b"", b"<html>proxy</html>", b'{"error": "x"}', b'"Forbidden"', b"\xff"):
                with pytest.raises(ConnectorError) as caught:
                    self.make().check(request, answer(status, body))
                assert type(caught.value) is expected

    def test_the_wait_is_taken_from_the_answer(self) -> None:
        told = {"retry-after": "17"}
        dated = {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}
        odd = {"retry-after": "soon"}
        for headers, expected in ((told, 17.0), (dated, 30.0), (odd, None), ({}, None)):
            with pytest.raises(RateLimited) as caught:
                self.make().check(READ, Response(status=429, headers=headers, body=b""))
            assert caught.value.after_s == expected

    @pytest.mark.parametrize("body", [b"<html>", b'{"data": {"a', b"\xff\xfe"])
    def test_a_success_that_cant_be_read_is_unreadable_or_unknown(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            self.make().check(READ, answer(200, body))
        with pytest.raises(OutcomeUnknown):
            self.make().check(EFFECT, answer(200, body))


def _damage(payload: dict[str, Any], data: st.DataObject) -> None:
    """Remove or replace one value somewhere in the payload."""
    node: Any = payload
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        inner = node[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            node = inner
            continue
        if isinstance(node, dict) and data.draw(st.booleans()):
            del node[key]
        else:
            node[key] = copy.deepcopy(data.draw(json_values))
        return
