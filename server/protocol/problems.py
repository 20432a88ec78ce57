"""Refusals as clients read them: `application/problem+json` (RFC 9457), on HTTP and sockets.

The docstring of a refusal is the title that clients are sent.
"""

from typing import Any

import msgspec

from booking_rush.errors import IdempotencyKeyMissing, Invalid, Refusal
from booking_rush.text import is_key


class NotAuthenticated(Refusal):
    """Say who you are: no token came with this, or one that is not good."""

    code, status = "not_authenticated", 401


class Forbidden(Refusal):
    """Your role does not allow that."""

    code, status = "forbidden", 403


class CsrfFailed(Refusal):
    """The X-CSRF-Token header is missing or not this session's."""

    code, status = "csrf_failed", 403


class HostRefused(Refusal):
    """This server does not answer for that host."""

    code, status = "host_refused", 421


class OriginRefused(Refusal):
    """Pages of that origin may not call here."""

    code, status = "origin_refused", 403


class NotFound(Refusal):
    """There is nothing at this address."""

    code, status = "not_found", 404


class MethodNotAllowed(Refusal):
    """This address does not know that method."""

    code, status = "method_not_allowed", 405


class Malformed(Refusal):
    """The request cannot be read."""

    code, status = "malformed", 400


class TooLarge(Refusal):
    """The body is larger than we read."""

    code, status = "too_large", 413


class UrlTooLong(Refusal):
    """The address is longer than we read."""

    code, status = "url_too_long", 414


class HeadTooLarge(Refusal):
    """The head of the request is larger than we read."""

    code, status = "head_too_large", 431


class UnsupportedMediaType(Refusal):
    """We read application/json."""

    code, status = "unsupported_media_type", 415


class Internal(Refusal):
    """A mistake of ours; we have written down what happened."""

    code, status = "internal", 500


def problem(refusal: Refusal, trace_id: str) -> dict[str, Any]:
    """Return the members of a problem. Clients decide by its `code`."""
    return {
        "type": f"urn:booking-rush:problem:{refusal.code}",
        "title": refusal.title(),
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "trace_id": trace_id,
        **refusal.extra,
    }


def check_method(method: str, methods: frozenset[str]) -> str:
    """Return the payment method, if it is one of these.

    Raises:
        Invalid: it is none.
    """
    if method not in methods:
        raise Invalid(("payment_method", f"one of {', '.join(sorted(methods))}"))
    return method


def check_key(key: str | msgspec.UnsetType | None) -> str:
    """Check an idempotency key, of a header or of a frame, and return it.

    Raises:
        IdempotencyKeyMissing: there is none.
        Invalid: it is not 1 to 64 characters without a control character.
    """
    if key is None or key is msgspec.UNSET:
        raise IdempotencyKeyMissing
    if not is_key(key):
        raise Invalid(("key", "1 to 64 characters, none of them a control character"))
    return key
