"""Connection options of the Kafka cluster: brokers, TLS and SASL."""

from ssl import SSLContext, create_default_context
from typing import Any, NamedTuple


class Cluster(NamedTuple):
    """A Kafka cluster; `bootstrap` is `host:port,…`, `security` a protocol by Kafka's name."""

    bootstrap: str
    security: str = "PLAINTEXT"
    tls: SSLContext | None = None
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of every aiokafka client."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security,
            "ssl_context": self.tls,
        }
        if uses_sasl(self.security):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return found


def uses_sasl(security: str) -> bool:
    """Return whether a security protocol authenticates with user and password."""
    return security.startswith("SASL_")


def uses_tls(security: str) -> bool:
    """Return whether a security protocol encrypts, and verifies the brokers."""
    return security.endswith("SSL")


def tls_context(ca_file: str, client_file: str) -> SSLContext:
    """Return a TLS context that verifies the brokers' certificates and host names.

    Args:
        ca_file: a PEM file of the certificate authority; empty: the system's authorities.
        client_file: a PEM file of a client certificate and its key; empty: none is presented.

    Raises:
        OSError: a file cannot be read, or is no such PEM file.
    """
    context = create_default_context(cafile=ca_file or None)
    if client_file:
        context.load_cert_chain(client_file, password=_no_password)
    return context


def _no_password() -> str:
    """Return an empty password, so that an encrypted key fails instead of prompting."""
    return ""
