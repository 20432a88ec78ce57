"""Origins of web pages, compared as RFC 6454 says: scheme, host and port, and nothing else."""

import re
from collections.abc import Iterable
from typing import NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}
SECURE = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@\[\]:]+)(?::([0-9]{1,5})?)?\Z")


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
