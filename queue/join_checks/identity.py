"""Identity of a visitor as others vouch for it: signed statements, and their digests. Pure."""

import hashlib
from typing import Any, Literal

import jwt

from booking_rush.errors import Refusal

IdentityRule = Literal["none", "token", "subject"]
# Signatures that a published key verifies; none of them takes a secret for a key (RFC 8725, 3.1).
ALGORITHMS = ("EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384",
    "PS512")  # fmt: skip


class IdentityRequired(Refusal):
    """Show who you are: this event lets only those join whom somebody has checked."""

    code, status = "identity_required", 403


class IdentityUsed(Refusal):
    """Somebody has joined with this identity already."""

    code, status = "identity_used", 403


def key_of(statement: str, keys: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the key of a JWK Set that a statement names by `kid`, or the only one.

    Return None where there is no such key: the set may have been changed.

    Raises:
        IdentityRequired: it is no JWS.
    """
    try:
        kid = jwt.get_unverified_header(statement).get("kid")
    except jwt.PyJWTError:
        raise IdentityRequired("the identity is no signed statement") from None
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    return named[0] if len(named) == 1 else None


def subject_of(statement: str, key: dict[str, Any], event: str) -> str:
    """Return the subject of a statement that this key (a JWK) has signed.

    `sub` and `exp` must be there; `aud`, where it is there, must be the event.

    Raises:
        IdentityRequired: it is not good for this event, or not now.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            statement,
            jwt.PyJWK(key, algorithm=key.get("alg") or jwt.get_unverified_header(statement)["alg"]),
            algorithms=ALGORITHMS,
            options={"require": ["sub", "exp"], "verify_aud": False},
        )
    except (jwt.PyJWTError, NotImplementedError, KeyError, TypeError, ValueError) as why:
        raise IdentityRequired(f"the statement is not good: {why}") from None
    audience = claims.get("aud", event)
    if event not in (audience if isinstance(audience, list) else [audience]):
        raise IdentityRequired("the statement is for another event")
    return str(claims["sub"])


def digest_of(event: str, subject: str) -> bytes:
    """Return what is kept of a subject: it links no two events, and names nobody."""
    return hashlib.sha256(f"{event}:{subject}".encode(errors="surrogatepass")).digest()
