"""Retention: what is over is deleted in pages, and what somebody needs still is kept."""

import json
import uuid
from typing import Any

import pytest

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import Act
from booking_rush.booking.history.verification import Verification
from booking_rush.booking.messaging import outbox
from booking_rush.booking.saga.retention import RULES, Retention, days_of
from booking_rush.postgres import Pool
from booking_rush.server.runtime.settings import SettingsError, read
from tests.support.message_log import BOOKING

RULE = {rule.name: rule for rule in RULES}


@pytest.fixture
async def retention(pool: Pool) -> Retention:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    return Retention(pool, "tests")


async def test_rows_of_the_outbox_go_a_day_after_they_are_done(
    pool: Pool, retention: Retention
) -> None:
    """Thousands of parked rows, older than all others, do not stand in the way."""
    orders = [outbox.order(uuid.uuid4(), "demo", "tell", 1, 1) for _ in range(25)]
    async with pool.acquire() as connection:
        await outbox.enqueue(connection, orders)
    await pool.execute("UPDATE outbox SET parked = true WHERE seq % 5 = 0")
    await pool.execute("UPDATE outbox SET done_at = now() - interval '25 h' WHERE seq % 5 = 1")
    await pool.execute("UPDATE outbox SET done_at = now() - interval '23 h' WHERE seq % 5 = 2")

    assert await retention.delete(RULE["outbox"], page=2) == 5
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 20


async def test_a_hold_that_nobody_paid_goes_with_its_states(
    pool: Pool, retention: Retention
) -> None:
    for changed, attempt in ((91, 0), (89, 0), (91, 1)):
        id_ = uuid.uuid4()
        await pool.execute(BOOKING, id_)
        await pool.execute(
            """
            UPDATE bookings SET state = 'expired', attempt = $2, step = 2,
                changed_at = now() - make_interval(days => $3) WHERE id = $1
            """,
            id_, attempt, changed,
        )  # fmt: skip

    assert await retention.delete(RULE["bookings"], page=1) == 1
    assert await pool.fetchval("SELECT count(*) FROM bookings") == 2
    assert await pool.fetchval("SELECT count(DISTINCT booking) FROM states") == 2


async def test_addresses_go_first(pool: Pool, retention: Retention) -> None:
    """A contact of a show to come stays, and is looked at again a day later."""
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('past', 'E', 'closed', '{}')"
    )
    for event, days in (("demo", 1), ("past", -31)):
        await pool.execute(
            "INSERT INTO shows VALUES ($1, 'a', now() + make_interval(days => $2), 1)", event, days
        )
    kept = set[uuid.UUID]()
    for event, state, changed, is_kept in (
        ("demo", "confirmed", 60, True),
        ("past", "confirmed", 60, False),
        ("demo", "expired", 8, False),
        ("demo", "expired", 6, True),
    ):
        id_ = uuid.uuid4()
        await pool.execute(BOOKING, id_)
        await pool.execute(
            """
            UPDATE bookings SET event = $2, state = $3,
                changed_at = now() - make_interval(days => $4) WHERE id = $1
            """,
            id_, event, state, changed,
        )  # fmt: skip
        await pool.execute("INSERT INTO contacts VALUES ($1, 'a@example.org', 'en', now())", id_)
        kept |= {id_} if is_kept else set()

    await retention.delete(RULE["contacts"], page=3)

    rows = await pool.fetch("SELECT booking, due_at > now() AS later FROM contacts")
    assert {row["booking"] for row in rows} == kept
    assert all(row["later"] for row in rows)


async def test_bans_and_subjects_go_when_nobody_needs_them(
    pool: Pool, retention: Retention
) -> None:
    await pool.execute(
        """
        INSERT INTO events (id, name, state, rules, archived_at) VALUES
            ('old', 'E', 'closed', '{}', now() - interval '31 days'),
            ('new', 'E', 'closed', '{}', now() - interval '29 days')
        """
    )
    for event in ("demo", "old", "new"):
        await pool.execute("INSERT INTO subjects VALUES ($1, 'a', 'v'), ($1, 'b', 'w')", event)
    for days in (91, 89, -1):
        await pool.execute(
            """
            INSERT INTO bans (id, event, visitor, reason, until, who)
            VALUES (gen_random_uuid(), 'demo', 'v', 'r', now() - make_interval(days => $1), 'w')
            """,
            days,
        )

    assert await retention.delete(RULE["subjects"], page=1) == 2
    assert await retention.delete(RULE["bans"], page=1) == 1
    left = await pool.fetch("SELECT DISTINCT event FROM subjects ORDER BY event")
    assert [row["event"] for row in left] == ["demo", "new"]
    assert await pool.fetchval("SELECT count(*) FROM bans") == 2


