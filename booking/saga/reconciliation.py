"""The reconcile duty: compares Redis with Postgres and Postgres with payment providers.

Postgres decides, so a difference is mended by enqueueing the orders of the booking's state again,
with its step. What no booking explains is written into Redis as Postgres has it, if it is still as
it was read. The stores are read one after the other while both change, so a difference counts only
when it is seen twice.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.provider import (
    PAYMENT,
    ProviderUnavailableError,
    payment_of,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.difference import (
    ASK_PROVIDER,
    EXPIRE,
    SET_FREE,
    SET_ROW,
    Difference,
)
from booking_rush.booking.saga.hold_comparison import HoldComparison, expire, standing
from booking_rush.booking.saga.inventory_repair import Inventories, Repair
from booking_rush.booking.saga.watchdog import ask_provider
from booking_rush.booking.seats import inventory
from booking_rush.errors import Refusal
from booking_rush.lua.events.commands import (
    ReadSeats,
    ReportSockets,
    SectionInventory,
    SectionSeats,
)
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.event_registry import EventRecord, EventRegistry

log = logging.getLogger(__name__)

STORES_S, BANK_S = 5.0, 60.0
RESTING_ROUNDS = 60  # every so many a round compares closed events that rest, too
AGAIN_S = 0.5  # between the two comparisons that an operator asks for
LAG_MS = 2_000  # Redis is not compared while its outbox is older than this
BANK_LOOKS_BACK = "3 minutes"
PAGE = 500
ORDERS_MAX = 2  # of a seat's booking; if it differs still, its row is written


class Comparison:
    """A comparison of one event in Redis, in Postgres and at its payment providers."""

    def __init__(self, pool: Pool, registry: EventRegistry, payments: PaymentRouter) -> None:
        self._pool = pool
        self._registry = registry
        self._payments = payments
        self._holds = HoldComparison(pool)
        self.inventories: dict[str, Inventories] = {}

    async def of(self, event: str) -> list[Difference]:
        """Compare an event twice, half a second apart. Return what differs both times.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot be asked now.
        """
        first = {*await self.stores(event), *await self.bank(event)}
        if not first:
            return []
        await asyncio.sleep(AGAIN_S)
        again = {*await self.stores(event), *await self.bank(event)}
        return sorted(first & again, key=lambda one: (one.kind, one.what))

    async def stores(self, event: str) -> list[Difference]:
        """Compare Redis with Postgres: each seat, the places of standing sections, and holds."""
        batcher = self._registry.batcher(event)
        if batcher.is_archived:
            return []  # Redis has nothing of it
        stats = await batcher.do(ReportSockets("reconcile", 0))
        if stats.outbox_age_ms > LAG_MS:
            return []
        read = await batcher.do(ReadSeats([]))
        async with self._pool.acquire() as connection:
            recorded = await inventory.sections(connection, event)
        self._remember(event, read.sections, recorded)
        seats = differing_seats(read.sections, recorded)
        owners = await self._owners(event, [seat for seat, _, _ in seats])
        found = [
            Difference(event, "seat", seat, f"redis {left}", f"postgres {right}", *owner)
            for seat, left, right in seats
            for owner in [owners.get(seat, ("", SET_ROW))]
        ]
        found += [
            Difference(
                event, "free_places", section, f"redis {left}", f"postgres {right}", "", SET_FREE
            )
            for section, left, right in differing_places(read.sections, recorded)
        ]
        return found + await self._holds.of(event, batcher, standing(found))

    def _remember(
        self, event: str, read: Sequence[SectionSeats], recorded: Sequence[SectionInventory]
    ) -> None:
        """Keep what was read, so that a repair can be guarded by it."""
        last = self.inventories.get(event)
        self.inventories[event] = Inventories(
            {section.id: section for section in read},
            {section.id: section for section in recorded},
            {id_: section.version for id_, section in last.read.items()} if last else {},
        )

    async def bank(self, event: str) -> list[Difference]:
        """Compare Postgres with the providers: payments that changed in the last 3 minutes.

        Each half of the condition names the states of a partial index: one for both would read all
        payments.
        """
        rows = await self._pool.fetch(
            f"""
            SELECT {PAYMENT}, state, refunding FROM payments
            WHERE (state <> 'asked' AND changed_at > now() - interval '{BANK_LOOKS_BACK}'
                OR state = 'asked' AND changed_at > now() - interval '{BANK_LOOKS_BACK}')
              AND amount > 0 AND $1 = (SELECT event FROM bookings WHERE id = booking)
            ORDER BY changed_at DESC LIMIT $2
            """,  # noqa: S608  names of our own
            event,
            PAGE,
        )
        found = await asyncio.gather(*(self._compare_payment(event, row) for row in rows))
        return [difference for difference in found if difference is not None]

    async def _compare_payment(self, event: str, row: asyncpg.Record) -> Difference | None:
        payment = payment_of(row)
        try:
            with self._payments.provider_of(payment) as provider:
                notifications = await provider.list_notifications(payment)
        except ProviderUnavailableError as why:
            log.info("bank not compared why=%s", why)
            return None
        kinds = {notification.kind for notification in notifications}
        bank = "refunded" if "refunded" in kinds else "captured" if "charged" in kinds else "none"
        ours = row["state"] if row["state"] in ("captured", "refunded") else "none"
        if bank == ours:
            return None
        name, booking = f"{row['booking']}:{row['attempt']}", str(row["booking"])
        return Difference(
            event, "money", name, f"postgres {ours}", f"bank {bank}", booking, ASK_PROVIDER
        )

    async def _owners(self, event: str, seats: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return by seat the booking that it belongs to in Postgres, and the order to repeat."""
        if not seats:
            return {}
        rows = await self._pool.fetch(
            """
            SELECT DISTINCT ON (seat) seat, id, state, claimed
            FROM bookings, unnest(seats) AS seat
            WHERE event = $1 AND seats && $2 AND seat = ANY($2)
            ORDER BY seat, claimed DESC, (state = 'held') DESC, id DESC
            """,
            event,
            list(seats),
        )
        return {row["seat"]: (str(row["id"]), _order_of(row)) for row in rows}


