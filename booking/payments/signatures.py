"""How webhooks are signed, the practice bank's and Stripe's: `t=<seconds>,v1=<hex>`.

HMAC-SHA256 over the time, a dot and the body as it was sent. A reader accepts any of its secrets:
so a new one is given to the readers first, then to who signs, then the old one is dropped.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from booking_rush.booking.payments.provider import BadSignature

AGE_S_MAX = 300


def sign(secret: str, body: bytes, *, at_s: int) -> str:
    """The signature of a body sent at a moment, in seconds since 1970."""
    return f"t={at_s},v1={_digest(secret, str(at_s), body)}"


def verify(
    header: str, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float
) -> None:
    """Whether a body was signed with one of the secrets, about now; `header` in small letters.

    Raises:
        BadSignature: it was not.
    """
    given = next((value for name, value in headers.items() if name.lower() == header), "")
    parts = [part.strip().partition("=") for part in given.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    digests = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit():
        raise BadSignature(f"{header} is missing, or has no time")
    good = [_digest(secret, times[0], body).encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in good for other in digests):
        raise BadSignature("no secret of ours made that signature")
    if abs(now - int(times[0])) > AGE_S_MAX:
        raise BadSignature("the signature is too old, or of the future")


def _digest(secret: str, at_s: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at_s.encode() + b"." + body, hashlib.sha256).hexdigest()
