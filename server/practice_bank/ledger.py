"""The ledger of the practice bank: charges, movements, webhooks; each change is one statement.

A change is committed together with its webhook, so a bank that is killed loses no webhook and
moves no money twice: it goes on with the undelivered rows of `webhooks` and with due charges.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from booking_rush.booking.payments.provider import METHODS
from booking_rush.errors import Invalid, Refusal
from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.statements import CANCEL, CHARGE, REFUND, SETTLE
from booking_rush.text import Line, Name64

# The first state of a charge, by its method. A slow one is captured later by itself, a late one
# after it was cancelled; the webhook of a lost one is never sent.
FIRST_STATES = {
    "ok": "captured",
    "declined": "declined",
    "slow": "pending",
    "late": "pending",
    "lost": "captured",
}
assert set(FIRST_STATES) == METHODS, "the bank and its client know the same methods"

SLOW_S, LATE_S = 3.0, 2.0
DUE_MAX = 500  # charges that fall due in one statement
RETRY_S, RETRY_S_MAX = 0.2, 30.0
DOUBLINGS_MAX = 10  # of the pause between tries; more would only overflow
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


class UnknownMethod(Refusal):
    """The bank has no such method of payment: it will never charge by it."""

    code, status = "unknown_method", 400


class UnknownCharge(Refusal):
    """The bank was never asked for that."""

    code, status = "unknown_charge", 404


class ChargeDiffers(Refusal):
    """That key came with other facts before."""

    code, status = "charge_differs", 409


class NotCaptured(Refusal):
    """Nothing was captured, so nothing can be given back."""

    code, status = "not_captured", 409


class NewCharge(msgspec.Struct, frozen=True):
    """A request to charge; a repeat with the same key changes nothing."""

    key: Line
    booking: UUID
    attempt: Annotated[int, msgspec.Meta(ge=1, le=32_767)]
    amount: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    method: Name64
    pay_until_ms: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]


class PendingWebhook(NamedTuple):
    """A webhook that is due now; `due_at` changes when it is enqueued again meanwhile."""

    id: str
    kind: str
    booking: UUID
    attempt: int
    due_at: datetime

    @property
    def charge(self) -> str:
        """Return the key of its charge."""
        return f"pay:{self.booking}:{self.attempt}"


class Ledger:
    """Charges, movements and webhooks in Postgres; any number of processes may share them."""

    def __init__(self, pool: Pool, *, slow_s: float = SLOW_S, late_s: float = LATE_S) -> None:
        self._pool = pool
        self._slow_s = slow_s
        self._late_s = late_s

    async def charge(self, new: NewCharge, *, delay_s: float) -> dict[str, Any]:
        """Charge, once a key. Return the charge's members.

        Raises:
            Invalid, UnknownMethod: no charge can be made of this.
            ChargeDiffers: there is one with this key, but with other facts.
        """
        [outcome] = await self.charge_all([new], delay_s=delay_s)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def charge_all(
        self, new: Sequence[NewCharge], *, delay_s: float
    ) -> list[dict[str, Any] | Exception]:
        """Charge for many at once, in one statement.

        Of several requests with one key the first counts. Return for each request the members of
        its charge, or the refusal.
        """
        good = {n.key: n for n in reversed(new) if _has_own_key(n)}
        rows = [
            (n.key, n.booking, n.attempt, *_facts(n), FIRST_STATES[n.method])
            for n in good.values()
            if n.method in FIRST_STATES
        ]
        found = dict[str, asyncpg.Record]()
        if rows:
            inserted = await self._pool.fetch(
                CHARGE, delay_s, self._slow_s, *zip(*rows, strict=True)
            )
            found = {row["key"]: row for row in inserted}
        if missing := list({n.key for n in new} - found.keys()):
            existing = await self._pool.fetch(
                "SELECT * FROM bank.charges WHERE key = ANY($1)", missing
            )
            found |= {row["key"]: row for row in existing}
        return [_outcome_of(n, found.get(n.key)) for n in new]

    async def cancel(self, key: str, *, delay_s: float) -> dict[str, Any]:
        """Cancel a charge, known or not, and enqueue a webhook with its state.

        Return the charge's members.

        Raises:
            Invalid: no charge can have this key.
        """
        booking, attempt = _parse_key(key)
        row = await self._pool.fetchrow(CANCEL, delay_s, key, booking, attempt, self._late_s)
        assert row is not None, "the charge was made or changed"
        return _members_of(row)

    async def refund(self, key: str, *, delay_s: float) -> dict[str, Any]:
        """Refund what a charge captured, once. Return the charge's members.

        Raises:
            Invalid: no charge can have this key.
            UnknownCharge, NotCaptured: there is nothing to refund.
        """
        _parse_key(key)
        row = await self._pool.fetchrow(REFUND, delay_s, key) or await self._find(key)
        if row is None:
            raise UnknownCharge(f"the bank was never asked for {key}")
        if row["refunded_at"] is None:
            raise NotCaptured
        return _members_of(row)

    async def read(self, key: str) -> dict[str, Any]:
        """Return a charge's members and `words`, its webhooks in order, lost ones included.

        Raises:
            Invalid: no charge can have this key.
            UnknownCharge: the bank was never asked for it.
        """
        _parse_key(key)
        row = await self._find(key)
        if row is None:
            raise UnknownCharge(f"the bank was never asked for {key}")
        webhooks = await self._pool.fetch(
            """
            SELECT id, word, created_at AS at FROM bank.webhooks
            WHERE charge = $1 ORDER BY number
            """,
            key,
        )
        return {**_members_of(row), "words": [dict(webhook) for webhook in webhooks]}

    async def movements(self, booking: UUID) -> list[dict[str, Any]]:
        """Return every movement of money of a booking, oldest first."""
        rows = await self._pool.fetch(
            """
            SELECT charge, booking, attempt, kind, ledger.amount, ledger.currency, at
            FROM bank.ledger JOIN bank.charges ON charges.key = ledger.charge
            WHERE booking = $1 ORDER BY number
            """,
            booking,
        )
        return [{**row, "booking": str(row["booking"])} for row in rows]

    async def totals(self, *, after: str, limit: int) -> list[dict[str, Any]]:
        """Return the captured and the refunded amount of each charge, ordered by key."""
        rows = await self._pool.fetch(
            "SELECT * FROM bank.totals WHERE charge > $1 ORDER BY charge LIMIT $2", after, limit
        )
        return [{**row, "booking": str(row["booking"])} for row in rows]

    async def settle(self, *, delay_s: float) -> int:
        """Capture or cancel the charges that are due, up to DUE_MAX. Return how many."""
        return len(await self._pool.fetch(SETTLE, delay_s, DUE_MAX))

    async def due(self, *, without: Collection[str], limit: int) -> list[PendingWebhook]:
        """Return due webhooks, except those with the ids `without`, which are being sent."""
        rows = await self._pool.fetch(
            """
            SELECT id, word, booking, attempt, webhooks.due_at
            FROM bank.webhooks JOIN bank.charges ON charges.key = webhooks.charge
            WHERE delivered_at IS NULL AND webhooks.due_at <= now() AND id <> ALL ($1)
            ORDER BY webhooks.due_at LIMIT $2
            """,
            list(without),
            limit,
        )
        return [PendingWebhook(*row) for row in rows]

    async def mark(self, deliveries: Sequence[tuple[PendingWebhook, bool]]) -> None:
        """Save which webhooks were delivered; the others are due again, each time later."""
        await self._pool.execute(
            """
            UPDATE bank.webhooks AS w
            SET delivered_at = CASE WHEN arrived THEN now() END,
                tries = tries + CASE WHEN arrived THEN 0 ELSE 1 END,
                due_at = CASE WHEN arrived THEN w.due_at ELSE now() + make_interval(
                    secs => least($4, $5 * 2.0 ^ least(tries, $6))) END
            FROM unnest($1::text[], $2::timestamptz[], $3::boolean[]) AS l (id, due_at, arrived)
            WHERE w.id = l.id AND w.due_at = l.due_at  -- not enqueued again meanwhile
            """,
            [due.id for due, _ in deliveries],
            [due.due_at for due, _ in deliveries],
            [arrived for _, arrived in deliveries],
            RETRY_S_MAX, RETRY_S, DOUBLINGS_MAX,
        )  # fmt: skip

    async def _find(self, key: str) -> asyncpg.Record | None:
        return await self._pool.fetchrow("SELECT * FROM bank.charges WHERE key = $1", key)


def _parse_key(key: str) -> tuple[UUID, int]:
    """Return the booking and the attempt of a key `pay:{booking}:{attempt}`.

    Raises:
        Invalid: the key has another form.
    """
    kind, _, rest = key.partition(":")
    booking, _, attempt = rest.partition(":")
    try:
        parts = UUID(booking), int(attempt)
    except ValueError:
        raise Invalid(("key", "pay:{booking}:{attempt}")) from None
    if kind != "pay" or key != f"pay:{parts[0]}:{parts[1]}" or not 1 <= parts[1] <= 32_767:
        raise Invalid(("key", "pay:{booking}:{attempt}"))
    return parts


def _has_own_key(new: NewCharge) -> bool:
    return new.key == f"pay:{new.booking}:{new.attempt}"


def _facts(new: NewCharge) -> tuple[int, str, str, datetime]:
    """Return the columns that a repeat must have in common with the first request."""
    return new.amount, new.currency, new.method, EPOCH + new.pay_until_ms * MS


def _outcome_of(new: NewCharge, row: asyncpg.Record | None) -> dict[str, Any] | Exception:
    """Return the answer to a request that led to this row, or to none."""
    if not _has_own_key(new):
        return Invalid(("key", "pay:{booking}:{attempt}"))
    if row is None or row["amount"] is None:
        return UnknownMethod(f"the bank has no method {new.method!r}")
    if (row["amount"], row["currency"], row["method"], row["pay_until"]) != _facts(new):
        return ChargeDiffers()
    return _members_of(row)


def _members_of(row: asyncpg.Record) -> dict[str, Any]:
    """Return a charge's members as JSON; null where a cancel came before the charge."""
    until = row["pay_until"]
    return {
        "key": row["key"],
        "booking": str(row["booking"]),
        "attempt": row["attempt"],
        "amount": row["amount"],
        "currency": row["currency"],
        "method": row["method"],
        "pay_until_ms": until and (until - EPOCH) // MS,
        "state": row["state"],
        "refunded": row["refunded_at"] is not None,
    }
