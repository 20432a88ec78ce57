"""Personal data: exported whole, erased for good, and only once nobody needs them."""

import json
import uuid
from typing import Any

import pytest

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import Act, digest_of
from booking_rush.booking.holds import personal_data
from booking_rush.booking.holds.personal_data import StillNeeded, UnknownPerson
from booking_rush.postgres import Pool
from tests.support.message_log import BOOKING

ADDRESS = "anna@example.org"


@pytest.fixture
async def sold(pool: Pool) -> uuid.UUID:
    """A booking of the visitor `v_anna` for a show that is over, and one of somebody else."""
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    await pool.execute("INSERT INTO shows VALUES ('demo', 'a', now() - interval '1 h', 1)")
    found = [await booking(pool, "v_anna", ADDRESS), await booking(pool, "v_bert", "b@example.org")]
    for number, visitor in enumerate(("v_anna", "v_bert"), 1):
        await pool.execute(
            "INSERT INTO places VALUES ('demo', 'main', $1, $2, 'ended', 1, 1, 1, 1, 'left')",
            number, visitor,
        )  # fmt: skip
        async with pool.acquire() as connection, connection.transaction():
            await journal.append(connection, "demo", [Act("left", visitor, "main", number)])
    return found[0]


async def booking(pool: Pool, visitor: str, email: str) -> uuid.UUID:
    id_ = uuid.uuid4()
    await pool.execute(BOOKING, id_)
    await pool.execute(
        "INSERT INTO contacts (booking, email, language, name) VALUES ($1, $2, 'en', $3)",
        id_, email, f"Name of {visitor}",
    )  # fmt: skip
    await pool.execute(
        "UPDATE bookings SET visitor = $2, state = 'confirmed', step = 2 WHERE id = $1",
        id_, visitor,
    )  # fmt: skip
    await pool.execute(
        """
        INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms,
            state, client_secret) VALUES ($1, 1, 'bank', 'ok', 5, 'EUR', 1, 'captured', 'secret')
        """,
        id_,
    )
    return id_


async def everything(pool: Pool) -> str:
    """All that Postgres has, as one text."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = [await pool.fetch(f"SELECT t::text FROM {row['tablename']} AS t") for row in tables]
    return "\n".join(str(row[0]) for rows in found for row in rows)


@pytest.mark.parametrize("person", ["v_anna", ADDRESS, ADDRESS.upper()])
async def test_an_export_has_all_of_a_person_and_of_nobody_else(
    pool: Pool, sold: uuid.UUID, person: str
) -> None:
    found: dict[str, Any] = json.loads(await personal_data.export(pool, person))

    assert found["visitors"] == ["v_anna"]
    assert [row["id"] for row in found["bookings"]] == [str(sold)]
    assert [row["email"] for row in found["contacts"]] == [ADDRESS]
    assert [row["name"] for row in found["contacts"]] == ["Name of v_anna"]
    assert [row["number"] for row in found["places"]] == [1]
    assert [row["state"] for row in found["states"]] == ["paying", "confirmed"]
    assert [row["who"] for row in found["journal"]] == [digest_of("demo", "v_anna")]
    assert [row["amount"] for row in found["payments"]] == [5]
    assert "secret" not in str(found)
    assert "v_bert" not in str(found)
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE what = 'person_exported'") == 1


@pytest.mark.parametrize("person", ["v_anna", ADDRESS])
async def test_an_erased_person_is_nowhere_and_the_money_is(
    pool: Pool, sold: uuid.UUID, person: str
) -> None:
    told = await personal_data.erase(pool, person)
    text = await everything(pool)

    assert "1 bookings" in told
    assert "anna" not in text
    assert "v_bert" in text
    assert "b@example.org" in text
    row = await pool.fetchrow("SELECT * FROM bookings WHERE id = $1", sold)
    assert row is not None
    assert (row["state"], row["total"], row["step"]) == ("confirmed", 5, 2)
    assert await pool.fetchval("SELECT amount FROM payments WHERE booking = $1", sold) == 5
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE what = 'person_erased'") == 1
    with pytest.raises(UnknownPerson):
        await personal_data.erase(pool, person)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bookings SET state = 'refunding' WHERE visitor = 'v_anna'",
        "UPDATE shows SET starts_at = now() + interval '1 h'",
        "UPDATE places SET state = 'waiting' WHERE visitor = 'v_anna'",
    ],
)
async def test_nobody_is_erased_in_the_middle_of_a_sale(
    pool: Pool, sold: uuid.UUID, change: str
) -> None:
    await pool.execute(change)
    before = await everything(pool)

    with pytest.raises(StillNeeded, match=r"booking|place in demo"):
        await personal_data.erase(pool, "v_anna")

    assert await everything(pool) == before


async def test_nobody_is_found_by_a_stranger_s_name(pool: Pool, sold: uuid.UUID) -> None:
    for person in ("v_nobody", "nobody@example.org", "%", ""):
        with pytest.raises(UnknownPerson):
            await personal_data.export(pool, person)
