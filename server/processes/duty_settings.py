"""Settings of each duty: a process gets those that it uses, and each secret is where it is used."""

from collections.abc import Mapping
from typing import Any

import msgspec

from booking_rush.server.runtime.settings import PREFIX, Settings

EVERY = {
    "redis_url", "postgres_url", "log_level", "log", "log_levels", "metrics_dir",
    "traces_url", "traces_share",
}  # fmt: skip
KAFKA = {
    "kafka_bootstrap", "kafka_security", "kafka_ca", "kafka_certificate", "kafka_mechanism",
    "kafka_user", "kafka_password",
}  # fmt: skip
BREAKER = {"breaker_failures_max", "breaker_open_seconds"}
PAYMENTS = BREAKER | {
    "payments", "bank_url", "bank_secrets", "bank_timeout_seconds",
    "stripe_key", "stripe_webhook_secrets", "stripe_url",
}  # fmt: skip
SETTINGS_OF = {
    "tend": EVERY,
    "record": EVERY | {"payments"},
    "bank": EVERY | {"bank_bind", "bank_secrets", "bank_webhook_url", "bind"},
    "conduct": EVERY | PAYMENTS | KAFKA | {
        "secret_key",  # signs the heads of journals
        "bank_ask_seconds", "saga_still_seconds", "saga_tries_max", "retention_days",
        "kafka_instance", "kafka_session_seconds",
    },
    "reconcile": EVERY | PAYMENTS,
    "relay": EVERY | KAFKA | {"secret_key"},
    "mail": EVERY | BREAKER | {"secret_key", "smtp_url", "mail_from", "public_url"},
    "crowd": {"bind", "log_level", "log"},
    "serve": EVERY | PAYMENTS | {
        "secret_key", "bind", "allowed_origins", "allowed_hosts", "trusted_proxies", "public_url",
        "drain_seconds", "commands_per_second", "mail_from", "static", "time_zone",
        "limits", "sockets_per_address_max", "identity_url", "identity_secret", "identity_jwks",
    },
}  # fmt: skip
# What the supervisor uses itself; its processes add up their metrics, and show them at `serve`.
SUPERVISORS = {"workers", "data", "admin_password", "metrics_bind"}
# Of the supervisor's environment, where Python, certificates, temporary files and times are.
PASSED_ON = (
    "PYTHONPATH", "PYTHONUNBUFFERED", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "TZ",
    "LC_ALL", "LC_CTYPE",
)  # fmt: skip


def environment_of(duty: str, settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a duty: its settings, and what Python needs."""
    values: dict[str, Any] = msgspec.to_builtins(settings)
    if "bank_secrets" in SETTINGS_OF[duty] and settings.secret_key:
        values["bank_secrets"] = ",".join(settings.webhook_secrets)
    return {name: inherited[name] for name in PASSED_ON if name in inherited} | {
        f"{PREFIX}{name.upper()}": str(values[name]) for name in sorted(SETTINGS_OF[duty])
    }


def needs_secret(duty: str, settings: Settings) -> bool:
    """Return whether a duty uses RUSH_SECRET_KEY, itself or to derive the practice bank's."""
    names = SETTINGS_OF[duty]
    return "secret_key" in names or ("bank_secrets" in names and not settings.bank_secrets)
