"""Rows of events in Postgres, and the events that they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import orjson

from booking_rush.booking.catalogue.events import (
    Names,
    SeatedSection,
    Section,
    Show,
    kind_of,
    price_members,
)
from booking_rush.booking.catalogue.presentation import Terms, Theme, Venue, layout_of
from booking_rush.lua.commands import EventState
from booking_rush.postgres import Connection
from booking_rush.queue.lottery.order import lottery_members, windows_members
from booking_rush.queue.rules import Rules, rules_of
from booking_rush.queue.sale_clock import RUNNING, SaleClock
from booking_rush.text import as_line
from booking_rush.timestamps import instant


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
    venue: Venue | None = None
    theme: Theme | None = None
    terms: Terms | None = None
    names: Names = "none"
    sale_clock: SaleClock = RUNNING
    timed_rules: dict[str, Any] | None = None
    lottery: dict[str, Any] | None = None
    windows: dict[str, Any] | None = None
    state_at: datetime | None = None
    archived_at: datetime | None = None

    def numbers(self) -> dict[str, float]:
        """Return what the moves read of the event: rules that are numbers, and the sale clock."""
        return self.rules.numbers() | self.sale_clock.numbers()

    def members(self, state: str | None = None) -> dict[str, Any]:
        """Serialize it for visitors; `state` replaces its own, as `recovering` does."""
        return {
            "id": self.id,
            "name": self.name,
            "state": state or self.state,
            "reason": self.reason,
            "opens_at": instant(self.opens_at),
            "closes_at": instant(self.closes_at),
            **self.sale_clock.members(),
            "fairness": self.rules.fairness,
            **({"halted": True} if self.rules.admits_nobody else {}),
            **{
                name: msgspec.to_builtins(value)
                for name, value in (
                    ("venue", self.venue),
                    ("theme", self.theme),
                    ("terms", self.terms),
                    ("lottery", self.lottery),
                    ("windows", self.windows),
                )
                if value
            },
            **({} if self.names == "none" else {"names": self.names}),
            "shows": [
                {
                    "id": show.id,
                    "starts_at": instant(show.starts_at),
                    "time_zone": show.time_zone,
                }
                for show in self.shows
            ],
            "sections": [
                {
                    "id": section.id,
                    "show": section.show,
                    "name": section.name,
                    "kind": kind_of(section),
                    **price_members(section),
                    **({"view": section.view} if section.view else {}),
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
        """Serialize it for operators: with its rules, and since when it is in its state."""
        more = {
            "timed_rules": self.timed_rules,
            "state_since": instant(self.state_at),
            "archived_at": instant(self.archived_at),
        }
        return {
            **self.members(state),
            "rules": msgspec.to_builtins(self.rules),
            **{name: value for name, value in more.items() if value},
        }

    def definition(self) -> dict[str, Any]:
        """Return the body of the request that creates the same event."""
        members = {name: getattr(self, name) for name in DEFINITION}
        body: dict[str, Any] = msgspec.to_builtins(members)
        return {name: value for name, value in body.items() if value is not None}


# Members of the body that creates an event; those without a value are left out of it.
DEFINITION = (
    "id", "name", "opens_at", "closes_at", "shows", "sections", "rules", "venue", "theme", "terms",
    "names",
)  # fmt: skip


def event_of(row: asyncpg.Record) -> Event:
    """Return the event of a row of `events`, with its shows and sections as JSON."""
    rules = rules_of(orjson.loads(row["rules"]))
    return Event(
        id=row["id"],
        name=row["name"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        state=row["state"],
        reason=row["reason"],
        rules=rules,
        version=row["version"],
        shows=msgspec.json.decode(row["shows"] or "[]", type=list[Show]),
        sections=[section_of(section) for section in orjson.loads(row["sections"] or "[]")],
        venue=msgspec.json.decode(row["venue"] or "null", type=Venue | None),
        theme=msgspec.json.decode(row["theme"] or "null", type=Theme | None),
        terms=msgspec.json.decode(row["terms"] or "null", type=Terms | None),
        names=row["names"],
        sale_clock=SaleClock(
            row["stopped_at"], row["stopped_reason"], row["stopped_ms"], row["bank_away_at"]
        ),
        timed_rules=_timed(row["timed_rules"]),
        lottery=_lottery_of(row),
        windows=_windows_of(row, rules),
        state_at=row["state_at"],
        archived_at=row["archived_at"],
    )


def _lottery_of(row: asyncpg.Record) -> dict[str, str | None] | None:
    """Return `{commitment, seed, draws?}`, the seed null before the draw; None: no lottery."""
    if row["lottery_seed"] is None:
        return None
    draws = orjson.loads(row["draws"] or "[]")
    return lottery_members(row["lottery_commitment"], row["told_seed"], draws)


def _windows_of(row: asyncpg.Record, rules: Rules) -> dict[str, Any] | None:
    """Return `{seconds, commitment, key}`, the key null before the event closes."""
    if row["window_key"] is None:
        return None
    key = row["window_key"].hex() if row["state"] == "closed" else None
    return windows_members(rules.window_seconds, row["window_commitment"], key)


def _timed(text: str | None) -> dict[str, Any] | None:
    """Return rules that were set for a time, by what they go back to, and until when."""
    found: dict[str, Any] | None = orjson.loads(text or "null")
    return found and {**found, "until": instant(datetime.fromisoformat(found["until"]))}


def section_of(row: dict[str, Any]) -> Section:
    """Return the section of a row of `sections`, as Postgres writes it in JSON."""
    price = {"amount": row["price_amount"], "currency": row["price_currency"]}
    fields = {name: row[name] for name in ("id", "show", "kind")}
    fields |= {"name": as_line(row["name"]), "price": price, "includes": row["includes"]}
    fields |= row["layout"]
    if row["kind"] == "seated":
        fields |= {"rows": row["rows"], "closed": row["closed"]}
    else:
        fields |= {"capacity": row["capacity"]}
    section: Section = msgspec.convert(fields, Section)
    return section


async def insert_sections(
    connection: Connection, event: str, sections: list[Section], *, first: int
) -> None:
    """Insert sections of an event; the first gets the position `first`."""
    await connection.executemany(
        """
        INSERT INTO sections (event, id, show, name, kind, rows, closed, capacity,
            price_amount, price_currency, position, layout, includes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        [
            (
                event, section.id, section.show, section.name, kind_of(section),
                json_of(section.rows) if isinstance(section, SeatedSection) else None,
                section.closed if isinstance(section, SeatedSection) else [],
                section.capacity, section.price.amount, section.price.currency, position,
                json_of(layout_of(section)), json_of(section.includes),
            )
            for position, section in enumerate(sections, first)
        ],
    )  # fmt: skip


def json_of(value: Any) -> str:
    """Return a value as JSON for a column."""
    return msgspec.json.encode(value).decode()
