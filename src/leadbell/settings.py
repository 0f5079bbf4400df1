"""Settings come from the environment, typed, in this one file; a dealer's choices are rows."""

import os
from pathlib import Path
from typing import Any, Literal

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

HERE = Path(__file__).resolve().parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(f"LEADBELL_{name}", default)


#: The web answers each request in a thread of its own: they share this many connections, the rest wait their turn.
_SHARED = int(_env("POOL", "0"))
POOL = {"min_size": 1, "max_size": _SHARED, "timeout": 30, "max_idle": 60} if _SHARED else None


def _database(role: str) -> dict[str, Any]:
    """The connection of one database role, from LEADBELL_DB_<ROLE>, a libpq URL or conninfo."""
    known = conninfo_to_dict(_env(f"DB_{role.upper()}"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": known.pop("dbname", "leadbell"),
        "USER": known.pop("user", f"leadbell_{role}"),
        "PASSWORD": known.pop("password", ""),
        "HOST": known.pop("host", ""),
        "PORT": str(known.pop("port", "")),
        "CONN_MAX_AGE": 0 if POOL else 600,
        "CONN_HEALTH_CHECKS": True,
        # Only leadbell.statement prepares; Django's own cursors never do. What is prepared is planned once:
        # left to itself PostgreSQL plans the hot path anew for each lead, which takes longer than running it.
        "OPTIONS": {"options": "-c plan_cache_mode=force_generic_plan"}
        | known
        | {"prepare_threshold": 5}
        | ({"pool": POOL} if POOL else {}),
    }


DATA = Path(_env("DATA", "leadbell-data"))
DEMO = _env("DEMO") == "1"
HTTPS = _env("HTTPS") == "1"
PORT = int(_env("PORT", "8000"))
SMTP_PORT = int(_env("SMTP_PORT", "2525"))
SMTP_HOST = _env("SMTP_HOST") or _env("HOST", "127.0.0.1")
#: Deliveries per minute and key; half of it may come at once. 0: as many as there are.
INTAKE_RATE = int(_env("INTAKE_RATE", "600"))
#: Addresses for connections beside Django's: the mouth's own, and the one that listens for screens.
DB_MOUTH = _env("DB_MOUTH")
DB_APP = _env("DB_APP")
#: Where people and senders reach us, for the URLs we print; none means: whatever host they asked.
PUBLIC_URL = _env("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
MAIL_DOMAIN = _env("MAIL_DOMAIN", "leads.localhost")
#: The house's own mail account, for letters to its people where no dealer's account is set up.
MAIL_HOST, MAIL_PORT = _env("MAIL_HOST"), int(_env("MAIL_PORT", "587"))
MAIL_SECURITY = _env("MAIL_SECURITY", "starttls")
MAIL_SENDER, MAIL_LOGIN, MAIL_PASSWORD = _env("MAIL_SENDER"), _env("MAIL_LOGIN"), _env("MAIL_PASSWORD")
#: Where the answers of Meta's leads are fetched.
META_URL = _env("META_URL", "https://graph.facebook.com")
#: Networks that addresses typed by people may lead to although they aren't public (CIDR, separated by spaces).
OUTGOING_ALLOW = _env("OUTGOING_ALLOW").split()
#: Where calls are kept: a folder, or s3://bucket/prefix at any endpoint; without a key AWS_… says who we are.
RECORDINGS_URL = _env("RECORDINGS_URL") or str(DATA / "recordings")
RECORDINGS_ENDPOINT, RECORDINGS_REGION = _env("RECORDINGS_ENDPOINT"), _env("RECORDINGS_REGION")
RECORDINGS_KEY, RECORDINGS_SECRET = _env("RECORDINGS_KEY"), _env("RECORDINGS_SECRET")
RECORDINGS_FORMAT: Literal["flac", "opus"] = "opus" if _env("RECORDINGS_FORMAT") == "opus" else "flac"

#: Asterisk nodes, `http://user:password@host:8088`, separated by spaces; a node of our own in DATA/asterisk is found by
#: itself. ASTERISK_LISTEN: host:port where nodes call in (their addresses are written `call-in://user:password@`).
ASTERISK = _env("ASTERISK").split()
ASTERISK_LISTEN = _env("ASTERISK_LISTEN")
#: The voice: another program than espeak-ng, and a folder of recorded prompts.
SPEECH, SPEECH_RECORDED = _env("SPEECH"), _env("SPEECH_RECORDED")
TWILIO_ACCOUNT, TWILIO_TOKEN = _env("TWILIO_ACCOUNT"), _env("TWILIO_TOKEN")
TWILIO_URL = _env("TWILIO_URL", "https://api.twilio.com")
#: A trunk without a PBX, `sip:user:password@host` (experimental; needs the extra `sip`).
SIP_TRUNK = _env("SIP_TRUNK")
#: Where the switchboard takes in what Twilio tells, behind the same reverse proxy as the web.
PHONE_HOST, PHONE_PORT = _env("PHONE_HOST", "127.0.0.1"), int(_env("PHONE_PORT", "8010"))

SECRET_KEY = _env("SECRET_KEY", "only for building: `leadbell up` makes a real one")
DEBUG = False
ALLOWED_HOSTS = [h for h in _env("HOSTS", "*" if not HTTPS else "").split(",") if h]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if HTTPS else []
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_ENGINE = "leadbell.desk.sessions"
SESSION_COOKIE_NAME = "leadbell"
CSRF_COOKIE_NAME = "leadbell_csrf"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_REFERRER_POLICY = "same-origin"

#: app | clockwork | mouth | owner: whose rights Django's default connection has in this process.
ROLE = _env("ROLE", "app")
DATABASES = {"default": _database(ROLE)}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "leadbell",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "leadbell.desk.entrance.WhatCanBeStored",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "leadbell.desk.reader.speak_the_readers_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "leadbell.urls"
ASGI_APPLICATION = "leadbell.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "leadbell.desk.reader.frame",
            ],
            "builtins": [f"leadbell.desk.templatetags.{name}" for name in ("leadbell", "figures", "cells")],
        },
    }
]

AUTH_USER_MODEL = "leadbell.Person"
AUTHENTICATION_BACKENDS = ["leadbell.desk.signing_in.ByEmail"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "leadbell.desk.signing_in.ClosedShop"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch")), ("ru", _("Russian"))]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH: list[str] = []

STATIC_URL = "static/"
STATICFILES_DIRS = [HERE / "static"]
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS and TLS redirect belong to the proxy in front; without one there is no TLS
    "security.W008",
]
