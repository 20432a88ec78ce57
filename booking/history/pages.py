"""Pages of journals for everybody: each is read once a second, one after another in a process."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from booking_rush.booking.history import journal
from booking_rush.postgres import Pool
from booking_rush.timestamps import moment

PAGE_S = 1.0  # for which a page is answered again
BEYOND = 2**62  # all entries
PAGES_MAX = 64  # in memory; the one that was read first goes first

SignHead = Callable[[str, int, str, int], str]  # the event; n, hash and at_ms of its head


class JournalPages:
    """Pages of one process, whoever asks. `sign` returns the JWS of an event's head."""

    def __init__(self, pool: Pool, sign: SignHead) -> None:
        self._pool = pool
        self._sign = sign
        self.pages: dict[tuple[str, int, int], tuple[float, dict[str, Any]]] = {}
        self._reading = asyncio.Lock()

    async def page(self, event: str, *, after: int, limit: int) -> dict[str, Any]:
        """Return up to `limit` entries beyond `after`, with the signed head, as JSON members.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer.
        """
        asked = (event, after, limit)
        async with self._reading:
            at, members = self.pages.pop(asked, (-PAGE_S, {}))
            if time.monotonic() - at >= PAGE_S:
                found = await journal.read(self._pool, event, after=after, limit=limit)
                at, members = time.monotonic(), self._members(event, found)
            self.pages[asked] = (at, members)
            while len(self.pages) > PAGES_MAX:
                del self.pages[next(iter(self.pages))]
        return members

    async def head(self, event: str) -> dict[str, Any]:
        """Return the signed head of an event's journal, as JSON members.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer.
        """
        found: dict[str, Any] = (await self.page(event, after=BEYOND, limit=1))["head"]
        return found

    def _members(self, event: str, found: journal.Journal) -> dict[str, Any]:
        last = found.entries[-1].n if found.entries else found.head.n
        members: dict[str, Any] = {
            "entries": [entry.members() for entry in found.entries],
            "next": last if last < found.head.n else None,
            "head": {
                "n": found.head.n,
                "hash": found.head.hash,
                "at": moment(found.head.at_ms) if found.head.n else None,
                "signature": self._sign(event, *found.head),
            },
        }
        if found.begins.n:
            members["begins"] = {"n": found.begins.n, "hash": found.begins.hash}
        return members


class PlaceEntries:
    """Entries by which visitors got their numbers, as receipts name them: each is read once."""

    def __init__(self, pool: Pool, most: int = 50_000) -> None:
        self._pool = pool
        self._most = most
        self._known: dict[tuple[str, str, str, int], int] = {}

    async def n_of(self, event: str, visitor: str, lane: str, number: int) -> int:
        """Return n of the entry of a number that Postgres has; 0: it is older than the journal.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer.
        """
        asked = (event, visitor, lane, number)
        if asked not in self._known:
            self._known[asked] = await journal.entry_of_place(self._pool, *asked)
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return self._known[asked]
