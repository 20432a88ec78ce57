"""Retention: how long rows are kept that nobody needs any more, and their deletion."""

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from booking_rush.lease import Lease
from booking_rush.postgres import Pool

EVERY_S = 60.0
PAGE = 5_000  # rows of one statement: some 50 ms, under the statement timeout by far
NO_DAYS: Mapping[str, int] = MappingProxyType({})
PAUSE_S = 0.05  # between two pages, so that a sale has Postgres in between


class Rule(NamedTuple):
    """Rows of one kind, the age in days at which they go, and a statement that deletes a page.

    The statement has the age as $1 and the page's size as $2. It returns how many rows it has
    looked at: fewer than a page end the run. Rows are deleted by `ctid = ANY (ARRAY(…))`: joined
    to a page, as `id IN (…)` is, a large table may be read from one end to the other.

    `days` is the age where RUSH_RETENTION_DAYS names none, and `days_min` the least that it may be.
    """

    name: str
    days: int
    statement: str
    days_min: int = 1


def _older(table: str, column: str) -> str:
    """Return the statement of a rule whose rows end by their age alone, the oldest first."""
    return f"""
        WITH over AS (
            DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {table} WHERE {column} < now() - make_interval(days => $1)
                ORDER BY {column} LIMIT $2)) RETURNING 1)
        SELECT count(*) FROM over"""  # noqa: S608  names of ours


RULES = (
    Rule("outbox", 1, _older("outbox", "done_at")),
    Rule("inbox", 2, """
        WITH over AS (
            DELETE FROM inbox WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM inbox WHERE at < now() - make_interval(days => $1) LIMIT $2))
            RETURNING 1)
        SELECT count(*) FROM over"""),
    Rule("broadcasts", 30, _older("broadcasts", "at")),
    Rule("series", 2, _older("series", "at")),
    # A row of the outbox that is parked goes with its dead letter.
    Rule("dead", 90, """
        WITH over AS (
            DELETE FROM dead WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM dead WHERE at < now() - make_interval(days => $1)
                ORDER BY at LIMIT $2)) RETURNING id),
        parked AS (
            DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM over)) AND parked
                AND retry_at IS NULL)
        SELECT count(*) FROM over"""),
    Rule("mails", 90, _older("mails", "sent_at")),
    # The database itself keeps younger entries of the journal.
    Rule("audit", 730, _older("audit", "at"), 730),
    # An archived event answers without its places, and gives no number any more.
    Rule("places", 90, """
        WITH over AS (
            DELETE FROM places WHERE ctid = ANY (ARRAY(
                SELECT page.at FROM events CROSS JOIN LATERAL (
                    SELECT places.ctid AS at FROM places
                    WHERE places.event = events.id AND places.state = 'ended'
                    ORDER BY lane, number LIMIT $2) AS page
                WHERE archived_at < now() - make_interval(days => $1)
                LIMIT $2)) RETURNING 1)
        SELECT count(*) FROM over"""),
    Rule("draws", 90, """
        WITH over AS (
            DELETE FROM draws WHERE ctid = ANY (ARRAY(
                SELECT page.at FROM events CROSS JOIN LATERAL (
                    SELECT draws.ctid AS at FROM draws WHERE draws.event = events.id
                    ORDER BY lane, window_ LIMIT $2) AS page
                WHERE archived_at < now() - make_interval(days => $1)
                LIMIT $2)) RETURNING 1)
        SELECT count(*) FROM over"""),
    # A chain ends at its beginning: the head keeps the last hash, from which the rest follows. The
    # database itself keeps the journal of an event that was not archived so long ago.
    Rule("journal", 90, """
        WITH page AS (
            SELECT page.at FROM events CROSS JOIN LATERAL (
                SELECT journal.ctid AS at FROM journal WHERE journal.event = events.id
                ORDER BY n LIMIT $2) AS page
            WHERE archived_at < now() - make_interval(days => $1) LIMIT $2),
        over AS (
            DELETE FROM journal WHERE ctid = ANY (ARRAY(SELECT at FROM page))
            RETURNING event, n, hash),
        last AS (SELECT DISTINCT ON (event) event, n, hash FROM over ORDER BY event, n DESC),
        begun AS (
            UPDATE journal_heads SET begins_n = last.n, begins_hash = last.hash
            FROM last WHERE journal_heads.event = last.event),
        without_heads AS (
            DELETE FROM signed_heads USING last
            WHERE signed_heads.event = last.event AND signed_heads.n <= last.n)
        SELECT count(*) FROM over""", 90),
    # Bans that have ended: who was banned, and why, is in the journal.
    Rule("bans", 90, _older("bans", "until")),
    # An archived event takes no identity any more; the digest of one may be guessed from a list.
    Rule("subjects", 30, """
        WITH over AS (
            DELETE FROM subjects WHERE ctid = ANY (ARRAY(
                SELECT page.at FROM events CROSS JOIN LATERAL (
                    SELECT subjects.ctid AS at FROM subjects WHERE subjects.event = events.id
                    ORDER BY subject LIMIT $2) AS page
                WHERE archived_at < now() - make_interval(days => $1)
                LIMIT $2)) RETURNING 1)
        SELECT count(*) FROM over"""),
    # Holds that nobody has ever tried to pay.
    Rule("bookings", 90, """
        WITH over AS (
            DELETE FROM bookings WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM bookings
                WHERE state IN ('expired', 'released') AND attempt = 0
                    AND changed_at < now() - make_interval(days => $1)
                ORDER BY changed_at LIMIT $2)) RETURNING id),
        without_states AS (
            DELETE FROM states WHERE booking = ANY (ARRAY(SELECT id FROM over))),
        without_mails AS (
            DELETE FROM mails WHERE booking = ANY (ARRAY(SELECT id FROM over)))
        SELECT count(*) FROM over"""),
    # An address goes a month after the last show of its event; where the booking has ended without
    # tickets, a week after that.
    Rule("contacts", 30, """
        WITH due AS (
            SELECT contacts.booking, bookings.id IS NULL
                OR coalesce((SELECT max(starts_at) FROM shows WHERE shows.event = bookings.event),
                            bookings.created_at) < now() - make_interval(days => $1)
                OR (bookings.state IN ('expired', 'released', 'refunded')
                    AND changed_at < now() - interval '7 days') AS is_over
            FROM contacts LEFT JOIN bookings ON bookings.id = contacts.booking
            WHERE due_at <= now() ORDER BY due_at LIMIT $2),
        later AS (
            UPDATE contacts SET due_at = now() + interval '1 day' FROM due
            WHERE contacts.booking = due.booking AND NOT is_over),
        over AS (
            DELETE FROM contacts USING due WHERE contacts.booking = due.booking AND is_over)
        SELECT count(*) FROM due"""),
)  # fmt: skip


