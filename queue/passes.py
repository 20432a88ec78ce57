"""Passes, receipts and tickets as signed tokens, which anybody can verify with the published keys.

Every process makes the same pass of the same place; the place decides whether it is in force. A
receipt is a visitor's proof of a place. A ticket's code is good until its show is over, unless the
list of void tickets of its event names it. All are Ed25519 JWS (RFC 8037); `typ` says which one, so
that none is accepted for another (RFC 8725, 3.11).
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

ISSUER = "booking-rush"
ALGORITHM = "EdDSA"
PASS, RECEIPT, TICKET, VOID = "pass+jwt", "receipt+jwt", "ticket+jwt", "void-tickets+jwt"
JOURNAL_HEAD = "journal-head+jwt"
PASS_CLAIMS = ("iss", "aud", "sub", "jti", "iat", "exp", "number", "lane", "wave")
TICKET_CLAIMS = ("iss", "aud", "jti", "iat", "exp", "use", "step", "reference", "seat")
JOURNAL_HEAD_CLAIMS = ("iss", "aud", "n", "hash", "at")
VOID_CLAIMS = ("iss", "aud", "iat", "exp", "void")

DAY_S = 24 * 3600
UNDATED_S = 365 * DAY_S  # from its booking, how long a ticket of no show is good
VOID_S = DAY_S  # how long a list of void tickets may be used


class PassInvalidError(ValueError):
    """Token that is not signed by us, is no pass, or is not of this event or visitor."""


class PassExpiredError(ValueError):
    """Pass after its deadline."""


class TicketInvalidError(ValueError):
    """Code that is not signed by us, is no ticket's, or is not of this event."""


class TicketExpiredError(ValueError):
    """Ticket whose show is over."""


class TicketVoidError(ValueError):
    """Ticket that was given back: its booking is refunded, or on its way there."""


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


def receipt_claims(
    *,
    event: str,
    visitor: str,
    lane: str,
    number: int,
    at: str,
    index: int = 0,
    window: int = 0,
    commitment: str | None = None,
    n: int = 0,
) -> dict[str, Any]:
    """Return the claims of a receipt; `at` is the time of the join, RFC 3339.

    A place that was or will be drawn has index and commitment; its number is null before. `n` is
    the entry of the number in the journal; 0: not known yet.
    """
    claims = {"event": event, "visitor": visitor, "lane": lane, "number": number or None, "at": at}
    if index:
        claims |= {"index": index, "commitment": commitment}
    later = {"window": window, "n": n}
    return claims | {name: value for name, value in later.items() if value}


def journal_head_claims(*, event: str, n: int, hash: str, at: str) -> dict[str, Any]:  # noqa: A002
    """Return the claims of the head of an event's journal, at its entry n."""
    return {"iss": ISSUER, "aud": event, "n": n, "hash": hash, "at": at}


