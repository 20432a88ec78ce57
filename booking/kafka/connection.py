"""The Kafka that we speak to: where it is, how it proves to be ours, and who we are there."""

from ssl import SSLContext, create_default_context
from typing import Any, NamedTuple


class Cluster(NamedTuple):
    """Brokers `host:port,…`; `security` and `mechanism` are Kafka's own names."""

    bootstrap: str
    security: str = "PLAINTEXT"
    tls: SSLContext | None = None
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """What every client is opened with."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security,
            "ssl_context": self.tls,
        }
        if names_user(self.security):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return found


def names_user(security: str) -> bool:
    """Whether we say who we are."""
    return security.startswith("SASL_")


def speaks_tls(security: str) -> bool:
    """Whether brokers prove who they are, and nobody else can read along."""
    return security.endswith("SSL")


def tls_to(authority: str, certificate: str) -> SSLContext:
    """TLS to brokers whose certificates name the host that we ask.

    Args:
        authority: who signs them, a PEM file; empty: whom the system trusts.
        certificate: our own and its key, a PEM file; empty: we show none.

    Raises:
        OSError: a file cannot be read, or holds something else.
    """
    context = create_default_context(cafile=authority or None)
    if certificate:
        context.load_cert_chain(certificate, password=_nobody)
    return context


def _nobody() -> str:
    """A key that is sealed is refused; without this the terminal would be asked."""
    return ""
