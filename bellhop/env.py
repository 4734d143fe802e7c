"""Typed readers for environment variables. A value that can't be used stops the program with one sentence.

`NAME_FILE` may be set instead of `NAME` for every secret: the value is then the content of that file
(the convention of container platforms), with surrounding white space removed.
"""

import os
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"0", "false", "no", "off", ""}


class EnvironmentMistake(SystemExit):
    """A variable that can't be used. Being a SystemExit, it ends the process with its sentence, no traceback."""


def _mistake(name: str, expected: str, value: str) -> EnvironmentMistake:
    return EnvironmentMistake(f"{name} must be {expected}, but it is {value!r}.")


def text(name: str, default: str = "") -> str:
    """The variable without surrounding white space; `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise _mistake(name, "a whole number", value) from None
    if not low <= number <= high:
        raise _mistake(name, f"between {low} and {high}", value)
    return number


def port(name: str, default: int) -> int:
    return integer(name, default, low=1, high=65535)


def flag(name: str, *, default: bool = False) -> bool:
    """1/true/yes/on or 0/false/no/off, in any case."""
    value = text(name).lower()
    if not value:
        return default
    if value not in _TRUE | _FALSE:
        raise _mistake(name, "1 or 0", value)
    return value in _TRUE


def words(name: str) -> list[str]:
    """A list separated by commas; empty entries are dropped."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def http_url(name: str, default: str) -> str:
    """An http or https address with a host and without a trailing slash."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _mistake(name, "an address such as https://bellhop.example.com", value)
    return value


def secret(name: str) -> str:
    """The variable, else the content of the file named by `NAME_FILE`, else an empty string."""
    if value := text(name):
        return value
    file = text(f"{name}_FILE")
    if not file:
        return ""
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EnvironmentMistake(
            f"{name}_FILE names {file}, which can't be read: {error.strerror}."
        ) from None
    if not value:
        raise EnvironmentMistake(f"{name}_FILE names {file}, which is empty.")
    return value


class Smtp(NamedTuple):
    """A mail server. `tls` from the first byte (port 465), or `starttls` (port 587); without a host there is none."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = False


def smtp(name: str) -> Smtp:
    """smtps://user:password@host:465, smtp://user:password@host:587 (STARTTLS), or smtp+plain://host:25 inside a
    network of one's own. Unset: no e-mail."""
    value = secret(name)
    if not value:
        return Smtp()
    parts = urlsplit(value)
    usual = {"smtps": 465, "smtp": 587, "smtp+plain": 25}.get(parts.scheme)
    if usual is None or not parts.hostname:
        raise EnvironmentMistake(f"{name} must look like smtp://user:password@mail.example.com:587.")
    return Smtp(
        parts.hostname,
        parts.port or usual,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp",
    )


_STORE_LOOKS_LIKE = (
    "s3://KEY:SECRET@BUCKET/FOLDER?region=eu-central-1, with &endpoint=https://… if it isn't Amazon's"
)


def file_store(name: str, folder: Path) -> dict[str, Any]:
    """Django's description of where attachments are kept. Unset: in `folder`. Else a bucket (see _STORE_LOOKS_LIKE);
    without a key, boto3 finds credentials where it does (role of the machine, its own variables)."""
    value = secret(name)
    if not value:
        options: dict[str, Any] = {
            "location": folder,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        }
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    parts, asked = urlsplit(value), dict(parse_qsl(urlsplit(value).query))
    if parts.scheme != "s3" or not parts.hostname or asked.keys() - {"region", "endpoint"}:
        raise EnvironmentMistake(f"{name} must look like {_STORE_LOOKS_LIKE}.")
    if bool(parts.username) != bool(parts.password):
        raise EnvironmentMistake(f"{name} has half a key: it must look like {_STORE_LOOKS_LIKE}.")
    endpoint = asked.get("endpoint")
    options = {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
        "region_name": asked.get("region"),
        "endpoint_url": endpoint,
        "addressing_style": "path" if endpoint else None,
        "default_acl": None,
        "file_overwrite": False,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def database(name: str, default: str) -> dict[str, Any]:
    """Django's description of a postgresql:// address; its query may name a socket folder (`host`) and options."""
    value = secret(name) or default
    parts = urlsplit(value)
    database_name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not database_name:
        raise EnvironmentMistake(f"{name} must look like postgresql://user:password@host:5432/bellhop.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }
