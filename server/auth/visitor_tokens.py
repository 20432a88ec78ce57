"""Visitors' tokens: who an anonymous visitor is, for thirty days, on every process alike."""

import secrets
import time
from dataclasses import dataclass

import jwt

from booking_rush.queue.keyring import derive
from booking_rush.server.protocol.problems import NotAuthenticated

LIFE_S = 30 * 24 * 3600
ALGORITHM = "HS256"
AUDIENCE = "visitor"


@dataclass(frozen=True, slots=True)
class NewVisitor:
    """A new visitor."""

    visitor: str
    token: str
    expires_at: int


class VisitorTokens:
    """Makes and reads tokens under a key of this purpose alone."""

    def __init__(self, secret: str) -> None:
        self._key = derive(secret, "visitor tokens")

    def issue(self, *, now: float | None = None) -> NewVisitor:
        """A visitor that nobody has been before; 128 bits of chance."""
        visitor = f"v_{secrets.token_hex(16)}"
        expires_at = int(time.time() if now is None else now) + LIFE_S
        claims = {"sub": visitor, "aud": AUDIENCE, "exp": expires_at}
        return NewVisitor(visitor, jwt.encode(claims, self._key, ALGORITHM), expires_at)

    def read(self, token: str) -> str:
        """The visitor whose token this is.

        Raises:
            NotAuthenticated: it is not one of ours, or over.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["sub", "exp", "aud"]},
            )
        except jwt.PyJWTError:
            raise NotAuthenticated from None
        return str(claims["sub"])
