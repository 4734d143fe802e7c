"""Under which account the bundled servers run. PostgreSQL refuses root, so root lends them an existing account."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bellhop import env


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns the servers' files. `lent` is true where this process is root and the account is another one."""

    name: str
    uid: int
    gid: int
    lent: bool

    @property
    def popen(self) -> dict[str, Any]:
        """Keyword arguments for subprocess calls."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {}

    def owns(self, folder: Path) -> None:
        """Make `folder` (0700, existing parents) belong to this account; nobody else's mode is changed."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.lent and folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)

    def can(self, *command: str | Path) -> bool:
        """Does this command end well when this account runs it?"""
        try:
            done = subprocess.run(
                command, cwd="/", capture_output=True, timeout=20, check=False, **self.popen
            )
        except OSError:
            return False
        return done.returncode == 0

    def can_write(self, folder: Path) -> bool:
        """A write probe: makes and removes a file as this account, which is the only test that counts."""
        probe = folder / f".probe-{os.getpid()}"
        return self.can("/bin/sh", "-c", ': > "$1" && rm -f "$1"', "sh", probe)


def server_account() -> Account:
    """This account; as root BELLHOP_RUN_AS, else postgres, else nobody. Raises EnvironmentMistake if none is there."""
    if os.geteuid() != 0:
        return Account(name=f"uid {os.geteuid()}", uid=os.geteuid(), gid=os.getegid(), lent=False)
    wanted = env.text("BELLHOP_RUN_AS")
    for name in [wanted] if wanted else ["postgres", "nobody"]:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise env.EnvironmentMistake(
                "BELLHOP_RUN_AS must not be root: PostgreSQL refuses to run as root."
            )
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, lent=True)
    raise env.EnvironmentMistake(
        f"There is no account {wanted or 'postgres or nobody'}; name one in BELLHOP_RUN_AS."
    )