def _order_of(row: asyncpg.Record) -> str:
    if row["claimed"]:
        return "retake" if row["state"] == "paying" else "mark_sold"
    return {"held": "reopen", "retaking": "retake"}.get(row["state"], "free")


def differing_seats(
    read: Iterable[SectionSeats], recorded: Iterable[SectionInventory]
) -> list[tuple[str, str, str]]:
    """Return the seats whose characters differ: (seat, in Redis, in Postgres)."""
    by_section = {section.id: dict(section.rows) for section in read}
    return [
        (str(SeatId(section.id, row, number)), in_redis, in_postgres)
        for section in recorded
        for row, text in section.rows
        if by_section.get(section.id, {}).get(row) != text
        for number, (in_redis, in_postgres) in enumerate(
            zip(by_section.get(section.id, {}).get(row, "?" * len(text)), text, strict=False), 1
        )
        if in_redis != in_postgres
    ]


def differing_places(
    read: Iterable[SectionSeats], recorded: Iterable[SectionInventory]
) -> list[tuple[str, int, int]]:
    """Return standing sections whose free places differ: (section, in Redis, in Postgres)."""
    free = {section.id: section.free for section in read}
    return [
        (section.id, free.get(section.id, -1), section.free)
        for section in recorded
        if section.kind == "standing" and free.get(section.id) != section.free
    ]


