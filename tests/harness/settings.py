"""Bellhop's settings for tests: the throw-away servers that `tests/conftest.py` starts, and a fast password hasher."""

import os
import sys
import tempfile
from pathlib import Path

from bellhop.start import places

# The first process of a run names the folder; its xdist workers inherit the name.
FOLDER = Path(
    os.environ.setdefault("BELLHOP_TEST_FOLDER", f"{tempfile.gettempdir()}/bellhop-test-{os.getpid()}")
)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
REDIS_DATABASE = int(WORKER.removeprefix("gw") or 0) + 1 if WORKER else 0

os.environ["BELLHOP_DATA"] = str(FOLDER / f"data{WORKER}")
os.environ["DATABASE_URL"] = places.embedded_database_url(FOLDER)
os.environ["REDIS_URL"] = places.embedded_redis_url(FOLDER).replace("db=0", f"db={REDIS_DATABASE}")
os.environ["BELLHOP_SECRET_KEY"] = "a-key-for-tests-of-no-value-anywhere"
os.environ["BELLHOP_DEMO"] = "1"

from bellhop.settings import *  # noqa: E402, F403
from bellhop.settings import ALLOWED_HOSTS, DATABASES, LOGGING  # noqa: E402

BELLHOP_CLOCK_REFRESH_S = 0.5
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS.append("testserver")
LOGGING["root"]["level"] = "WARNING"
DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 20  # as in a worker: tests start many threads
# Several live stacks start beside the tests; `make check` runs without a server, and must not wait for one.
DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 30.0 if "pytest" in sys.modules else 1.0
