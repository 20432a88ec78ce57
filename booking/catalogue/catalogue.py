"""The catalogue in Postgres: events with their shows and sections, their state and rules."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import orjson

from booking_rush.booking import audit
from booking_rush.booking.catalogue.events import (
    EventChange,
    NewEvent,
    SeatedSection,
    Section,
    Show,
    check_sections,
    check_times,
    kind_of,
)
from booking_rush.errors import Invalid, Refusal
from booking_rush.lua.commands import EventState
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.event_registry import EVENT_ID, UnknownEvent
from booking_rush.queue.rules import Rules, WrongState, check_rate, next_state, rules_of
from booking_rush.text import as_line
from booking_rush.timestamps import instant

FIXED = ("id", "shows", "rules")  # members that `change` refuses by name


class Exists(Refusal):
    """There is one of that id already."""

    code, status = "exists", 409


@dataclass(frozen=True, slots=True)
class Event:
    """A row of `events`, with its shows and sections."""

    id: str
    name: str
    opens_at: datetime | None
    closes_at: datetime | None
    state: EventState
    reason: str | None
    rules: Rules
    version: int
    shows: list[Show]
    sections: list[Section]

    def members(self, state: str | None = None) -> dict[str, Any]:
        """Serialize it for visitors; `state` replaces its own, as `recovering` does."""
        return {
            "id": self.id,
            "name": self.name,
            "state": state or self.state,
            "reason": self.reason,
            "opens_at": instant(self.opens_at),
            "closes_at": instant(self.closes_at),
            "shows": [{"id": show.id, "starts_at": instant(show.starts_at)} for show in self.shows],
            "sections": [
                {
                    "id": section.id,
                    "show": section.show,
                    "name": section.name,
                    "kind": kind_of(section),
                    "price": msgspec.to_builtins(section.price),
                }
                for section in self.sections
            ],
            "limits": {
                "tickets_per_visitor_max": self.rules.tickets_per_visitor_max,
                "hold_seconds": self.rules.hold_seconds,
                "extensions_max": self.rules.extensions_max,
                "pass_seconds": self.rules.pass_seconds,
            },
        }

    def operator_members(self, state: str | None = None) -> dict[str, Any]:
        """Serialize it for operators: with the rules."""
        return {**self.members(state), "rules": msgspec.to_builtins(self.rules)}


class Catalogue:
    """Reads and changes events; each change commits with its entry in the journal, of `who`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, new: NewEvent, *, who: str) -> Event:
        """Insert an event, in the state `scheduled`. Return it.

        Raises:
            Invalid: with one entry for each mistake.
            Exists: another event has this id.
        """
        await asyncio.to_thread(new.check)
        rules = _rules_of(new.rules, "rules")
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    """
                    INSERT INTO events (id, name, opens_at, closes_at, rules)
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    new.id, new.name, new.opens_at, new.closes_at, _json(rules),
                )  # fmt: skip
                await connection.executemany(
                    "INSERT INTO shows (event, id, starts_at, position) VALUES ($1, $2, $3, $4)",
                    [(new.id, show.id, show.starts_at, at) for at, show in enumerate(new.shows)],
                )
                await _insert_sections(connection, new.id, new.sections, first=0)
                await connection.execute("INSERT INTO recorded (event) VALUES ($1)", new.id)
                await audit.record(connection, who, "create", new.id, name=new.name)
        except asyncpg.UniqueViolationError:
            raise Exists(f"there is an event {new.id!r} already") from None
        return await self.event(new.id)

    async def event(self, event: str) -> Event:
        """Return one event.

        Raises:
            UnknownEvent: there is none of this id.
        """
        found = await self._events("WHERE id = $1", event) if EVENT_ID.match(event) else []
        if not found:
            raise UnknownEvent(f"there is no event {event!r}")
        return found[0]

    async def some(self, events: Sequence[str]) -> list[Event]:
        """Return those of these events that exist, in any order."""
        return await self._events("WHERE id = ANY($1)", list(events))

    async def newest(self, *, limit: int, after: str | None) -> list[Event]:
        """Return up to `limit` events, the newest first; `after` is the last of the page before."""
        return await self._events(
            """
            WHERE $2::text IS NULL OR EXISTS (SELECT FROM events AS last WHERE last.id = $2
                AND (events.created_at, last.id) < (last.created_at, events.id))
            ORDER BY created_at DESC, id LIMIT $1
            """,
            limit,
            after,
        )

    async def change(self, event: str, change: EventChange, *, who: str) -> Event:
        """Change an event's name and times, and add sections. Return the event.

        Raises:
            UnknownEvent: there is none of this id.
            Invalid: a value cannot be.
            WrongState: a member that is fixed, or `opens_at` of an event that has opened.
        """
        fixed = [name for name in FIXED if getattr(change, name) is not msgspec.UNSET]
        if fixed:
            raise WrongState(f"{', '.join(fixed)} cannot be changed here")
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            opens_at = _given(change.opens_at, current.opens_at)
            closes_at = _given(change.closes_at, current.closes_at)
            if opens_at != current.opens_at and current.state != "scheduled":
                raise WrongState(f"opens_at cannot be changed: the event is {current.state}")
            await asyncio.to_thread(_check_change, current, change.sections, opens_at, closes_at)
            await connection.execute(
                """
                UPDATE events SET name = $2, opens_at = $3, closes_at = $4, version = version + 1
                WHERE id = $1
                """,
                event, _given(change.name, current.name), opens_at, closes_at,
            )  # fmt: skip
            await _insert_sections(connection, event, change.sections, first=len(current.sections))
            await audit.record(connection, who, "change", event, **_fields_of(change))
        return await self.event(event)

    async def act(self, event: str, action: str, *, who: str, reason: str | None = None) -> Event:
        """Open, pause, resume, drain or close an event. Return it.

        Raises:
            UnknownEvent: there is none of this id.
            WrongState: the action does not fit the state.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            state = next_state(action, current.state)
            await connection.execute(
                """
                UPDATE events SET state = $2, reason = $3, version = version + 1 WHERE id = $1
                """,
                event, state, reason,
            )  # fmt: skip
            await audit.record(connection, who, action, event, reason=reason)
        return await self.event(event)

    async def set_rules(self, event: str, change: dict[str, Any], *, who: str) -> Event:
        """Change some of an event's rules. Return the event.

        Raises:
            UnknownEvent: there is none of this id.
            Invalid: a rule is unknown, or its value out of bounds.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            rules = _rules_of({**msgspec.to_builtins(current.rules), **change})
            await connection.execute(
                "UPDATE events SET rules = $2, version = version + 1 WHERE id = $1",
                event, _json(rules),
            )  # fmt: skip
            await audit.record(connection, who, "rules", event, **change)
        return await self.event(event)

    async def apply_schedule(self) -> list[str]:
        """Open and close the events that are due by their times. Return the ids of those."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                """
                UPDATE events SET version = version + 1, reason = NULL,
                    state = CASE WHEN closes_at <= now() THEN 'closed' ELSE 'open' END
                WHERE (state = 'scheduled' AND opens_at <= now())
                   OR (state <> 'closed' AND closes_at <= now())
                RETURNING id, state
                """
            )
            for row in rows:
                action = "open" if row["state"] == "open" else "close"
                await audit.record(connection, "clock", action, row["id"])
        return [row["id"] for row in rows]

    async def _locked(self, connection: Connection, event: str) -> Event:
        found = await connection.fetchval("SELECT 1 FROM events WHERE id = $1 FOR UPDATE", event)
        if found is None:
            raise UnknownEvent(f"there is no event {event!r}")
        return await self.event(event)

    async def _events(self, clauses: str, *arguments: object) -> list[Event]:
        rows = await self._pool.fetch(
            f"""
            SELECT events.*,
                (SELECT json_agg(json_build_object('id', id, 'starts_at', starts_at)
                                 ORDER BY position)
                 FROM shows WHERE event = events.id) AS shows,
                (SELECT json_agg(sections ORDER BY position)
                 FROM sections WHERE event = events.id) AS sections
            FROM events {clauses}
            """,  # noqa: S608  the clauses are those of this file
            *arguments,
        )
        return [_event_of(row) for row in rows]


def _event_of(row: asyncpg.Record) -> Event:
    return Event(
        id=row["id"],
        name=row["name"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        state=row["state"],
        reason=row["reason"],
        rules=rules_of(orjson.loads(row["rules"])),
        version=row["version"],
        shows=msgspec.json.decode(row["shows"] or "[]", type=list[Show]),
        sections=[section_of(section) for section in orjson.loads(row["sections"] or "[]")],
    )


def section_of(row: dict[str, Any]) -> Section:
    """Return the section of a row of `sections`, as Postgres writes it in JSON."""
    price = {"amount": row["price_amount"], "currency": row["price_currency"]}
    fields = {name: row[name] for name in ("id", "show", "kind")}
    fields |= {"name": as_line(row["name"]), "price": price}
    if row["kind"] == "seated":
        fields |= {"rows": row["rows"], "closed": row["closed"]}
    else:
        fields |= {"capacity": row["capacity"]}
    section: Section = msgspec.convert(fields, Section)
    return section


async def _insert_sections(
    connection: Connection, event: str, sections: list[Section], *, first: int
) -> None:
    await connection.executemany(
        """
        INSERT INTO sections (event, id, show, name, kind, rows, closed, capacity,
            price_amount, price_currency, position)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        [
            (
                event, section.id, section.show, section.name, kind_of(section),
                _json(section.rows) if isinstance(section, SeatedSection) else None,
                section.closed if isinstance(section, SeatedSection) else [],
                section.capacity, section.price.amount, section.price.currency, position,
            )
            for position, section in enumerate(sections, first)
        ],
    )  # fmt: skip


def _check_change(
    current: Event, sections: list[Section], opens_at: datetime | None, closes_at: datetime | None
) -> None:
    shows = {show.id for show in current.shows}
    errors = check_sections([*current.sections, *sections], shows) if sections else []
    errors += check_times(opens_at, closes_at)
    if errors:
        raise Invalid(*errors)


def _given(value: Any, current: Any) -> Any:
    return current if value is msgspec.UNSET else value


def _fields_of(change: EventChange) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(change)
    return {**fields, "sections": [section.id for section in change.sections]}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _rules_of(fields: dict[str, Any], inside: str = "") -> Rules:
    """Check rules. A mistake is reported under its field, below the body's member `inside`."""
    try:
        rules = rules_of(fields)
        check_rate(rules)
        return rules
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$.")
        unknown = re.search("unknown field `(.+)`", why)
        name = unknown[1] if unknown else where.rstrip("`")
        raise Invalid((".".join(filter(None, (inside, name))) or "rules", why)) from None
