"""The installation's secret: from BELLHOP_SECRET_KEY, else a file that is made once beside the embedded database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bellhop import env


def installation_keys(data: Path, *, embedded: bool) -> list[str]:
    """All keys, the newest first. Raises EnvironmentMistake when a real database has no BELLHOP_SECRET_KEY."""
    given = [key.strip() for key in env.secret("BELLHOP_SECRET_KEY").split(",") if key.strip()]
    if given:
        short = [key for key in given if len(key) < 24]
        if short:
            raise env.EnvironmentMistake("Each key in BELLHOP_SECRET_KEY must have at least 24 characters.")
        return given
    if not embedded:
        raise env.EnvironmentMistake(
            "BELLHOP_SECRET_KEY must be set where DATABASE_URL is: it encrypts what your PMS trusts you with."
        )
    return [_file_key(data / "secret")]


def _file_key(file: Path) -> str:
    """The key in `file`; made (0600) by whoever comes first, read by the others."""
    try:
        if key := file.read_text(encoding="utf-8").strip():
            return key
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise env.EnvironmentMistake(f"The secret in {file} can't be read: {error.strerror}.") from None
    draft = file.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)  # fails where another process was faster: then its key is the key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise env.EnvironmentMistake(f"{file.parent} can't be written: {error.strerror}.") from None