async def test_an_age_of_the_settings_replaces_that_of_the_rule(pool: Pool) -> None:
    order = outbox.order(uuid.uuid4(), "demo", "tell", 1, 1)
    async with pool.acquire() as connection:
        await outbox.enqueue(connection, [order])
    await pool.execute("UPDATE outbox SET done_at = now() - interval '4 days'")

    assert await Retention(pool, "tests", days_of("outbox = 5")).delete(RULE["outbox"]) == 0
    assert await Retention(pool, "tests", days_of("inbox=9,outbox=3")).delete(RULE["outbox"]) == 1


@pytest.mark.parametrize(
    "text",
    ["mail=3", "mails", "mails=", "mails=0", "mails=-1", "mails=1.5", "mails=40000", "audit=729",
     "journal=89", "mails=3;dead=4", "mails=٣"],
)  # fmt: skip
def test_an_age_that_cannot_be_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="RUSH_RETENTION_DAYS"):
        read({"RUSH_RETENTION_DAYS": text})


@pytest.mark.parametrize("name", RULE)
async def test_each_rule_ends_where_nothing_is_over(retention: Retention, name: str) -> None:
    assert await retention.delete(RULE[name], page=1) == 0


async def test_the_journal_is_kept_for_two_years_whoever_deletes(
    pool: Pool, retention: Retention
) -> None:
    for days in (729, 731):
        await pool.execute(
            """
            INSERT INTO audit (at, who, what, detail)
            VALUES (now() - make_interval(days => $1), 'w', $1::text, '{}')
            """,
            days,
        )
    await retention.delete(RULE["audit"], page=1)
    await pool.execute("DELETE FROM audit")

    assert [row["what"] for row in await pool.fetch("SELECT what FROM audit")] == ["729"]


async def test_places_and_draws_of_archived_events_go(pool: Pool, retention: Retention) -> None:
    for event, archived in (("old", 91), ("new", 89)):
        await pool.execute(
            """
            INSERT INTO events (id, name, state, rules, archived_at)
            VALUES ($1, 'E', 'closed', '{}', now() - make_interval(days => $2))
            """,
            event, archived,
        )  # fmt: skip
    await pool.execute(
        """
        INSERT INTO places SELECT event, 'main', number, 'v' || number, 'ended', 1, 1, 1, 1, 'left'
        FROM unnest(ARRAY['demo', 'old', 'new']) AS event, generate_series(1, 5) AS number
        """
    )

    await pool.execute("INSERT INTO draws SELECT event, lane, number, number, number FROM places")

    for name in ("places", "draws"):
        assert await retention.delete(RULE[name], page=2) == 5
        left = await pool.fetch(f"SELECT DISTINCT event FROM {name} ORDER BY event")
        assert [row["event"] for row in left] == ["demo", "new"]


async def test_a_journal_goes_from_its_beginning_and_the_rest_still_follows(
    pool: Pool, retention: Retention
) -> None:
    await pool.execute(
        """
        INSERT INTO events (id, name, state, rules, archived_at) VALUES
            ('old', 'E', 'closed', '{}', now() - interval '91 days'),
            ('new', 'E', 'closed', '{}', now() - interval '89 days')
        """
    )
    for event in ("demo", "old", "new"):
        async with pool.acquire() as connection, connection.transaction():
            acts = [Act("number", f"v_{n}", "main", n) for n in (1, 2, 3, 4, 5)]
            await journal.append(connection, event, acts)
    whole = await journal.read(pool, "old", after=0, limit=10)

    assert await pool.fetchval(RULE["journal"].statement, 90, 2) == 2
    left = await journal.read(pool, "old", after=0, limit=10)
    verification = Verification(left.begins)
    for entry in left.entries:
        verification.follow(entry)
    assert left.entries == whole.entries[2:]
    assert verification.head[:2] == whole.head[:2]

    assert await retention.delete(RULE["journal"], page=2) == 3
    kept = await pool.fetch("SELECT event, count(*) FROM journal GROUP BY event ORDER BY event")
    assert [tuple(row) for row in kept] == [("demo", 5), ("new", 5)]


