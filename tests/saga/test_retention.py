"""Retention: what is over is deleted in pages, and what somebody needs still is kept."""

import uuid

import pytest

from booking_rush.booking.messaging import outbox
from booking_rush.booking.saga.retention import RULES, Retention
from booking_rush.postgres import Pool
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


@pytest.mark.parametrize("name", RULE)
async def test_each_rule_ends_where_nothing_is_over(retention: Retention, name: str) -> None:
    assert await retention.delete(RULE[name], page=1) == 0
