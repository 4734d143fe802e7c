"""Tables, a user and a session for the bare Django pages: `python -m benchmarks.limits.accounts` prints the cookie."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping


def session(env: Mapping[str, str]) -> str:
    """The cookie of a signed-in user."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.limits.accounts"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def main() -> None:
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("agent")
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    print(f"sessionid={store.session_key}")


if __name__ == "__main__":
    main()
