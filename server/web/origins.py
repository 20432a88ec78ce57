"""Origins of web pages, compared as RFC 6454 says by scheme, host and port; and our own hosts."""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.types import Scope

from booking_rush.server.runtime.settings import LOOPBACK, Settings

DEFAULT_PORTS = {"http": 80, "https": 443}
SECURE = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@\[\]:]+)(?::([0-9]{1,5})?)?\Z")

ANY = "*"
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Machines ask here by names of their own: probes, Prometheus, and banks, whose webhooks are signed.
ANY_HOST_PATHS = ("/healthz", "/readyz", "/metrics", "/api/v1/payments/")


class Origin(NamedTuple):
    """A triple that two pages of one origin share; the host is in lower case."""

    scheme: str
    host: str
    port: int


def origin_of(scheme: str, authority: str) -> Origin | None:
    """Return the origin of a scheme and a `host[:port]`, or None: it is no such thing."""
    found = AUTHORITY.match(authority)
    scheme = SECURE.get(scheme.lower(), "")
    if found is None or not scheme:
        return None
    port = int(found[2] or DEFAULT_PORTS[scheme])
    return Origin(scheme, found[1].lower(), port) if 0 < port < 65_536 else None


def parse_origin(text: str) -> Origin | None:
    """Return the origin that an Origin header or a setting names, or None: `null`, or no origin."""
    scheme, separator, authority = text.partition("://")
    return origin_of(scheme, authority) if separator else None


def is_origin_allowed(
    header: str | None, scheme: str, host: str, allowed: Iterable[Origin]
) -> bool:
    """Return whether a request may come from a page of this Origin header.

    No header is allowed: browsers send one with everything that could do harm. So is our own
    origin, by the scheme and the Host header of the request, and those that are allowed.
    """
    if header is None:
        return True
    origin = parse_origin(header)
    return origin is not None and (origin == origin_of(scheme, host) or origin in allowed)


def hosts_of(settings: Settings) -> frozenset[str]:
    """Return the hosts that browsers may name, `*` among them where any may.

    With none of ours known, that of a page on this machine is local: a name of another site that
    leads here (DNS rebinding) is refused. Who listens to the world may have any name then.
    """
    public = [urlsplit(origin).netloc for origin in settings.public_origin]
    named = [*settings.allowed_hosts.split(","), *public]
    hosts = frozenset(filter(None, (name_of(part.strip()) for part in named)))
    is_local = settings.address[0] in LOOPBACK and not settings.trusted_proxies
    return hosts | LOCAL if hosts or is_local else frozenset({ANY})


def is_host_served(host: str, scope: Scope, hosts: Collection[str]) -> bool:
    """Return whether a request may name this Host.

    So it may ours, the address at which it has arrived, and none, as HTTP/1.0 may do.
    """
    name = name_of(host)
    if name in hosts or not name or ANY in hosts:
        return True
    return name == _own_address(scope) or scope["path"].startswith(ANY_HOST_PATHS)


def name_of(authority: str) -> str:
    """Return the host of a `host[:port]` in lower case, without a dot at its end."""
    found = AUTHORITY.match(authority)
    return (found[1] if found else authority).lower().removesuffix(".")


def _own_address(scope: Scope) -> str:
    address = str((scope.get("server") or ("",))[0])
    return f"[{address}]" if ":" in address else address
