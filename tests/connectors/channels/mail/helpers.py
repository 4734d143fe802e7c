"""The fixtures of mail, and mails made up on the spot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connectors.channels.mail.mime import open_mail
from connectors.channels.mail.reading import Envelope, Home, read_mail
from connectors.contract.direct import DirectMessageRecord
from connectors.contract.intents import Mail, SendDirect

FIXTURES = Path(__file__).parent / "fixtures"
HOME = Home(
    address="stay@hotel.example",
    inbound="reply@inbound.hotel.example",
    instance="our-instance",
    authserv_id="mx.hotel.example",
)
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def raw(body: str = "Hello", **headers: str) -> bytes:
    """A mail with these headers (`_` for a hyphen), each overriding a usual one."""
    given = {
        "From": "Jo Lee <jo@mail.example>",
        "To": "stay@hotel.example",
        "Message-ID": "<in.1@mail.example>",
        "Date": "Wed, 18 Nov 2026 09:30:00 +0100",
        "Subject": "Your stay",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in given.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def told(mail: bytes, **envelope: object) -> object:
    return read_mail(open_mail(mail), HOME, Envelope(**envelope))  # type: ignore[arg-type]


def message(mail: bytes, **envelope: object) -> DirectMessageRecord:
    found = told(mail, **envelope)
    assert isinstance(found, list), found
    [record] = found
    assert isinstance(record, DirectMessageRecord)
    return record


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def intent(**changes: object) -> SendDirect:
    values: dict[str, object] = {
        "channel": "email",
        "to": "jo@mail.example",
        "to_kind": "email",
        "body": "At five, with pleasure.\n\nAna",
        "reference": "abcd2345",
        "mail": Mail(subject="Re: Your stay", message_id="<out.2@hotel.example>", from_name="Ana at Hotel"),
    }
    return SendDirect(**{**values, **changes})  # type: ignore[arg-type]
