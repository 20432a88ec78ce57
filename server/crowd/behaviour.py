"""Behaviour of a crowd's visitors: plans, pauses and seats, drawn from a random source; pure."""

import math
import random
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Ending = Literal["pay", "forget", "release", "give_up"]
HoldRequest = dict[str, Any]  # members of `hold.create`: seats, or a section and a quantity

# Shares of what becomes of a turn, and of payment methods; each column adds up to 100.
ENDINGS: dict[Ending, int] = {"pay": 82, "forget": 4, "release": 7, "give_up": 7}
METHODS = {"ok": 84, "declined": 8, "slow": 6, "lost": 1, "late": 1}
QUANTITIES = {1: 20, 2: 52, 3: 10, 4: 18}
IMPATIENT = 0.04  # leave the line before their turn
PAYS_AGAIN = 0.7  # of those whose payment was declined
LETS_CHOOSE = 0.15  # of those who want seats: the best ones, by the server's choice
# Bounds in seconds of how long each of these takes.
PATIENCE_S = (20.0, 120.0)
CHOOSING_S = (4.0, 25.0)
HOLDING_S = (3.0, 15.0)
ABSENCE_S = (5.0, 25.0)
REGRET_S = (5.0, 30.0)
ROWS_BACK = 5.0  # how many rows further back make a seat e times less wanted
SEATS_ASIDE = 6.0  # the same of seats away from the middle


class Plan(NamedTuple):
    """One visit, decided before it begins; times are seconds."""

    quantity: int
    patience_s: float
    choosing_s: float
    holding_s: float
    ending: Ending
    method: str


class FreeRow(NamedTuple):
    """A row as it was last seen: `.` is a free seat; `depth` counts from the front."""

    section: str
    name: str
    depth: int
    seats: str


def draw_plan(rng: random.Random) -> Plan:
    """Draw the plan of one visit."""
    return Plan(
        quantity=_draw(rng, QUANTITIES),
        patience_s=rng.uniform(*PATIENCE_S) if rng.random() < IMPATIENT else math.inf,
        choosing_s=rng.uniform(*CHOOSING_S),
        holding_s=rng.uniform(*HOLDING_S),
        ending=_draw(rng, ENDINGS),
        method=_draw(rng, METHODS),
    )


def choose_seats(
    rng: random.Random,
    quantity: int,
    rows: Sequence[FreeRow],
    standing: Sequence[tuple[str, int]],
) -> HoldRequest | None:
    """Choose seats side by side near the middle, or places to stand; None where nothing fits.

    `standing` has the free places of each standing section. Sections are wanted by how much of
    them is free, so that a crowd fills them side by side.
    """
    free = {section: float(count) for section, count in standing if count >= quantity}
    for row in rows:
        if "." * quantity in row.seats:
            free[row.section] = free.get(row.section, 0) + row.seats.count(".")
    if not free:
        return None
    section = _draw(rng, free)
    if section in dict(standing) or rng.random() < LETS_CHOOSE:
        return {"section": section, "quantity": quantity}
    wanted: dict[tuple[str, int], float] = {}
    for row in rows:
        if row.section == section:
            wanted |= _blocks(row, quantity)
    name, first = _draw(rng, wanted)
    return {"seats": [f"{section}.{name}-{first + beside}" for beside in range(quantity)]}


def gives_back(rng: random.Random, sold_share: float) -> bool:
    """Return whether a buyer returns the tickets: the fuller the house, the more of them do.

    So a house is never sold out for good, however long a crowd comes.
    """
    return rng.random() < sold_share


def _blocks(row: FreeRow, quantity: int) -> dict[tuple[str, int], float]:
    """Return free blocks of a row, as its name and their first seat, with how wanted they are."""
    middle = (len(row.seats) + 1 - quantity) / 2
    return {
        (row.name, at + 1): math.exp(-row.depth / ROWS_BACK - abs(at + 0.5 - middle) / SEATS_ASIDE)
        for at in range(len(row.seats) - quantity + 1)
        if row.seats[at : at + quantity] == "." * quantity
    }


def _draw(rng: random.Random, weights: dict[Any, Any]) -> Any:
    """Return one of the keys, each with the probability of its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]
