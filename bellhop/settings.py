"""Every setting once. What an installation may choose is read from the environment; see docs/operations.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from psycopg_pool.base import AttemptWithBackoff

from bellhop import env, logs
from bellhop.start import places
from bellhop.start.keys import installation_keys

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("BELLHOP_DEBUG")

# ── Where things are ────────────────────────────────────────────────────────────────────────────────────────────
BELLHOP_DATA = places.data_folder(BASE_DIR)
BELLHOP_PORT = env.port("BELLHOP_PORT", 8000)
BELLHOP_SANDBOX_PORT = env.port("BELLHOP_SANDBOX_PORT", 8001)
BELLHOP_PUBLIC_URL = env.http_url("BELLHOP_PUBLIC_URL", f"http://127.0.0.1:{BELLHOP_PORT}")
BELLHOP_EMBEDDED = not env.secret("DATABASE_URL")
BELLHOP_DEMO = env.flag("BELLHOP_DEMO", default=BELLHOP_EMBEDDED)
BELLHOP_WORKER_NAME = env.text("BELLHOP_WORKER_NAME", f"process-{os.getpid()}")
BELLHOP_CLOCK_REFRESH_S = 5.0
BELLHOP_SANDBOX_URL = f"http://127.0.0.1:{BELLHOP_SANDBOX_PORT}"
BELLHOP_ALLOWED_PRIVATE_HOSTS = env.words("BELLHOP_ALLOWED_PRIVATE_HOSTS")
# Each has a thread of a worker, and an open line; what is beyond is read at intervals.
BELLHOP_WATCHED_CHANNELS = env.integer("BELLHOP_WATCHED_CHANNELS", 50, low=0, high=1000)
if BELLHOP_DEMO:
    # By both names: files of its Twilio lie on another host than its API, as in life.
    # Its mail servers listen beside it (docs/sandbox.md).
    BELLHOP_ALLOWED_PRIVATE_HOSTS += [f"{host}:{BELLHOP_SANDBOX_PORT}" for host in ("127.0.0.1", "localhost")]
    BELLHOP_ALLOWED_PRIVATE_HOSTS += [f"127.0.0.1:{BELLHOP_SANDBOX_PORT + beside}" for beside in (24, 142)]

# ── Secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────
BELLHOP_SECRET_KEYS = installation_keys(BELLHOP_DATA, embedded=BELLHOP_EMBEDDED)
SECRET_KEY = f"django:{BELLHOP_SECRET_KEYS[0]}"
SECRET_KEY_FALLBACKS = [f"django:{key}" for key in BELLHOP_SECRET_KEYS[1:]]

# ── Web ─────────────────────────────────────────────────────────────────────────────────────────────────────────
_public = urlsplit(BELLHOP_PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname or "localhost"] + ([] if _https else ["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = [BELLHOP_PUBLIC_URL]
ROOT_URLCONF = "bellhop.urls"
ASGI_APPLICATION = "bellhop.asgi.application"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# Addresses or networks whose X-Forwarded-For is believed.
BELLHOP_TRUSTED_PROXIES = env.words("BELLHOP_TRUSTED_PROXIES")
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "bellhop_session"
CSRF_COOKIE_NAME = "bellhop_csrf"
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", f"{'wss' if _https else 'ws'}://{_public.netloc}"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

INSTALLED_APPS = [
    "channels",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "bellhop.core",
    "bellhop.accounts",
    "connectors",
    "reservations",
    "inbox",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "bellhop.unavailable.DatabaseUnavailable",
]

_context_processors = [
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "bellhop.accounts.web.context",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _context_processors},
    }
]

# ── Static files: WhiteNoise serves static/ as it is: no copy, no build; browsers ask again by ETag after a minute ──
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 60

# ── Sign-in ─────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["bellhop.accounts.backend.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "bellhop.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
PASSWORD_RESET_TIMEOUT = 3600
MFA_ADAPTER = "bellhop.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Bellhop"

# ── Database ────────────────────────────────────────────────────────────────────────────────────────────────────
DATABASES = {
    "default": env.database("DATABASE_URL", places.embedded_database_url(BELLHOP_DATA))
    | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": "test_bellhop"},
    }
}
DATABASES["default"]["OPTIONS"] |= {
    "pool": {"min_size": 1, "max_size": env.integer("BELLHOP_DB_POOL", 8, low=1, high=100), "timeout": 5.0},
    "connect_timeout": 5,
    "application_name": BELLHOP_WORKER_NAME,
    "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
}
# The pool waits 1 s, 2 s, 4 s … for a database that is away; ours answers again within a second of its return.
AttemptWithBackoff.INITIAL_DELAY = 0.25
AttemptWithBackoff.DELAY_BACKOFF = 1.0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Redis: wake-ups only (invariant 2) ──────────────────────────────────────────────────────────────────────────
REDIS_URL = env.secret("REDIS_URL") or places.embedded_redis_url(BELLHOP_DATA)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL}], "prefix": "bellhop"},
    }
}

# ── Language and time ───────────────────────────────────────────────────────────────────────────────────────────
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# What guests and outsiders read is in one of these; in Polish and Romanian there are the housekeeping board and the
# sign-in page, and all else is English there.
BELLHOP_WHOLE_LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LANGUAGES = [*BELLHOP_WHOLE_LANGUAGES, ("pl", _("Polish")), ("ro", _("Romanian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

# ── Files, mail, logs ───────────────────────────────────────────────────────────────────────────────────────────
MEDIA_ROOT = BELLHOP_DATA / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "attachments": env.file_store("BELLHOP_FILES_URL", MEDIA_ROOT),
}
DEFAULT_FROM_EMAIL = env.text("BELLHOP_MAIL_FROM", f"bellhop@{_public.hostname}")
_mail = env.smtp("BELLHOP_EMAIL_URL")
BELLHOP_EMAIL_HOST = EMAIL_HOST = _mail.host
EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.port, _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _mail.starttls, _mail.tls, 20
EMAIL_BACKEND = "bellhop.core.mail.QueueBackend"
BELLHOP_EMAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
LOGGING = logs.configuration(json=env.flag("BELLHOP_LOG_JSON", default=not BELLHOP_EMBEDDED))
logs.configure_structlog()