DAYS_MAX = 36_500


def days_of(text: str) -> dict[str, int]:
    """Return the days by rule that a text names, as `mails=30,places=365`.

    Raises:
        ValueError: saying what it must be.
    """
    rules = {rule.name: rule for rule in RULES}
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, days = (word.strip() for word in part.partition("="))
        if name not in rules:
            raise ValueError(f"{name!r} is none of {', '.join(rules)}")
        days_min = rules[name].days_min
        if not days.isascii() or not days.isdigit() or not days_min <= int(days) <= DAYS_MAX:
            raise ValueError(f"{name} wants days from {days_min} to {DAYS_MAX}, as {name}=90")
        found[name] = int(days)
    return found


class Retention:
    """Deletes what is over, once a minute, in the process that holds the lease.

    `days` are the ages of rules that have others than their own.
    """

    def __init__(self, pool: Pool, holder: str, days: Mapping[str, int] = NO_DAYS) -> None:
        self._pool = pool
        self._days = days
        self._lease = Lease(pool, "retention", holder)
        self._next_at = time.monotonic() + EVERY_S

    async def run_once(self) -> int:
        """Delete, if a minute has passed. Return how many rows it was."""
        if time.monotonic() < self._next_at or not await self._lease.is_held():
            return 0
        self._next_at = time.monotonic() + EVERY_S
        return sum([await self.delete(rule) for rule in RULES])

    async def delete(self, rule: Rule, page: int = PAGE) -> int:
        """Delete all rows of a rule, page by page. Return how many were looked at."""
        done, days = 0, self._days.get(rule.name, rule.days)
        while True:
            found: int = await self._pool.fetchval(rule.statement, days, page)
            done += found
            if found < page:
                return done
            await asyncio.sleep(PAUSE_S)

    async def release(self) -> None:
        """Release the lease, so that another process may delete."""
        await self._lease.release()
