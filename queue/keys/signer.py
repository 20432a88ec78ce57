"""Signer of passes, receipts and ticket codes, which remembers the signatures of its keys."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from booking_rush.lua.line.commands import Admitted
from booking_rush.postgres import Pool
from booking_rush.queue.keys import keyring
from booking_rush.queue.keys.keyring import KeyRing
from booking_rush.queue.line import Place
from booking_rush.queue.passes import (
    JOURNAL_HEAD,
    PASS,
    RECEIPT,
    TICKET,
    VOID,
    journal_head_claims,
    pass_claims,
    receipt_claims,
    verify,
    void_claims,
)
from booking_rush.timestamps import moment

SIGNED_MAX = 50_000  # signatures remembered: a visitor who polls or reconnects costs no new one


class Signer:
    """Signer for all events in one process; equal claims are signed once by each key.

    What is remembered is filed under its key's id: a signature of a key that signs no more, or a
    verdict by keys that are published no more, is never answered after a rotation.
    """

    def __init__(self, pool: Pool, secret: str, ring: KeyRing) -> None:
        self.ring = ring
        self._pool = pool
        self._secret = secret
        self._sign = lru_cache(SIGNED_MAX)(_make)
        self._verified = lru_cache(SIGNED_MAX)(_verify)

    async def reload(self) -> None:
        """Load the keys again, so that a rotation takes effect in this process.

        Raises:
            asyncpg.PostgresError, OSError, SecretKeyError: the keys stay as they were.
        """
        ring = await keyring.load(self._pool, self._secret)
        if ring.kids != self.ring.kids:
            self.ring = ring
            self._sign.cache_clear()  # nothing asks for the last key's signatures again
            self._verified.cache_clear()

    def receipt(
        self, event: str, visitor: str, place: Place, commitment: str | None = None, n: int = 0
    ) -> str:
        """Return the receipt of a visitor's place.

        `commitment` is that of its draw, `n` its entry of the journal once known.
        """
        return self._sign(
            RECEIPT,
            self.ring,
            event=event,
            visitor=visitor,
            lane=place.lane,
            number=place.number,
            at=moment(place.joined_ms),
            index=place.index,
            window=place.window,
            commitment=commitment,
            n=n,
        )

    def journal_head(self, event: str, n: int, digest: str, at_ms: int) -> str:
        """Return the signed head of an event's journal."""
        return self._sign(JOURNAL_HEAD, self.ring, event=event, n=n, hash=digest, at=moment(at_ms))

    def booking_pass(self, event: str, visitor: str, place: Admitted) -> str:
        """Return the pass of an admitted visitor."""
        return self._sign(
            PASS,
            self.ring,
            event=event,
            visitor=visitor,
            lane=place.lane,
            number=place.number,
            wave=place.wave,
            admitted_ms=place.admitted_ms,
            deadline_ms=place.deadline_ms,
        )

    def ticket(self, claims: dict[str, Any]) -> str:
        """Return the code of a ticket."""
        return self._sign(TICKET, self.ring, **claims)

    def void_tickets(self, event: str, tickets: list[str], *, now_s: int) -> str:
        """Return the signed list of an event's void tickets."""
        return self.ring.sign(VOID, void_claims(event=event, tickets=tickets, now_s=now_s))

    def read_pass(self, token: str, event: str, visitor: str) -> dict[str, Any]:
        """Verify a pass; a valid one is not verified again. Return its claims.

        Raises:
            PassInvalidError, PassExpiredError: the pass is not valid.
        """
        return self._verified(token, self.ring, event, visitor)


def _verify(token: str, ring: KeyRing, event: str, visitor: str) -> dict[str, Any]:
    return verify(token, ring.jwks(), event=event, visitor=visitor)


def _make(kind: str, ring: KeyRing, **fields: Any) -> str:
    return ring.sign(kind, CLAIMS[kind](**fields))


async def open_signer(pool: Pool, secret: str) -> Signer:
    """Load the keys and return a signer that uses them.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer.
        SecretKeyError: the secret does not open the keys.
    """
    return Signer(pool, secret, await keyring.load(pool, secret))


CLAIMS: dict[str, Callable[..., dict[str, Any]]] = {
    JOURNAL_HEAD: journal_head_claims,
    PASS: pass_claims,
    RECEIPT: receipt_claims,
    TICKET: dict,
}
