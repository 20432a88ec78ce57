"""Personal data: a person's rows are exported as JSON, or erased while their bookings stay.

A person is named by a visitor's id, or by an address that was given at a checkout: then it is
every visitor who gave it. The law of money needs bookings and payments for years, so these keep
their amounts, seats and dates, and belong to a pseudonym that leads back to nobody.
"""

import secrets
from typing import Any

import orjson

from booking_rush.booking import audit
from booking_rush.booking.holds.states import UNFINISHED
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool

WHO = "command line"


class UnknownPerson(Refusal):
    """We have nothing of such a person."""

    code, status = "unknown_person", 404


class StillNeeded(Refusal):
    """That person's data are needed still."""

    code, status = "still_needed", 409


async def export(pool: Pool, person: str) -> str:
    """Return as JSON what Postgres has of a person, and record the export in the journal.

    Raises:
        UnknownPerson: it has nothing.
    """
    async with pool.acquire() as connection, connection.transaction():
        visitors = await _visitors_of(connection, person)
        found: dict[str, Any] = {"person": person, "visitors": visitors}
        for name, statement in TABLES.items():
            rows = await connection.fetch(statement, visitors)
            found[name] = [orjson.loads(row["row"]) for row in rows]
        counts: dict[str, Any] = {name: len(found[name]) for name in TABLES}
        await audit.record(connection, WHO, "person_exported", **counts)
    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()


async def erase(pool: Pool, person: str) -> str:
    """Delete a person's addresses, mails and places, and give their bookings to a pseudonym.

    Return a line that says so. The journal records it without the person.

    Raises:
        UnknownPerson: Postgres has nothing of the person.
        StillNeeded: they wait, hold, pay or are refunded, or have tickets for a show to come.
    """
    pseudonym = f"v_erased_{secrets.token_hex(8)}"
    async with pool.acquire() as connection, connection.transaction():
        visitors = await _visitors_of(connection, person)
        await _check_over(connection, visitors)
        counts: dict[str, Any] = {}
        for name, statement in ERASURES.items():
            arguments = (visitors, pseudonym) if "$2" in statement else (visitors,)
            done = await connection.execute(statement, *arguments)
            counts[name] = int(done.rpartition(" ")[2])
        await audit.record(connection, WHO, "person_erased", pseudonym=pseudonym, **counts)
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"erased: {told}; bookings now belong to {pseudonym}"


async def _visitors_of(connection: Connection, person: str) -> list[str]:
    """Return the visitors that a person is. An id has no `@`, an address does."""
    statement = BY_ADDRESS if "@" in person else BY_ID
    visitors = [row["visitor"] for row in await connection.fetch(statement, person)]
    if not visitors:
        raise UnknownPerson(f"no booking and no place belongs to {person}")
    return visitors


async def _check_over(connection: Connection, visitors: list[str]) -> None:
    needed = await connection.fetch(NEEDED, visitors, sorted(UNFINISHED))
    if needed:
        told = ", ".join(row["what"] for row in needed)
        raise StillNeeded(f"these are not over, cancel them or wait: {told}")


BY_ID = """
    SELECT $1::text AS visitor WHERE EXISTS (SELECT FROM bookings WHERE visitor = $1)
        OR EXISTS (SELECT FROM places WHERE visitor = $1)
        OR EXISTS (SELECT FROM deferred_joins WHERE visitor = $1)"""
BY_ADDRESS = """
    SELECT DISTINCT visitor FROM contacts JOIN bookings ON bookings.id = contacts.booking
    WHERE lower(email) = lower($1) ORDER BY visitor"""
NEEDED = """
    (SELECT 'booking ' || id AS what FROM bookings
     WHERE visitor = ANY($1) AND (state = ANY($2) OR state = 'confirmed' AND EXISTS (
        SELECT FROM shows WHERE shows.event = bookings.event AND starts_at > now()))
     ORDER BY id LIMIT 10)
    UNION ALL
    (SELECT 'place in ' || event FROM places WHERE visitor = ANY($1) AND state <> 'ended'
     LIMIT 10)
    UNION ALL
    (SELECT 'place in ' || event FROM deferred_joins WHERE visitor = ANY($1) LIMIT 10)"""

# ruff: noqa: S608  the statements below are made of this file alone
OF_BOOKINGS = "booking IN (SELECT id FROM bookings WHERE visitor = ANY($1))"
# A person's rows as JSON, by table. Secrets of payments are no one's to read.
TABLES = {
    "bookings": """
        SELECT to_json(bookings) AS row FROM bookings WHERE visitor = ANY($1) ORDER BY id""",
    "states": f"SELECT to_json(states) AS row FROM states WHERE {OF_BOOKINGS} ORDER BY seq",
    "payments": f"""
        SELECT to_jsonb(payments) - 'client_secret' AS row FROM payments WHERE {OF_BOOKINGS}
        ORDER BY booking, attempt""",
    "contacts": f"SELECT to_json(contacts) AS row FROM contacts WHERE {OF_BOOKINGS}",
    "mails": f"SELECT to_json(mails) AS row FROM mails WHERE {OF_BOOKINGS}",
    "places": """
        SELECT to_json(places) AS row FROM places WHERE visitor = ANY($1)
        ORDER BY event, lane, number""",
    "deferred_joins": """
        SELECT to_json(deferred_joins) AS row FROM deferred_joins WHERE visitor = ANY($1)
        ORDER BY event""",
    "journal": """
        SELECT to_jsonb(journal) || jsonb_build_object('who', encode(who, 'hex'),
            'hash', encode(hash, 'hex')) AS row
        FROM (SELECT DISTINCT event, visitor FROM places WHERE visitor = ANY($1)) AS own
        JOIN journal ON journal.event = own.event
            AND who = sha256(convert_to(own.event || ':' || own.visitor, 'UTF8'))
        ORDER BY journal.event, n""",
}  # fmt: skip
# In this order: bookings are found by their visitor until they have another.
ERASURES = {
    "contacts": f"DELETE FROM contacts WHERE {OF_BOOKINGS}",
    "mails": f"DELETE FROM mails WHERE {OF_BOOKINGS}",
    "places": "UPDATE places SET visitor = $2 WHERE visitor = ANY($1)",
    "bookings": """
        UPDATE bookings SET visitor = $2, key = '', fingerprint = '' WHERE visitor = ANY($1)""",
}
