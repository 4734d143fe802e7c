"""A provider's desk: mail out and in, and what is told of it. What is peculiar to a vendor is in its subclass."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Once, Sent, Suppression
from connectors.sandbox.direct.mail.office import STATUSES, PostOffice
from connectors.sandbox.direct.mail.records import FULL
from connectors.sandbox.records import Json, Subscription
from connectors.sandbox.world import World


@dataclass(frozen=True)
class Refusal:
    """Why a mailbox took nothing: `status` as in RFC 3463, `said` by its server; `soft` if it may take mail again."""

    status: str
    said: str
    soft: bool


class Desk(ABC):
    """One account at one provider.

    `inbound_domain` is whose mail comes in here unless told otherwise. `choices` are what else can be set beside the
    addresses, with the values there are; they are kept with the inbound endpoint, whose `extra` has the defaults.
    """

    inbound_domain: ClassVar[str]
    choices: ClassVar[Mapping[str, tuple[object, ...]]] = {}

    def __init__(self, world: World, office: PostOffice) -> None:
        self.world = world
        self.office = office
        office.elsewhere.append(self.take)

    def hand_over(self, sent: Sent, bounces: str, recipient: str, raw: bytes) -> None:
        """One copy to the post office, with `bounces` as envelope sender; what becomes of it is told."""
        if self.is_suppressed(recipient):
            self.suppressed(sent, recipient)
            return
        mark: Json = {"provider": self.world.house.name, "key": sent.id}
        state = self.office.deliver(bounces, recipient, raw, mark)
        if state not in STATUSES:
            self.delivered(sent, recipient)
            return
        if state != FULL:
            self._suppress(recipient)
        self.bounced(sent, recipient, Refusal(*STATUSES[state], soft=state == FULL))

    @abstractmethod
    def delivered(self, sent: Sent, recipient: str) -> None:
        """The recipient's server has taken it."""

    @abstractmethod
    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """The recipient's server refused it."""

    @abstractmethod
    def suppressed(self, sent: Sent, recipient: str) -> None:
        """It wasn't tried: the address has bounced or complained before."""

    @abstractmethod
    def complained(self, sent: Sent, recipient: str) -> None:
        """The recipient called it spam."""

    def unsubscribed(self, sent: Sent, recipient: str) -> None:
        """The recipient wants no more, and told the provider so. Raises ValueError where there is no such thing."""
        raise ValueError(f"{self.world.house.title} offers no unsubscribing from {sent.id} to {recipient}")

    @abstractmethod
    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:
        """A mail to the inbound domain."""

    def complain(self, key: str, recipient: str) -> None:
        """The guest calls a mail spam: no more mail goes there."""
        self._suppress(recipient)
        self.complained(self.sent(key), recipient)

    def unsubscribe(self, key: str, recipient: str) -> None:
        """The guest unsubscribes at the provider: no more mail goes there. Raises ValueError."""
        self.unsubscribed(self.sent(key), recipient)
        self._suppress(recipient)

    def take(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> bool:
        """A mail to the inbound domain is taken; any other is served elsewhere."""
        domain = str(self.endpoint(INBOUND).extra.get("domain", self.inbound_domain))
        if recipient.partition("@")[2].casefold() != domain:
            return False
        self.received(sender, recipient, raw, forged=forged)
        return True

    def sent(self, key: str) -> Sent:
        """A mail that went out. Raises MissingError."""
        return self.world.store.need(Sent, key)

    def is_suppressed(self, recipient: str) -> bool:
        """Whether the address gets no more mail."""
        return self.world.store.get(Suppression, recipient.casefold()) is not None

    def _suppress(self, recipient: str) -> None:
        self.world.store.put(Suppression(recipient.casefold(), self.world.clock.iso()))

    def recall(self, key: str) -> Once | None:
        """A call that was made under this key and is still remembered."""
        row = self.world.store.get(Once, key)
        return row if row and row.until > self.world.clock.epoch() else None

    def remember(self, key: str, digest: str, answer: Json, seconds: float) -> None:
        """Keep a call's answer for so long."""
        self.world.store.put(Once(key, digest, answer, self.world.clock.epoch() + seconds))

    def endpoint(self, key: str) -> Subscription:
        """Where reports of one sort go."""
        return self.world.store.need(Subscription, key)

    def report(self, key: str, event: str, value: Json) -> None:
        """Owe a report, if there is an address for it."""
        endpoint = self.endpoint(key)
        if endpoint.url:
            self.world.queue.owe(endpoint, event, json.dumps(value, ensure_ascii=False))

    def point(self, values: Json) -> Json:
        """Set `inbound_url`, `tracking_url`, `domain` and the choices; answers all that is set. Raises ValueError."""
        urls = {f"{key}_url": key for key in (INBOUND, TRACKING)}
        for name, value in values.items():
            self._check(name, value, [*urls, "domain"])
        inbound = self.endpoint(INBOUND)
        inbound.extra = inbound.extra | {name: value for name, value in values.items() if name not in urls}
        self.world.store.put(inbound)
        for name, key in urls.items():
            if name in values:
                self.move(key, values[name])
        self.world.queue.subscriptions_changed()
        return self.told()

    def _check(self, name: str, value: Any, texts: list[str]) -> None:
        if name in texts:
            if not isinstance(value, str):
                raise ValueError(f"{name} is a text")
        elif name not in self.choices:
            raise ValueError(f"there are {', '.join([*texts, *self.choices])}")
        elif value not in self.choices[name]:
            raise ValueError(f"{name} is one of {', '.join(str(one) for one in self.choices[name])}")

    def move(self, key: str, url: str) -> None:
        """An endpoint has another address; none: it is told nothing."""
        endpoint = self.endpoint(key)
        endpoint.url = url
        self.world.store.put(endpoint)

    def told(self) -> Json:
        """What is set, and what a receiver has to know."""
        inbound = self.endpoint(INBOUND)
        return {
            "inbound_url": inbound.url,
            "tracking_url": self.endpoint(TRACKING).url,
            "domain": self.inbound_domain,
            **inbound.extra,
        }
