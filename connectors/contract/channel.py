"""The base class of channel connectors: SMS, WhatsApp, e-mail, web chat. The same contract as a PMS's, without
stays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from connectors.contract.connector import Connector, Page, Settings
from connectors.contract.direct import Channel, DirectRecord, TemplateRecord
from connectors.contract.errors import Unsupported
from connectors.contract.http import Call
from connectors.contract.intents import Intent, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.records import AttachmentRecord


class Files(Protocol):
    """How a connector gets at the files of a message; keys as in `OutFile`."""

    def read(self, key: str) -> bytes: ...

    def link(self, key: str, name: str, lives_s: int) -> str:
        """An address under which the provider can fetch it for so many seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What a channel carries. `max_text` counts characters; `window_s`: how many seconds after the guest's last message
    anything may be sent, templates only beyond; `reads`: it reports reading; `html`: it carries a subject and HTML."""

    max_text: int
    media: MediaLimits
    window_s: int | None = None
    templates: bool = False
    reads: bool = False
    html: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file's bytes as fetched, and what its sender says it is."""

    content: bytes
    mime_type: str = ""
    name: str = ""


class ChannelConnector(Connector):
    """One account at a provider of a channel.

    Facts:
    facts             channel → what it carries; an account may have only some of them (see `addresses`)
    lists_messages    the provider can list what came in and went out, so that nothing lost stays lost
    poll_s            seconds between two such lists where nothing pushes; None: only to catch up
    watches           `wait` may be asked, so that what comes is read at once instead of at the next list
    confirms_stop     the provider itself answers STOP, START and HELP
    remote            there is a provider; where there is none, nothing can be compared in shadow, so it begins live
    """

    facts: ClassVar[Mapping[Channel, ChannelFacts]]
    lists_messages: ClassVar[bool] = False
    poll_s: ClassVar[int | None] = None
    watches: ClassVar[bool] = False
    confirms_stop: ClassVar[bool] = False
    remote: ClassVar[bool] = True
    performs: ClassVar[tuple[type[Intent], ...]] = (SendDirect,)

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        super().__init__(settings)
        self.files = files

    @abstractmethod
    def addresses(self) -> Mapping[Channel, str]:
        """Our own address on each channel that this account is set up for (E.164, e-mail, …)."""

    def reply_address(self, token: str) -> str:
        """The address of ours to which an answer in a conversation goes; by default our own with the token behind a
        plus sign."""
        local, _, domain = self.addresses()[Channel.EMAIL].rpartition("@")
        return f"{local}+{token}@{domain}"

    def hook_addresses(self, url: str) -> Mapping[str, str]:
        """What a person enters at the provider, by what it is for: addresses that lead to `url`, with what they need to
        be believed. Empty where we see to that ourselves."""
        return {}

    def list_messages(self, call: Call, cursor: str | None, since: datetime) -> Page[DirectRecord]:
        """Messages that came in or went out, and reports, since that instant (UTC), oldest first where the provider
        allows; or from `cursor` on: a page's `next_cursor`, or the `resume` that an earlier list ended with. Raises
        Unsupported."""
        raise Unsupported(detail="This channel can't list messages.")

    def wait(self, call: Call, seconds: int) -> bool:
        """Wait on an open line until something may have come (true), or until the time is over. Raises Unsupported
        where this account's host can't tell."""
        raise Unsupported(detail="This channel can't be waited on.")

    def list_templates(self, call: Call) -> Sequence[TemplateRecord]:
        """The account's templates; empty where there are none."""
        return ()

    def fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        """The bytes of a file that a message named by link or id. Raises NotFound where it is gone for good."""
        raise Unsupported(detail="This channel names no files.")

    def part(self, headers: Mapping[str, str], body: bytes, external_id: str) -> Media:
        """The bytes of a file that lies inside a delivery. No network. Raises NotFound."""
        raise Unsupported(detail="Deliveries of this channel hold no files.")

    def mark_read(self, call: Call, remote_id: str) -> None:
        """Show the guest that a person has read this message and those before it (`MarkRead`, where that is in
        `performs`)."""
