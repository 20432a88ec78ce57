"""Registry of events in one process: each event's row in Postgres and its batcher for Redis."""

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from redis.exceptions import RedisError

from booking_rush.coalescing import Coalescer
from booking_rush.errors import Busy, Refusal
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import EventState
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.archived_event import EventBatcher
from booking_rush.queue.join_checks.identity import IdentityRule
from booking_rush.queue.lanes import only_main
from booking_rush.queue.lottery.order import (
    WINDOW_SECONDS,
    Fairness,
    lottery_members,
    windows_members,
)
from booking_rush.queue.sale_clock import SaleClock

CALLS_MAX = 10_000  # that may wait for one refresh
EVENT_ID = re.compile(r"[a-z0-9-]{1,64}\Z")
REFRESH_S = 1.0  # between two comparisons of epochs in Postgres and Redis
SHUT_REFRESH_S = 0.1  # the same while a gate is shut
RESTING_REFRESH_S = 300.0  # the same of closed events that rest
RESTS_AFTER_S = 10.0  # without a change of a closed event
FIRST_EPOCH = 1
FIRST_LOAD_S = 3.0  # how long a new event may take to be loaded into Redis


class UnknownEvent(Refusal):
    """There is no such event."""

    code, status = "unknown_event", 404


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Event as its rows in Postgres are; `epoch` is the one that Postgres counts.

    `archived`: it has ended, and Redis has nothing of it; `identity`: the rule of that name.
    `lottery` and `windows` are commitments; `seed` and `draws` are those of the lottery, and `key`
    that of windows, once they are told.
    """

    id: str
    state: EventState
    reason: str | None
    opens_at: datetime | None
    version: int
    epoch: int
    archived: bool = False
    identity: IdentityRule = "none"
    lanes: dict[str, int] = field(default_factory=only_main)  # weights
    lottery: str | None = None
    windows: str | None = None
    seed: str | None = None
    key: str | None = None
    draws: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    fairness: Fairness = "arrival"
    window_seconds: int = WINDOW_SECONDS
    stopped_at: datetime | None = None
    stopped_reason: str | None = None
    stopped_ms: int = 0
    bank_away_at: datetime | None = None
    halted: bool = False  # its rules admit nobody

    @property
    def sale_clock(self) -> SaleClock:
        """Return the event's sale clock."""
        return SaleClock(self.stopped_at, self.stopped_reason, self.stopped_ms, self.bank_away_at)

    def order_members(self) -> dict[str, Any]:
        """Return `{fairness, lottery?, windows?}`: the order by which people join, and its draws.

        A lottery stays among them when another order was set before opening: people have joined.
        """
        members: dict[str, Any] = {"fairness": self.fairness}
        if self.lottery:
            members["lottery"] = lottery_members(self.lottery, self.seed, self.draws)
        if self.windows:
            members["windows"] = windows_members(self.window_seconds, self.windows, self.key)
        return members


