"""The catalogue in Postgres: events with their shows and sections, their state and rules."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from booking_rush.booking import audit
from booking_rush.booking.catalogue import draws, sale_stops, timed_rules
from booking_rush.booking.catalogue.event_change import (
    check_change,
    check_earlier,
    fields_of,
    given,
)
from booking_rush.booking.catalogue.events import (
    EventChange,
    NewEvent,
)
from booking_rush.booking.catalogue.rows import Event, event_of, insert_sections, json_of
from booking_rush.booking.catalogue.undo import UNDOABLE
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import rule_act, state_act
from booking_rush.errors import Invalid, Refusal
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.event_registry import EVENT_ID, TOLD_SEED, UnknownEvent
from booking_rush.queue.rules import (
    Rules,
    WrongState,
    check_order,
    check_rate,
    next_state,
    rules_of,
)

FIXED = ("id", "shows", "rules")  # members that `change` refuses by name


class Exists(Refusal):
    """There is one of that id already."""

    code, status = "exists", 409


class Catalogue:
    """Reads and changes events; each change commits with its entry in the journal, of `who`."""

    def __init__(self, pool: Pool, time_zone: str = "UTC") -> None:
        """`time_zone` is that of new shows that are given without one."""
        self._pool = pool
        self._time_zone = time_zone

    async def create(self, new: NewEvent, *, who: str) -> Event:
        """Insert an event, in the state `scheduled`. Return it.

        Raises:
            Invalid: with one entry for each mistake.
            Exists: another event has this id.
        """
        await asyncio.to_thread(new.check)
        by_default = {"fairness": "lottery" if new.opens_at else "arrival"}
        rules = _rules_of(by_default | new.rules, "rules")
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await check_earlier(connection, rules, "rules.")
                await connection.execute(
                    """
                    INSERT INTO events (id, name, opens_at, closes_at, rules, venue, theme, terms,
                        names)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    new.id, new.name, new.opens_at, new.closes_at, json_of(rules),
                    json_of(new.venue), json_of(new.theme), json_of(new.terms), new.names,
                )  # fmt: skip
                await draws.make_seed(connection, new.id, rules.fairness)
                await connection.executemany(
                    """
                    INSERT INTO shows (event, id, starts_at, position, time_zone)
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    [
                        (new.id, show.id, show.starts_at, at, show.time_zone or self._time_zone)
                        for at, show in enumerate(new.shows)
                    ],
                )
                await insert_sections(connection, new.id, new.sections, first=0)
                await connection.execute("INSERT INTO recorded (event) VALUES ($1)", new.id)
                await audit.record(connection, who, "create", new.id, name=new.name)
                acts = [state_act("scheduled", by=who), rule_act(_members_of(rules), by=who)]
                await journal.append(connection, new.id, acts)
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
        """Change an event's times, zones and descriptions, and add sections. Return it.

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
            opens_at = given(change.opens_at, current.opens_at)
            closes_at = given(change.closes_at, current.closes_at)
            if opens_at != current.opens_at and current.state != "scheduled":
                raise WrongState(f"opens_at cannot be changed: the event is {current.state}")
            await asyncio.to_thread(check_change, current, change, opens_at, closes_at)
            await connection.execute(
                """
                UPDATE events SET name = $2, opens_at = $3, closes_at = $4, venue = $5, theme = $6,
                    terms = $7, names = $8, version = version + 1
                WHERE id = $1
                """,
                event, given(change.name, current.name), opens_at, closes_at,
                json_of(given(change.venue, current.venue)),
                json_of(given(change.theme, current.theme)),
                json_of(given(change.terms, current.terms)), given(change.names, current.names),
            )  # fmt: skip
            await connection.executemany(
                "UPDATE shows SET time_zone = $3 WHERE event = $1 AND id = $2",
                [(event, show, zone) for show, zone in change.time_zones.items()],
            )
            await connection.executemany(
                """
                UPDATE sections SET layout = jsonb_strip_nulls(
                    layout || jsonb_build_object('view', $3::text))
                WHERE event = $1 AND id = $2
                """,
                [(event, section, view) for section, view in change.views.items()],
            )
            await insert_sections(connection, event, change.sections, first=len(current.sections))
            await audit.record(connection, who, "change", event, **fields_of(change))
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
            if action == "open" and await draws.is_lottery_due(connection, event):
                state = "drawing"
            await connection.execute(
                """
                UPDATE events SET state = $2, reason = $3, version = version + 1,
                    closed_at = CASE WHEN $2 = 'closed' THEN now() END
                WHERE id = $1
                """,
                event, state, reason,
            )  # fmt: skip
            if state == "closed" and current.sale_clock.stopped_at:  # what is held may be paid
                await sale_stops.proceed(connection, event)
            if action in UNDOABLE:
                before: dict[str, Any] = {"state": current.state, "reason": current.reason}
                if state == "closed" and current.sale_clock.stopped_at:
                    before["stopped"] = {"reason": current.sale_clock.reason}
                await audit.record_undoable(
                    connection, who, action, event, before=before, detail={"reason": reason}
                )
            else:
                await audit.record(connection, who, action, event, reason=reason)
            await journal.append(connection, event, [state_act(state, by=who, reason=reason)])
        return await self.event(event)

    async def stop(self, event: str, *, who: str, reason: str | None = None) -> Event:
        """Stop an event's sale: its clock stands still until it continues. Return the event.

        Raises:
            UnknownEvent: there is none of this id.
            WrongState: the event is closed, or its sale is stopped already.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            if current.state == "closed" or current.sale_clock.stopped_at:
                raise WrongState("the event is closed, or its sale is stopped already")
            await sale_stops.stop(connection, event, reason)
            await audit.record(connection, who, "stop", event, reason=reason)
            await journal.append(connection, event, [state_act("stopped", by=who, reason=reason)])
        return await self.event(event)

    async def proceed(self, event: str, *, who: str) -> Event:
        """Let an event's sale continue; every deadline is later by the stop. Return the event.

        Raises:
            UnknownEvent: there is none of this id.
            WrongState: the event is closed, or its sale is not stopped.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            if current.state == "closed" or not current.sale_clock.stopped_at:
                raise WrongState("the event is closed, or its sale is not stopped")
            await sale_stops.proceed(connection, event)
            await audit.record(connection, who, "continue", event)
            await journal.append(connection, event, [state_act("continued", by=who)])
        return await self.event(event)

    async def set_rules(
        self, event: str, change: dict[str, Any], *, who: str, for_s: int | None = None
    ) -> Event:
        """Change some of an event's rules, for `for_s` seconds or for good. Return the event.

        Raises:
            UnknownEvent: there is none of this id.
            Invalid: a rule is unknown, or its value out of bounds, or can never work.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            current = await self._locked(connection, event)
            present: dict[str, Any] = msgspec.to_builtins(current.rules)
            rules = _rules_of({**present, **change})
            check_order(current.rules, rules, current.state)
            if "again_from" in change:
                await check_earlier(connection, rules)
            await connection.execute(
                "UPDATE events SET rules = $2, version = version + 1 WHERE id = $1",
                event, json_of(rules),
            )  # fmt: skip
            await draws.make_seed(connection, event, rules.fairness)
            before = {name: present[name] for name in change}
            if for_s is not None:
                await timed_rules.remember(connection, event, change, before, for_s)
            await audit.record_undoable(
                connection, who, "rules", event, before=before, detail=change
            )
            members = _members_of(rules)
            changed = {name: members[name] for name in sorted(change)}
            await journal.append(connection, event, [rule_act(changed, by=who)])
        return await self.event(event)

    async def apply_schedule(self) -> list[str]:
        """Open and close the events that are due by their times, and open those that are drawn.

        Return the ids of those.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                f"""
                UPDATE events SET version = version + 1, reason = NULL,
                    closed_at = CASE WHEN closes_at <= now() THEN now() END,
                    state = CASE WHEN closes_at <= now() THEN 'closed'
                        WHEN state = 'scheduled' AND {draws.IS_LOTTERY_DUE} THEN 'drawing'
                        ELSE 'open' END
                WHERE (state = 'scheduled' AND opens_at <= now())
                   OR (state = 'drawing' AND drawn_at IS NOT NULL)
                   OR (state <> 'closed' AND closes_at <= now())
                RETURNING id, state, drawn_at IS NOT NULL AS is_drawn
                """  # noqa: S608  a clause of draws.py
            )
            for row in sorted(rows, key=lambda row: row["id"]):
                if row["state"] == "closed":
                    await sale_stops.proceed(connection, row["id"])
                await audit.record(connection, "clock", _action_of(row), row["id"])
                await journal.append(connection, row["id"], [state_act(row["state"], by="clock")])
        return [row["id"] for row in rows]

    async def _locked(self, connection: Connection, event: str) -> Event:
        if not await audit.lock_event(connection, event):
            raise UnknownEvent(f"there is no event {event!r}")
        return await self.event(event)

    async def _events(self, clauses: str, *arguments: object) -> list[Event]:
        rows = await self._pool.fetch(
            f"""
            SELECT events.*, {TOLD_SEED} AS told_seed,
                encode(sha256(lottery_seed), 'hex') AS lottery_commitment,
                encode(sha256(window_key), 'hex') AS window_commitment,
                (SELECT json_agg(json_build_object('lane', lane, 'first', first, 'last', last)
                                 ORDER BY lane)
                 FROM draws WHERE event = events.id AND window_ = 0
                    AND drawn_at IS NOT NULL) AS draws,
                (SELECT json_agg(json_build_object('id', id, 'starts_at', starts_at,
                                                   'time_zone', time_zone) ORDER BY position)
                 FROM shows WHERE event = events.id) AS shows,
                (SELECT json_agg(sections ORDER BY position)
                 FROM sections WHERE event = events.id) AS sections,
                (SELECT json_build_object('until', until, 'before', before)
                 FROM timed_rules WHERE event = events.id) AS timed_rules
            FROM events {clauses}
            """,  # noqa: S608  the clauses are those of this file
            *arguments,
        )
        return [event_of(row) for row in rows]


def _action_of(row: asyncpg.Record) -> str:
    """Return the action by which the clock has moved an event to its state."""
    if row["state"] == "closed":
        return "close"
    return "draw" if row["is_drawn"] else "open"


def _members_of(rules: Rules) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(rules)
    return members


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
