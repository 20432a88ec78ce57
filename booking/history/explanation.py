"""Explanation of a history: one sentence an entry, which says what it meant for a wait."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from booking_rush.booking.history.entries import (
    ADMISSION,
    CLOSED,
    DEFERRED,
    GIVEN_BEFORE,
    OF_DRAW,
    PUT_BACK,
    Entry,
)
from booking_rush.booking.history.in_force import CLOCK, in_force_of
from booking_rush.lua.line.changes import InForce

STATES = {
    "scheduled": "The event was created, and opens later.",
    "drawing": "The order of the lobby was being drawn.",
    "open": "The line was open: visitors were admitted as fast as its rules allow.",
    "paused": "The line was paused: nobody was admitted.",
    "draining": "Nobody could join any more; those in line were admitted.",
    "stopped": "The sale was stopped: its clock stood still, and nobody was admitted.",
    "continued": "The sale went on, every deadline later by the stop.",
    ADMISSION: "Visitors were admitted at another rate from then on.",
    "stock": "Visitors were told of prices and what is free from then on.",
    "bank_away": "Payments were not answered: the sale's clock stood still, and few were admitted.",
    "bank_back": "Payments were answered again, and every deadline was later by the outage.",
    "closed": "The event was closed, which ends every place.",
    CLOCK: "The clock by which visitors are admitted was corrected.",
    "recovered": "The line was loaded again after a fault; every recorded place stayed as it was.",
}
LAPSES = {
    "pass_over": "The time to book was over.",
    "late_over": "The missed turn was kept for its time and not taken.",
}


def explain(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return entries as members of the wire contract, each with one sentence `because`."""
    return [{**entry.members(), "because": because(entry)} for entry in entries]


def because(entry: Entry) -> str:
    """Return what an entry meant for a wait, as one sentence."""
    return SENTENCES[entry.what](entry)


def _admitted(entry: Entry) -> str:
    if entry.by:
        return f"Admitted out of turn by {entry.by}: {entry.why}"
    return f"Admitted: nobody with a smaller number was next in the lane {entry.lane}."


def _back(entry: Entry) -> str:
    if entry.why.startswith(PUT_BACK):
        return f"Put back into the place from before by {entry.by}."
    return "Heard of again: one of the next turns was theirs."


def _window(entry: Entry) -> str:
    if entry.why == DEFERRED:
        return (
            "So many of one network had got numbers just before that others came first: "
            "the number follows in a next window."
        )
    return (
        "Joined in a window that is drawn as a whole: "
        "within it nobody is sooner for having been faster."
    )


def _removed(entry: Entry) -> str:
    if entry.why == CLOSED:
        return STATES["closed"]
    return f"Removed by {entry.by or 'an operator'}{f': {entry.why}' if entry.why else '.'}"


def _rule(entry: Entry) -> str:
    try:
        rules: dict[str, Any] = msgspec.json.decode(entry.why, type=dict[str, Any])
    except msgspec.DecodeError:
        return f"A rule was set: {entry.why}"
    named = ", ".join(f"{name} {value}" for name, value in rules.items())
    return f"{entry.by or 'An operator'} set {named}."


def _state(entry: Entry) -> str:
    if entry.why == GIVEN_BEFORE:
        return "Entries before this one are not in the journal."
    if drawn := OF_DRAW.fullmatch(entry.why):
        return f"Lots were drawn for places {drawn[2]} to {drawn[3]} of the lane {entry.lane}."
    if found := in_force_of(entry.why):
        return _in_force(found)
    state, _, reason = entry.why.partition(": ")
    said = STATES.get(state, f"The event was {state}.")
    return f"{said} ({reason})" if reason else said


def _in_force(found: InForce) -> str:
    if found.stopped or found.state not in ("open", "draining"):
        return "From then on nobody was admitted in turn."
    at_once = f", and at once while fewer than {found.queue_from}" if found.queue_from else ""
    return (
        f"From then on up to {found.rate:g} visitors a second were admitted while fewer than "
        f"{found.active_max} were in{at_once}."
    )


SENTENCES: dict[str, Callable[[Entry], str]] = {
    "number": lambda one: (
        f"Joined the lane {one.lane} with number {one.number}: smaller numbers go first."
    ),
    "window": _window,
    "drawn": lambda one: f"The draw gave number {one.number} in the lane {one.lane}.",
    "admitted": _admitted,
    "late": lambda one: "Admitted, but not heard of in time: the turn was kept for a while.",
    "back": _back,
    "left": lambda one: "Left the line.",
    "removed": _removed,
    "lapsed": lambda one: LAPSES.get(one.why, "The place lapsed."),
    "purchased": lambda one: "Bought, which used up the pass.",
    "rule": _rule,
    "state": _state,
}
