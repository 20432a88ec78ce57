"""Settings, read once from the environment (RUSH_…); a wrong one is refused by its name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from booking_rush.booking.catalogue.presentation import is_time_zone
from booking_rush.booking.kafka.connection import Cluster, tls_context, uses_tls
from booking_rush.queue.keys.sealing import derive
from booking_rush.server.runtime import setting_checks as checks

PREFIX = "RUSH_"


class SettingsError(Exception):
    """One or more settings cannot be used; the message names each and what it must be."""


def _about(text: str, **bounds: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, **bounds)


HOSTS = r"^(\*|[A-Za-z0-9_.:\[\]-]+(, ?[A-Za-z0-9_.:\[\]-]+)*)$"
HTTP_URL = r"^https?://[^\s/?#@]+(/\S*)?$"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default and its bounds; lists are separated by commas."""

    bind: Annotated[str, _about("address and port of the server", pattern=r"^\S+:[0-9]{1,5}$")] = (
        "127.0.0.1:8000"
    )
    workers: Annotated[int, _about("serve processes", ge=1, le=64)] = 1
    redis_url: Annotated[
        str, _about("redis://…, unix://…, redis+sentinel://… or redis+cluster://…: docs/redis.md")
    ] = ""
    postgres_url: Annotated[str, _about("postgresql://…")] = ""
    kafka_bootstrap: Annotated[
        str,
        _about(
            "brokers, host:port,…; empty: the saga reads the outbox table",
            pattern=r"^[^\s,]+:[0-9]{1,5}(,[^\s,]+:[0-9]{1,5})*$",
        ),
    ] = ""
    kafka_instance: Annotated[
        str, _about("names one conduct worker over restarts; empty: each start is a new one")
    ] = ""
    kafka_session_seconds: Annotated[
        int,
        _about("after so long without a heartbeat others get a worker's bookings", ge=1, le=300),
    ] = 10
    kafka_security: Annotated[
        str,
        _about("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", pattern="^(SASL_)?(PLAINTEXT|SSL)$"),
    ] = "PLAINTEXT"
    kafka_ca: Annotated[
        str, _about("PEM file: CA of the brokers' certificates; empty: the system's CAs")
    ] = ""
    kafka_certificate: Annotated[
        str, _about("PEM file: our own certificate and its key, if brokers require one")
    ] = ""
    kafka_mechanism: Annotated[
        str,
        _about("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-(256|512))$"),
    ] = "SCRAM-SHA-512"
    kafka_user: Annotated[str, _about("user at the brokers, with SASL")] = ""
    kafka_password: Annotated[str, _about("password of that user")] = ""
    data: Annotated[str, _about("folder of the demo's stores", min_length=1)] = ".booking-rush"
    secret_key: Annotated[str, _about("seals keys and signs tokens; 32 characters or more")] = ""
    admin_password: Annotated[str, _about("of the operator `admin`, used at the first start")] = ""
    allowed_origins: Annotated[str, _about("other origins that may call, https://…")] = ""
    allowed_hosts: Annotated[
        str, _about("other names of this server that Host may have, or *: any", pattern=HOSTS)
    ] = ""
    trusted_proxies: Annotated[str, _about("addresses whose X-Forwarded headers count")] = ""
    payments: Annotated[
        str, _about("provider of new payments: bank or stripe", pattern="^(bank|stripe)$")
    ] = "bank"
    bank_url: Annotated[str, _about("address of the practice bank, http://…")] = (
        "http://127.0.0.1:8100"
    )
    bank_bind: Annotated[
        str, _about("address and port of the practice bank", pattern=r"^\S+:[0-9]{1,5}$")
    ] = "127.0.0.1:8100"
    bank_webhook_url: Annotated[
        str, _about("where the practice bank sends webhooks; empty: to RUSH_BIND")
    ] = ""
    bank_secrets: Annotated[
        str, _about("secrets of its webhooks, newest first; empty: derived from RUSH_SECRET_KEY")
    ] = ""
    bank_timeout_seconds: Annotated[
        float,
        _about("after so long without an answer the bank is unavailable", ge=0.1, le=60),
    ] = 2.0
    bank_ask_seconds: Annotated[
        float, _about("after so long without a webhook we poll the bank", ge=0.1, le=3600)
    ] = 3.0
    saga_still_seconds: Annotated[
        float,
        _about("what stands still for so long is ordered, or sent, again", ge=1, le=3600),
    ] = 20.0
    saga_tries_max: Annotated[
        int, _about("a message that fails so often becomes a dead letter", ge=1, le=100)
    ] = 5
    breaker_failures_max: Annotated[
        int, _about("after so many failures in a row a breaker opens", ge=1, le=1000)
    ] = 5
    breaker_open_seconds: Annotated[
        float,
        _about("so long a breaker stays open before it lets one probe through", ge=0.1, le=600),
    ] = 5.0
    smtp_url: Annotated[
        str, _about("smtp:// or smtps://user:password@host:port; empty: no mail")
    ] = ""
    mail_from: Annotated[str, _about("sender of mails, required with RUSH_SMTP_URL")] = ""
    public_url: Annotated[
        str,
        _about(
            "address that browsers use, https://…: our own origin, and of links in mails",
            pattern=HTTP_URL,
        ),
    ] = ""
    time_zone: Annotated[str, _about("IANA time zone of shows that are created without one")] = (
        "UTC"
    )
    stripe_key: Annotated[str, _about("the secret key of a Stripe account, sk_…")] = ""
    stripe_webhook_secrets: Annotated[
        str, _about("secrets of its webhooks, whsec_…; several during a rotation")
    ] = ""
    stripe_url: Annotated[str, _about("Stripe's API", pattern=r"^https?://[^\s/]+/?$")] = (
        "https://api.stripe.com"
    )
    limits: Annotated[
        Literal["off", "on"], _about("on: requests are limited by visitor and by address")
    ] = "off"
    sockets_per_address_max: Annotated[
        int, _about("open sockets of an address in a process; 0: any number", ge=0, le=1_000_000)
    ] = 0
    identity_url: Annotated[
        str,
        _about("where tokens of joins are verified, as Turnstile's siteverify", pattern=HTTP_URL),
    ] = ""
    identity_secret: Annotated[str, _about("our secret at RUSH_IDENTITY_URL")] = ""
    identity_jwks: Annotated[
        str, _about("address or file of the keys that sign identities of joins, a JWK Set")
    ] = ""
    static: Annotated[
        Literal["dist", "source"], _about("dist: pages name bundles; source: plain modules")
    ] = "dist"
    drain_seconds: Annotated[
        int,
        _about("a stopping server closes its sockets spread over so long", ge=0, le=600),
    ] = 5
    commands_per_second: Annotated[
        int, _about("commands a second and socket, in bursts of twice that", ge=1, le=10_000)
    ] = 50
    metrics_bind: Annotated[
        str, _about("where a duty without pages serves /metrics and /healthz; empty: nowhere")
    ] = ""
    metrics_dir: Annotated[str, _about("folder where processes of one machine share metrics")] = ""
    log_level: Annotated[
        str, _about("debug, info, warning or error", pattern="^(debug|info|warning|error)$")
    ] = "info"
    log: Annotated[
        Literal["text", "json"], _about("text for a terminal, json for a collector of logs")
    ] = "text"
    log_levels: Annotated[
        str, _about("file of levels by logger, read at SIGUSR1; empty: debug is switched")
    ] = ""
    retention_days: Annotated[
        str, _about("days after which rows are deleted, mails=30,places=365; others as they are")
    ] = ""
    traces_url: Annotated[
        str, _about("collector of traces, OTLP over HTTP; empty: none", pattern=HTTP_URL)
    ] = ""
    traces_share: Annotated[
        float, _about("share of the traces that begin here which is recorded", ge=0, le=1)
    ] = 0.01

    def zone_errors(self) -> list[str]:
        """Return that the time zone is unknown, where it is."""
        wrong = f"RUSH_TIME_ZONE={self.time_zone!r}: no IANA time zone, such as Europe/Berlin"
        return [] if is_time_zone(self.time_zone) else [wrong]

    def kafka_cluster(self) -> Cluster:
        """Return the brokers, with the certificates and the user to connect with.

        Raises:
            SettingsError: a PEM file cannot be used.
        """
        tls = None
        if uses_tls(self.kafka_security):
            try:
                tls = tls_context(self.kafka_ca, self.kafka_certificate)
            except OSError as error:
                raise SettingsError(
                    f"RUSH_KAFKA_CA={self.kafka_ca!r}, RUSH_KAFKA_CERTIFICATE="
                    f"{self.kafka_certificate!r}: no PEM files that can be used: {error}"
                ) from error
        return Cluster(
            self.kafka_bootstrap,
            self.kafka_security,
            tls,
            self.kafka_mechanism,
            self.kafka_user,
            self.kafka_password,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port of `bind`."""
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def origins(self) -> frozenset[str]:
        """Return the allowed origins, without a slash at the end."""
        return frozenset(part.strip().rstrip("/") for part in self.allowed_origins.split(",")) - {
            ""
        }

    @property
    def public_origin(self) -> frozenset[str]:
        """Return the origin of `public_url`, as a set: empty without one."""
        parts = urlsplit(self.public_url)
        return frozenset({f"{parts.scheme}://{parts.netloc}"} if self.public_url else ())

    def edge_warnings(self) -> list[str]:
        """Return what would make this server refuse the pages that it serves itself."""
        host = self.address[0]
        if self.public_url or host in LOOPBACK or self.trusted_proxies:
            return []
        return [
            f"RUSH_PUBLIC_URL is not set and RUSH_BIND is {self.bind}: behind a proxy with TLS "
            "every POST and socket of a browser is refused; set it to the address browsers use"
        ]

    @property
    def webhook_secrets(self) -> list[str]:
        """Return the secrets of the practice bank's webhooks; it signs with the first."""
        given = [part.strip() for part in self.bank_secrets.split(",") if part.strip()]
        return given or [derive(self.secret_key, "bank webhooks").hex()]

    @property
    def stripe_secrets(self) -> list[str]:
        """Return the secrets with which Stripe may sign its webhooks."""
        return [part.strip() for part in self.stripe_webhook_secrets.split(",") if part.strip()]

    @property
    def webhook_url(self) -> str:
        """Return the address to which the practice bank sends its webhooks."""
        host, port = self.address
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        own = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return self.bank_webhook_url or f"{own}/api/v1/payments/bank/webhook"

    def require_stores(self, *, secret: bool = True) -> None:
        """Check that stores and secret are set; without `secret` the process does not use that.

        Raises:
            SettingsError: naming each setting that is missing.
        """
        missing = [name for name in REQUIRED if not getattr(self, name)]
        if missing and (secret or missing != ["secret_key"]):
            lines = [f"RUSH_{name.upper()} is not set: {REQUIRED[name]}" for name in missing]
            raise SettingsError("\n".join(lines))

    def proxy_errors(self) -> list[str]:
        """Return which trusted proxies are neither `*` nor an address nor a network."""
        given = [part.strip() for part in self.trusted_proxies.split(",")]
        return [
            f"RUSH_TRUSTED_PROXIES={part!r}: neither an address nor a network, as 10.0.0.0/8"
            for part in (given if self.trusted_proxies not in ("", "*") else [])
            if not checks.is_network(part)
        ]

    def require_payments(self) -> None:
        """Check that whoever asks for the money of new checkouts is set up.

        Stripe may stand beside the bank, for earlier payments. A process that asks nobody has no
        keys, and knows the provider by its name.

        Raises:
            SettingsError: naming each setting that is missing.
        """
        missing = checks.missing_of_stripe(self.stripe_key, self.stripe_webhook_secrets)
        if self.payments == "stripe" and missing:
            raise SettingsError("\n".join(missing))

    def secret_errors(self) -> list[str]:
        """Return which secrets can be guessed; what they are is not repeated."""
        key, password = self.secret_key, self.admin_password
        wanted = {
            "SECRET_KEY": key and checks.why_weak(key, SECRET_CHARACTERS_MIN),
            "ADMIN_PASSWORD": password
            and checks.why_weak(password, checks.PASSWORD_CHARACTERS_MIN),
        }
        return [f"RUSH_{name} wants {why}" for name, why in wanted.items() if why]


ADMIN = "admin"  # the operator of the first start
SECRET_CHARACTERS_MIN = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")
REQUIRED = {
    "redis_url": "say which Redis, for example redis://127.0.0.1:6379/0",
    "postgres_url": "say which database, for example postgresql://rush@127.0.0.1/rush",
    "secret_key": "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
}


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; an empty variable counts as not set.

    Raises:
        SettingsError: naming each variable that cannot be used.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    errors = [f"RUSH_{name.upper()} is no setting" for name in sorted(set(given) - set(known))]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in known:
            try:
                values[name] = msgspec.convert(value, known[name].type, strict=False)
            except msgspec.ValidationError as error:
                errors.append(f"RUSH_{name.upper()}={value!r}: {error}")
    if errors:
        raise SettingsError("\n".join(errors))
    settings = Settings(**values)
    wrong = settings.secret_errors() + settings.proxy_errors()
    wrong += checks.mail_errors(settings.smtp_url, settings.mail_from)
    wrong += checks.kafka_errors(
        settings.kafka_security,
        {"USER": settings.kafka_user, "PASSWORD": settings.kafka_password},
        {"CA": settings.kafka_ca, "CERTIFICATE": settings.kafka_certificate},
    )
    wrong += settings.zone_errors()
    wrong += checks.redis_errors(settings.redis_url)
    missing = checks.missing_of_stripe(settings.stripe_key, settings.stripe_webhook_secrets)
    wrong += missing if len(missing) == 1 else []
    wrong += checks.retention_errors(settings.retention_days)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings
