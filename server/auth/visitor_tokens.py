"""Tokens of anonymous visitors: signed for thirty days, readable by every process."""

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import jwt
import msgspec

from booking_rush.queue.keys.sealing import derive
from booking_rush.server.protocol.problems import NotAuthenticated

LIFE_S = 30 * 24 * 3600
RENEWED_AFTER_S = 24 * 3600
ALGORITHM = "HS256"
AUDIENCE = "visitor"
REMEMBERED_MAX = 4096  # tokens that were verified


@dataclass(frozen=True, slots=True)
class NewVisitor:
    """A new visitor with their token; `expires_at` is in seconds since 1970."""

    visitor: str
    token: str
    expires_at: int


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    exp: int
    aud: Literal["visitor"]


_claims_of = msgspec.json.Decoder(_Claims).decode


class VisitorTokens:
    """Issues and reads tokens (JWT, HS256) under a key derived for this purpose alone.

    A token is read without PyJWT, which takes 41 us for it instead of 6: what has our MAC was made
    by `issue`, and nothing in its head is asked.
    """

    def __init__(self, secret: str) -> None:
        self._key = derive(secret, "visitor tokens")
        self._remembered = lru_cache(REMEMBERED_MAX)(self._verify)

    def issue(self, *, now: float | None = None) -> NewVisitor:
        """Return a new visitor with a token; the id has 128 random bits. `now` is in seconds."""
        return self._issue(f"v_{secrets.token_hex(16)}", time.time() if now is None else now)

    def renewed(self, token: str) -> str:
        """Return a token of the same visitor for another life; "" for one that is new or void."""
        now = time.time()
        try:
            visitor, expires_at = self._remembered(token)
        except NotAuthenticated:
            return ""
        is_due = now < expires_at < now + LIFE_S - RENEWED_AFTER_S
        return self._issue(visitor, now).token if is_due else ""

    def read(self, token: str) -> str:
        """Return the visitor of a token.

        Raises:
            NotAuthenticated: we did not sign it, or it has expired.
        """
        visitor, expires_at = self._remembered(token)
        if expires_at <= time.time():
            raise NotAuthenticated
        return visitor

    def _issue(self, visitor: str, now: float) -> NewVisitor:
        expires_at = int(now) + LIFE_S
        claims = {"sub": visitor, "aud": AUDIENCE, "exp": expires_at}
        return NewVisitor(visitor, jwt.encode(claims, self._key, ALGORITHM), expires_at)

    def _verify(self, token: str) -> tuple[str, int]:
        """Return the visitor of a token, and its end in seconds since 1970.

        Raises:
            NotAuthenticated: as `read`.
        """
        signed, _, mac = token.encode().rpartition(b".")
        ours = urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).rstrip(b"=")
        if not hmac.compare_digest(mac, ours):
            raise NotAuthenticated
        try:
            claims = _claims_of(urlsafe_b64decode(signed.rpartition(b".")[2] + b"=="))
        except (msgspec.MsgspecError, ValueError):  # another token under our key
            raise NotAuthenticated from None
        return claims.sub, claims.exp
