"""Passes, receipts and tickets as signed tokens, which anybody can verify with the published keys.

Every process makes the same pass of the same place; the place decides whether it is in force. A
receipt is a visitor's proof of a place. All are Ed25519 JWS (RFC 8037); `typ` says which one, so
that none is accepted for another (RFC 8725, 3.11).
"""

import time
from collections.abc import Mapping
from typing import Any

import jwt

ISSUER = "booking-rush"
ALGORITHM = "EdDSA"
PASS, RECEIPT, TICKET = "pass+jwt", "receipt+jwt", "ticket+jwt"
PASS_CLAIMS = ("iss", "aud", "sub", "jti", "iat", "exp", "number", "lane", "wave")


class PassInvalidError(ValueError):
    """Token that is not signed by us, is no pass, or is not of this event or visitor."""


class PassExpiredError(ValueError):
    """Pass after its deadline."""


def pass_claims(
    *,
    event: str,
    visitor: str,
    lane: str,
    number: int,
    wave: int,
    admitted_ms: int,
    deadline_ms: int,
) -> dict[str, Any]:
    """Return the claims of a pass; `iat` and `exp` are seconds since 1970, with fractions."""
    return {
        "iss": ISSUER,
        "aud": event,
        "sub": visitor,
        "jti": f"{event}/{lane}/{number}/{wave}",
        "iat": admitted_ms / 1000,
        "exp": deadline_ms / 1000,
        "number": number,
        "lane": lane,
        "wave": wave,
    }


def receipt_claims(*, event: str, visitor: str, lane: str, number: int, at: str) -> dict[str, Any]:
    """Return the claims of a receipt; `at` is the time of the join, RFC 3339."""
    return {"event": event, "visitor": visitor, "lane": lane, "number": number, "at": at}


def ticket_claims(*, event: str, ticket: str, reference: str, seat: str) -> dict[str, Any]:
    """Return the claims of a ticket's code; in a standing section `seat` is the section's id."""
    return {
        "iss": ISSUER,
        "aud": event,
        "jti": ticket,
        "reference": reference,
        "seat": seat,
    }


def verify(
    token: str,
    jwks: Mapping[str, Any],
    *,
    event: str,
    visitor: str | None = None,
    now: float | None = None,
) -> dict[str, Any]:
    """Verify a pass. Return its claims.

    The check is stateless: the pass was given, but its visitor may have left the line since.

    Args:
        token: the JWS.
        jwks: the JWK set at `/.well-known/jwks.json`.
        event: the event that the pass must be for.
        visitor: the visitor that the pass must be of; None: any visitor.
        now: seconds since 1970; None: the clock's.

    Raises:
        PassInvalidError, PassExpiredError: both are ValueErrors.
    """
    claims = _decode(token, jwks, event)
    if visitor is not None and claims["sub"] != visitor:
        raise PassInvalidError("the pass is another visitor's")
    if claims["exp"] <= (time.time() if now is None else now):
        raise PassExpiredError("the pass is over")
    return claims


def _decode(token: str, jwks: Mapping[str, Any], event: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != PASS:
            raise PassInvalidError("this is no pass")
        key = jwt.PyJWK(_key_of(header.get("kid"), jwks), ALGORITHM)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=event,
            issuer=ISSUER,
            options={"require": list(PASS_CLAIMS), "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise PassInvalidError(str(error)) from error
    if not isinstance(claims["exp"], int | float):
        raise PassInvalidError("exp is no number")
    return claims


def _key_of(kid: object, jwks: Mapping[str, Any]) -> dict[str, Any]:
    for key in jwks.get("keys", ()):
        if key.get("kid") == kid:
            return dict(key)
    raise PassInvalidError("no published key has this kid")
