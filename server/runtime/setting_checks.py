"""Checks of the text of one setting: addresses of Redis, proxies, SMTP servers and senders."""

import ipaddress
import re
from urllib.parse import urlsplit

from booking_rush.lua.client.connection import url_error

MAIL_FROM = re.compile(r"""[^\s@,;:<>()\[\]"\\]+@[a-zA-Z0-9._-]+""", re.ASCII)


def is_network(text: str) -> bool:
    """Return whether a text is an IP address, or a network without bits beyond its prefix."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_smtp_url(url: str) -> bool:
    """Return whether a URL names an SMTP server and has no part that we would ignore."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError:
        return False
    plain = not (parts.path.strip("/") or parts.query or parts.fragment)
    return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and plain and port_is_good


def redis_errors(url: str) -> list[str]:
    """Return what is wrong with the URL of Redis; it is not repeated, as it has a password."""
    why = url_error(url) if url else ""
    return [f"RUSH_REDIS_URL cannot be used: {why}"] if why else []


def is_weak(secret: str, characters_min: int) -> bool:
    """Return whether a secret is shorter than it should be, or one character throughout."""
    return len(secret) < characters_min or len(set(secret)) == 1