class Reconciler:
    """Compares every event again and again, and mends a difference when it is seen twice."""

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        payments: PaymentRouter,
        every_s: float = STORES_S,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._payments = payments
        self.comparison = Comparison(pool, registry, payments)
        self._every_s = every_s
        self._stores_at = self._bank_at = 0.0
        self._seen: dict[str, set[Difference]] = {"stores": set(), "bank": set()}
        self._seen_twice: dict[str, set[Difference]] = {"stores": set(), "bank": set()}
        self._rounds: Counter[Difference] = Counter()
        self._turns: Counter[str] = Counter(stores=-1, bank=-1)  # the first round has all events

    @property
    def found(self) -> list[Difference]:
        """The differences that the last rounds saw for the second time."""
        seen = self._seen_twice["stores"] | self._seen_twice["bank"]
        return sorted(seen, key=lambda one: (one.kind, one.what))

    async def run_once(self) -> int:
        """Compare the pairs of stores that are due. Return how many differences were mended."""
        await self._registry.run_once()
        now, mended = time.monotonic(), 0
        if now >= self._stores_at:
            self._stores_at = now + self._every_s
            mended += await self._round("stores")
        if now >= self._bank_at:
            self._bank_at = now + self._every_s * BANK_S / STORES_S
            mended += await self._round("bank")
        return mended

    def _due(self, which: str) -> list[EventRecord]:
        """Return the events of a round: the live ones, and now and then all.

        An event in which the last round has seen a difference is compared until there is none.
        """
        self._turns[which] += 1
        if self._turns[which] % RESTING_ROUNDS == 0:
            return self._registry.rows
        names = {one.event for one in self._seen[which]}
        names |= {row.id for row in self._registry.live}
        return [row for row in self._registry.rows if row.id in names]

    async def _round(self, which: str) -> int:
        """Compare each event by itself: one that cannot be compared hides no other's differences.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer.
            Exception: the last one that an event's own data caused, after all else was done.
        """
        seen, failed = set[Difference](), list[Exception]()
        for row in self._due(which):
            try:
                seen |= set(await getattr(self.comparison, which)(row.id))
            except Refusal as refusal:
                log.info("not compared event=%s why=%s", row.id, refusal.code)
            except UNAVAILABLE:
                raise
            except Exception as error:
                log.error("not compared event=%s why=%s", row.id, type(error).__name__)
                failed.append(error)
        twice, self._seen[which] = seen & self._seen[which], seen
        self._seen_twice[which] = twice
        if which == "stores":
            self._rounds = Counter({one: self._rounds[one] + 1 for one in twice})
        for difference in twice:
            log.warning("differs %s", difference)
        mended = await self.mend(twice)
        if failed:
            raise failed[-1]
        return mended

    async def mend(self, differences: Iterable[Difference]) -> int:
        """Mend each difference by its order; once a booking.

        Return how many orders, requests and repairs it took.
        """
        differences = list(differences)
        written = [
            one for one in differences
            if one.order == SET_ROW or (one.kind == "seat" and self._rounds[one] > ORDERS_MAX)
        ]  # fmt: skip
        wanted = {
            (UUID(one.booking), one.order): one
            for one in differences
            if one.booking and one.order and one not in written
        }
        for (booking, order), one in wanted.items():
            try:
                await self._mend_booking(booking, order, one)
            except (ProviderUnavailableError, Refusal) as why:  # the next round comes
                log.info("not mended booking=%s why=%s", booking, why)
        repair = Repair(self._pool, self._registry, self.comparison.inventories)
        repaired = await repair.set_rows(written)
        with_holds = {one.event for one in differences if one.kind == "hold"}
        for one in differences:
            if one.order == SET_FREE and one.event not in with_holds:
                repaired += await repair.set_free(one)
        return len(wanted) + repaired

    async def _mend_booking(self, booking: UUID, order: str, difference: Difference) -> None:
        if order == ASK_PROVIDER:
            await self._ask_provider(booking, difference.event)
        elif order == EXPIRE:
            await expire(self._pool, booking)
        else:
            await self._order_again(booking, difference)

    async def _order_again(self, booking: UUID, difference: Difference) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT step, attempt, paid FROM bookings WHERE id = $1 FOR UPDATE", booking
            )
            assert row is not None, booking
            attempt = max(row["paid"] or row["attempt"], difference.attempt)
            envelope = outbox.order(
                booking, difference.event, difference.order, attempt, row["step"]
            )
            await outbox.enqueue(connection, [envelope])

    async def _ask_provider(self, booking: UUID, event: str) -> None:
        rows = await self._pool.fetch(
            f"SELECT {PAYMENT} FROM payments WHERE booking = $1",  # noqa: S608
            booking,
        )
        for row in rows:
            await ask_provider(self._pool, self._payments, payment_of(row), event)