def ticket_claims(
    *,
    event: str,
    ticket: str,
    reference: str,
    seat: str,
    step: int,
    booked_ms: int,
    show_at: datetime | None,
) -> dict[str, Any]:
    """Return the claims of a ticket's code; in a standing section `seat` is the section's id.

    It is good until a day after the day of its show, which is a day of UTC.
    """
    iat = booked_ms // 1000
    show_s = None if show_at is None else int(show_at.timestamp())
    return {
        "iss": ISSUER,
        "aud": event,
        "jti": ticket,
        "iat": iat,
        "exp": iat + UNDATED_S if show_s is None else (show_s // DAY_S + 2) * DAY_S,
        "use": "ticket",
        "step": step,
        "reference": reference,
        "seat": seat,
    }


def void_claims(*, event: str, tickets: list[str], now_s: int) -> dict[str, Any]:
    """Return the claims of a list of void tickets, by their ids."""
    return {"iss": ISSUER, "aud": event, "iat": now_s, "exp": now_s + VOID_S, "void": tickets}


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
    try:
        claims = _decode(token, jwks, event, PASS, PASS_CLAIMS)
    except jwt.PyJWTError as error:
        raise PassInvalidError(str(error)) from error
    if visitor is not None and claims["sub"] != visitor:
        raise PassInvalidError("the pass is another visitor's")
    if claims["exp"] <= (time.time() if now is None else now):
        raise PassExpiredError("the pass is over")
    return claims


def verify_ticket(
    code: str,
    jwks: Mapping[str, Any],
    void: str,
    *,
    event: str,
    now: float | None = None,
) -> dict[str, Any]:
    """Verify a ticket's code at a door. Return its claims; that it is used once the door sees to.

    Args:
        code: the JWS in the ticket's QR code.
        jwks: the JWK set at `/.well-known/jwks.json`.
        void: the list of void tickets, `void_tickets` at `/.well-known/void-tickets/{event}.json`.
        event: the event that the ticket must be for.
        now: seconds since 1970; None: the clock's.

    Raises:
        TicketInvalidError, TicketExpiredError, TicketVoidError: all are ValueErrors.
        ValueError: the list of void tickets is not ours, of another event, or too old.
    """
    at = time.time() if now is None else now
    try:
        listed = _decode(void, jwks, event, VOID, VOID_CLAIMS)
    except jwt.PyJWTError as error:
        raise ValueError(f"the list of void tickets is not valid: {error}") from error
    if listed["exp"] <= at:
        raise ValueError("the list of void tickets is too old: fetch it again")
    try:
        claims = _decode(code, jwks, event, TICKET, TICKET_CLAIMS)
    except jwt.PyJWTError as error:
        raise TicketInvalidError(str(error)) from error
    if claims["exp"] <= at:
        raise TicketExpiredError("the show of this ticket is over")
    if claims["jti"] in listed["void"]:
        raise TicketVoidError("this ticket was given back")
    return claims


def verify_journal_head(token: str, jwks: Mapping[str, Any], *, event: str) -> dict[str, Any]:
    """Verify the signed head of an event's journal. Return its claims: `n`, `hash` and `at`.

    Raises:
        ValueError: it is not signed by us, or is no head of this event's journal.
    """
    try:
        return _claims(token, jwks, event, JOURNAL_HEAD, JOURNAL_HEAD_CLAIMS)
    except jwt.PyJWTError as error:
        raise ValueError(f"the head of the journal is not valid: {error}") from error


def verify_receipt(token: str, jwks: Mapping[str, Any], *, event: str) -> dict[str, Any]:
    """Verify the receipt of a place in this event. Return its claims.

    Raises:
        ValueError: it is not signed by us, or is no receipt of this event.
    """
    try:
        key = jwt.PyJWK(_key_of(_header(token, RECEIPT).get("kid"), jwks), ALGORITHM)
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError as error:
        raise ValueError(f"the receipt is not valid: {error}") from error
    if claims.get("event") != event:
        raise ValueError("the receipt is of another event")
    return claims


def _header(token: str, kind: str) -> dict[str, Any]:
    """Return the header of a token of this kind.

    Raises:
        jwt.PyJWTError: the token is of another.
    """
    header = jwt.get_unverified_header(token)
    if header.get("typ") != kind:
        raise jwt.InvalidTokenError(f"this is no {kind.removesuffix('+jwt')}")
    return header


def _decode(
    token: str, jwks: Mapping[str, Any], event: str, kind: str, required: tuple[str, ...]
) -> dict[str, Any]:
    """Return the claims of a token of this kind and event, with all that are required and `exp`.

    Raises:
        jwt.PyJWTError: the token is not that.
    """
    claims = _claims(token, jwks, event, kind, required)
    if not isinstance(claims["exp"], int | float):
        raise jwt.InvalidTokenError("exp is no number")
    return claims


def _claims(
    token: str, jwks: Mapping[str, Any], event: str, kind: str, required: tuple[str, ...]
) -> dict[str, Any]:
    """Return the claims of a token of this kind and event, with all that are required.

    Raises:
        jwt.PyJWTError: the token is not that.
    """
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(_key_of(_header(token, kind).get("kid"), jwks), ALGORITHM),
        algorithms=[ALGORITHM],
        audience=event,
        issuer=ISSUER,
        options={"require": list(required), "verify_exp": False, "verify_iat": False},
    )
    return claims


def _key_of(kid: object, jwks: Mapping[str, Any]) -> dict[str, Any]:
    for key in jwks.get("keys", ()):
        if key.get("kid") == kid:
            return dict(key)
    raise jwt.InvalidTokenError("no published key has this kid")