class EventRegistry:
    """Registry of events by id, with one batcher an event.

    A closed event rests when neither its row nor its gate has changed for a while: it is read every
    five minutes, unless its gate is shut or it is named. So a year of past events costs nothing
    that grows each second.
    """

    def __init__(
        self,
        pool: Pool,
        program: Program,
        on_change: Callable[[EventRecord], None] = lambda row: None,
    ) -> None:
        """Begin without events.

        `on_change` is called with each event whose row or gate has changed, before any other
        code can use the gate.
        """
        self._pool = pool
        self._program = program
        self._on_change = on_change
        self._rows: dict[str, EventRecord] = {}
        self._live: dict[str, EventRecord] = {}  # of these, the events that do not rest
        self._wanted = set[str]()  # to be read by the next refresh, whatever they are
        self._batchers: dict[str, EventBatcher] = {}
        self._notified: dict[str, tuple[EventRecord, int]] = {}
        self._changed_at: dict[str, float] = {}
        self._opened = set[str]()  # events whose gate was open here at some time
        self._refreshes = Coalescer[None, None](self._refresh_for, most=CALLS_MAX)
        self._refreshed_at = -REFRESH_S
        self._all_read_at = -RESTING_REFRESH_S
        self.is_read = False  # whether the rows were read once, and the gates judged by them

    @property
    def rows(self) -> list[EventRecord]:
        """Return every known event, as it was at the last refresh."""
        return list(self._rows.values())

    @property
    def live(self) -> list[EventRecord]:
        """Return the events that do not rest: those that are not closed, or were just changed."""
        return list(self._live.values())

    def batcher(self, event: str) -> EventBatcher:
        """Return the event's batcher, which has its gate."""
        if event not in self._batchers:
            self._batchers[event] = EventBatcher(self._program, EpochGate(event))
        return self._batchers[event]

    def is_recovering(self, event: str) -> bool:
        """Return whether Redis is loaded again. A new event is loaded, an archived one never."""
        row = self._rows.get(event)
        return row is not None and not self.batcher(event).gate.is_open and not self._is_new(row)

    async def row(self, event: str) -> EventRecord:
        """Return one event; Postgres is read where it is not known yet, or archived.

        Its gate is judged before anybody gets the row.

        Raises:
            UnknownEvent: Postgres has no event of this id.
        """
        if event in self._rows:
            return self._rows[event]
        found = await self._read(event) if EVENT_ID.match(event) else []
        if not found:
            raise UnknownEvent(f"there is no event {event!r}")
        if found[0].archived:
            self.batcher(event).is_archived = True
        else:
            with suppress(RedisError):
                await self.refresh(event)
        return self._rows.get(event, found[0])

    async def loaded(self, event: str) -> EventRecord:
        """Return one event; where it is new, once it is loaded.

        Raises:
            UnknownEvent: Postgres has no event of this id.
            Busy: it is not loaded yet.
        """
        row = await self.row(event)
        if self._is_new(row):
            with suppress(RedisError, *UNAVAILABLE):  # said by whatever is asked of Redis next
                await self.ready(event, seconds=FIRST_LOAD_S)
                row = await self.row(event)
                if self._is_new(row):
                    raise Busy(f"{event} is new, and is not loaded yet")
        return row

    async def run_once(self) -> int:
        """Refresh if it is due. Return how many gates of live events are open."""
        age_s = time.monotonic() - self._refreshed_at
        gates = [self.batcher(event).gate for event in self._live]
        if age_s >= REFRESH_S or (age_s >= SHUT_REFRESH_S and not all(g.is_open for g in gates)):
            await self.refresh()
        self._notify(self._live.values())
        return sum(gate.is_open for gate in gates)

    async def ready(self, event: str, *, seconds: float) -> bool:
        """Wait up to `seconds` for an event's gate to open. Return whether it is open."""
        until = time.monotonic() + seconds
        while not self.batcher(event).gate.is_open and time.monotonic() < until:
            await self.refresh(event)
            await asyncio.sleep(0.02)
        return self.batcher(event).gate.is_open

    async def refresh(self, event: str | None = None) -> None:
        """Read events from Postgres and their epochs from Redis, and open or shut their gates.

        Read are the live ones, those whose gate is shut, this one, and every five minutes all. One
        refresh runs at a time, so that an older answer never replaces a newer one.

        Raises:
            RedisError: Redis did not answer; every gate is shut.
            asyncpg.PostgresError, OSError: Postgres did not answer; the gates are as they were.
        """
        if event is not None:
            self._wanted.add(event)
        await self._refreshes.do(None)

    async def _refresh_for(self, calls: Sequence[None]) -> list[None]:
        """Refresh once for all these calls."""
        began = time.monotonic()
        is_of_all = began - self._all_read_at >= RESTING_REFRESH_S
        named = {*self._wanted, *self._live, *self._shut()}
        self._wanted.clear()
        rows = {row.id: row for row in await self._read_current(None if is_of_all else named)}
        for event in (self._rows.keys() if is_of_all else self._rows.keys() & named) - rows.keys():
            await self._drop(event)
        for event in rows:
            self.batcher(event).is_archived = False
        try:
            epochs = await self._program.epochs(list(rows))
        except RedisError:
            self._rows.update(rows)
            for event in self._rows:
                self.batcher(event).gate.shut()
            self._notify(self._rows.values())
            raise
        self._rows.update(rows)
        for row, epoch in zip(rows.values(), epochs, strict=True):
            gate = self.batcher(row.id).gate
            gate.compare(row.epoch, epoch.stamp, epoch.run_id)
            if gate.is_open:
                self._opened.add(row.id)
        self._refreshed_at = time.monotonic()
        if is_of_all:
            self._all_read_at = began
        self.is_read = True
        self._notify(rows.values())
        self._let_rest(rows)
        return [None] * len(calls)

    def _shut(self) -> list[str]:
        """Return the events that are used and do not live, and whose gate is shut.

        Redis has answered `not ready`, or they were closed before they were ever read.
        """
        used = (
            (event, self._batchers[event]) for event in self._batchers.keys() - self._live.keys()
        )
        return [event for event, one in used if not one.gate.is_open and not one.is_archived]

    def _let_rest(self, rows: Mapping[str, EventRecord]) -> None:
        """Sort out which of these events rest from now on."""
        now = time.monotonic()
        for event, row in rows.items():
            is_still = now - self._changed_at[event] >= RESTS_AFTER_S
            if row.state == "closed" and is_still and self.batcher(event).gate.is_open:
                self._live.pop(event, None)
            else:
                self._live[event] = row

    def _is_new(self, row: EventRecord) -> bool:
        """Return whether an event was, as far as this process knows, never loaded into Redis."""
        never_open = row.id not in self._opened and not row.archived
        return never_open and row.epoch <= FIRST_EPOCH

    def _notify(self, rows: Iterable[EventRecord]) -> None:
        """Call `on_change` with every event whose row or epoch differs from the last call's."""
        for row in list(rows):
            state = (row, self.batcher(row.id).gate.epoch)
            if self._notified.get(row.id) != state:
                self._notified[row.id] = state
                self._changed_at[row.id] = time.monotonic()
                self._on_change(row)

    async def _read(self, event: str) -> list[EventRecord]:
        """Read and return an event, archived or not."""
        rows = await self._pool.fetch(f"{READ} WHERE id = $1", event)
        return [_record_of(row) for row in rows]

    async def _read_current(self, named: Collection[str] | None) -> list[EventRecord]:
        """Read and return the events that are not archived: these and all that are not closed.

        None: all.
        """
        rows = await self._pool.fetch(
            f"""
            {READ} WHERE archived_at IS NULL
                AND ($1::text[] IS NULL OR state <> 'closed' OR id = ANY($1))
            """,
            None if named is None else list(named),
        )
        return [_record_of(row) for row in rows]

    async def _drop(self, event: str) -> None:
        """Forget an event that was archived, and shut its gate."""
        for row in await self._read(event):
            if row.archived:
                self.batcher(event).gate.shut()
                self.batcher(event).is_archived = True
                for known in (self._rows, self._live, self._notified, self._changed_at):
                    known.pop(event, None)
                self._on_change(row)


