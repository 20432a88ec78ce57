"""Codes of a second factor by time (TOTP, RFC 6238): SHA-1, 6 digits, 30 s; pure.

SHA-1 is what every authenticator app has; HMAC does not rest on its resistance to collisions.
"""

import base64
import hmac
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
DRIFT_STEPS = 1  # a clock may be so many steps early or late
ISSUER = "Booking Rush"


def code_of(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    at = mac[-1] & 0xF
    number = int.from_bytes(mac[at : at + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(now_s: float) -> int:
    """Return the step of an instant in seconds since 1970."""
    return int(now_s) // STEP_S


def matching_step(secret: bytes, code: str, now_s: float) -> int | None:
    """Return the step that a code is of, within the drift around now; None: it is of none."""
    now = step_of(now_s)
    for step in range(max(0, now - DRIFT_STEPS), now + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            return step
    return None


def text_of(secret: bytes) -> str:
    """Return a secret as it is typed into an app: base32 without padding (RFC 4648, 6)."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri_of(secret: bytes, account: str) -> str:
    """Return the `otpauth://` address of a secret, which apps read from a QR code."""
    members = {
        "secret": text_of(secret),
        "issuer": ISSUER,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_S,
    }
    label = f"{quote(ISSUER)}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?{urlencode(members, quote_via=quote)}"
