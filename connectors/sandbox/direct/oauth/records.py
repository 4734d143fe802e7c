"""What an issuer of tokens keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.faults import KINDS
from connectors.sandbox.records import Application, Delivery, Fault, Peak, Setting, Subscription, Token
from connectors.sandbox.schema import INDEXES as COMMON


@dataclass(slots=True)
class Grant:
    """What access tokens are given out for: an application's secret or a user's refresh token is the id."""

    id: str
    client: str
    mailbox: str
    ended: bool = False


TABLES: tuple[type[Any], ...] = (Grant, Application, Token, Subscription, Delivery, Setting, Fault, Peak)
INDEXES: Mapping[type[Any], tuple[str, ...]] = {Delivery: COMMON[Delivery], Token: COMMON[Token]}
_FAULTS = frozenset(
    {
        "down",
        "slow",
        "slow_after_work",
        "too_many",
        "error_after_work",
        "cut_after_work",
        "html_error",
        "truncated",
        "rename_field",
        "drop_field",
    }
)
NO_FAULTS = frozenset(KINDS) - _FAULTS
