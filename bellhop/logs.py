"""Logging: one line per event, for people on a terminal or as JSON; credentials never get in."""

from __future__ import annotations

import re
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

HIDDEN = "[hidden]"
_SENSITIVE = re.compile(
    r"secret|token|password|passwd|authorization|cookie|api_?key|credential", re.IGNORECASE
)


# An address that is a key to something: the guest portal's, a survey's, a file's, an invitation's.
_ADDRESS = re.compile(r"(/(?:g|f|survey|unsubscribe)/)[\w~.:=-]{16,}")


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the value of every key that names a credential, at any depth, and what opens something in an address."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: Any) -> Any:
    if isinstance(key, str) and _SENSITIVE.search(key) and not isinstance(value, bool | type(None)):
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _redacted(inner, content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(None, content) for content in value]
    return _ADDRESS.sub(rf"\1{HIDDEN}", value) if isinstance(value, str) else value


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        redact,
    ]


def configure_structlog() -> None:
    """Send structlog through the standard library, so that both kinds of logger end in one stream."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configuration(*, json: bool) -> dict[str, Any]:
    """The LOGGING setting: JSON lines, or readable ones."""
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        final += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        final.append(
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": final,
        "foreign_pre_chain": _shared(),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            "django": {"handlers": [], "propagate": True},
            "daphne": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "psycopg.pool": {"level": "ERROR"},
        },
    }