def _record_of(row: asyncpg.Record) -> EventRecord:
    found = dict(row)
    lanes = orjson.loads(found.pop("lanes") or "null") or only_main()
    draws = orjson.loads(found.pop("draws") or "[]")
    return EventRecord(**found, lanes=lanes, draws=draws)


# A lottery's seed is told once everybody of the lobby has a number, or the event is closed.
TOLD_SEED = """
    CASE WHEN drawn_at IS NOT NULL OR state = 'closed' THEN encode(lottery_seed, 'hex') END
"""

IS_HALTED = "0 IN ((rules->>'rate_per_second')::float, (rules->>'active_max')::float)"
# A closing was undone, and Redis has none of the places yet: they are loaded under a next epoch.
IS_REOPENED = "(state <> 'closed' AND (removed_lane, removed_number) <> ('', 0))"

READ = f"""
    SELECT id, state, reason, opens_at, version, epoch + {IS_REOPENED}::int AS epoch,
        archived_at IS NOT NULL AS archived,
        coalesce(rules->>'identity', 'none') AS identity,
        stopped_at, stopped_reason, stopped_ms, bank_away_at, rules->'lanes' AS lanes,
        encode(sha256(lottery_seed), 'hex') AS lottery,
        encode(sha256(window_key), 'hex') AS windows,
        {TOLD_SEED} AS seed,
        CASE WHEN state = 'closed' THEN encode(window_key, 'hex') END AS key,
        CASE WHEN drawn_at IS NOT NULL THEN
            (SELECT json_agg(json_build_object('lane', lane, 'first', first, 'last', last)
                ORDER BY lane)
             FROM draws WHERE draws.event = events.id AND window_ = 0) END AS draws,
        coalesce(rules->>'fairness', 'arrival') AS fairness,
        coalesce((rules->>'window_seconds')::int, 2) AS window_seconds,
        coalesce({IS_HALTED}, false) AS halted
    FROM events JOIN recorded ON recorded.event = events.id
"""  # noqa: S608  names of ours