# Rows of a year of sales, by table: what retention finds must be found by an index.
A_YEAR = """
    INSERT INTO events (id, name, state, rules, archived_at)
        SELECT 'e' || n, 'E', 'closed', '{}', now() - make_interval(days => n)
        FROM generate_series(1, 360) AS n;
    INSERT INTO places SELECT 'e' || (n % 360 + 1), 'main', n, 'v' || n, 'ended', 1, 1, 1, 1, 'left'
        FROM generate_series(1, 20000) AS n;
    INSERT INTO draws SELECT 'e' || (n % 360 + 1), 'main', n, n, n
        FROM generate_series(1, 20000) AS n;
    INSERT INTO journal SELECT 'e' || (n % 360 + 1), n, 1, 'number',
            sha256(int4send(n)), 'main', n, '', '', sha256(int4send(n))
        FROM generate_series(1, 20000) AS n;
    INSERT INTO journal_heads (event, n) SELECT 'e' || n, 1 FROM generate_series(1, 360) AS n;
    INSERT INTO signed_heads SELECT 'e' || (n % 360 + 1), n, 's'
        FROM generate_series(1, 20000) AS n;
    INSERT INTO bookings (id, event, visitor, state, section, seats, quantity, prices, currency,
        total, adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, changed_at)
        SELECT gen_random_uuid(), 'demo', 'v' || n,
            CASE WHEN n % 10 = 0 THEN 'expired' ELSE 'confirmed' END,
            'floor', '{}', 1, '{5}', 'EUR', 5, true, 'k', 'f', 1, 1, 1, 1, 1, 0, 0, 0,
            now() - make_interval(hours => n)
        FROM generate_series(1, 20000) AS n;
    INSERT INTO contacts SELECT id, visitor || '@example.org', 'en', now() + interval '1 day'
        FROM bookings;
    INSERT INTO mails (booking, kind, sent_at) SELECT id, 'confirmed', changed_at FROM bookings;
    INSERT INTO outbox (id, booking, event, topic, kind, attempt, step, done_at)
        SELECT gen_random_uuid(), id, 'demo', 'orders', 'tell', 1, 1, now() FROM bookings;
    INSERT INTO inbox SELECT 'conduct', id, now() - make_interval(secs => row_number() OVER ())
        FROM bookings;
    INSERT INTO dead SELECT id, 'orders', 'k', '', 'r', 'd', 1, changed_at FROM bookings;
    INSERT INTO broadcasts SELECT id, 'demo', 't', 'info', 'all', changed_at, 'o', id::text, 'f'
        FROM bookings;
    INSERT INTO audit (at, who, what, detail) SELECT changed_at, 'w', 'w', '{}' FROM bookings;
    INSERT INTO bans (id, event, visitor, reason, until, who)
        SELECT id, 'demo', visitor, 'r', changed_at, 'w' FROM bookings;
    INSERT INTO subjects SELECT 'e' || (n % 360 + 1), int4send(n), 'v' || n
        FROM generate_series(1, 20000) AS n
"""
GROWING = {
    "places", "bookings", "contacts", "mails", "outbox", "inbox", "dead", "broadcasts", "audit",
    "states", "journal", "signed_heads", "draws", "bans", "subjects",
}  # fmt: skip


async def test_no_page_is_found_by_reading_a_table(pool: Pool, retention: Retention) -> None:
    await pool.execute(A_YEAR, timeout=120)
    await pool.execute("ANALYZE", timeout=120)
    read: dict[str, set[str]] = {}
    for rule in RULES:
        statement = rule.statement.replace("$1", str(rule.days)).replace("$2", "100")
        [row] = await pool.fetch(f"EXPLAIN (FORMAT JSON) {statement}")
        read[rule.name] = scanned(json.loads(row[0])[0]["Plan"]) & GROWING

    assert {name: tables for name, tables in read.items() if tables} == {}


def scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from one end to the other."""
    own = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set[str]()
    return own.union(*(scanned(part) for part in plan.get("Plans", [])))
