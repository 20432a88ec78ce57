"""Webhook signatures, the practice bank's and Stripe's: `t=<seconds>,v1=<hex>`.

HMAC-SHA256 over the time, a dot and the raw body. A receiver accepts any of its secrets, so a
secret is rotated in this order: add the new one to receivers, sign with it, drop the old one.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from booking_rush.booking.payments.provider import BadSignature

AGE_MAX_S = 300


def sign(secret: str, body: bytes, *, at_s: int) -> str:
    """Return the signature header of a body sent at `at_s`, seconds since 1970."""
    return f"t={at_s},v1={_digest(secret, str(at_s), body)}"


def verify(
    header_name: str,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
) -> None:
    """Verify that one of the secrets signed the body at about `now`; `header_name` in lower case.

    Raises:
        BadSignature: none did, or more than five minutes before or after `now`.
    """
    header = next((value for name, value in headers.items() if name.lower() == header_name), "")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    digests = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit():
        raise BadSignature(f"{header_name} is missing, or has no time")
    expected = [_digest(secret, times[0], body).encode() for secret in secrets]
    if not any(hmac.compare_digest(good, digest) for good in expected for digest in digests):
        raise BadSignature("no secret of ours made that signature")
    if abs(now - int(times[0])) > AGE_MAX_S:
        raise BadSignature("the signature is too old, or of the future")


def _digest(secret: str, at_s: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at_s.encode() + b"." + body, hashlib.sha256).hexdigest()
