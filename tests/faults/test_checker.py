"""The checker of fault runs: a sale without fault passes, each broken promise is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.mutants import EDITS, Edit
from tests.support.crowds.checker import (
    INVARIANTS,
    Booking,
    Evidence,
    Movement,
    RecordedState,
    SentState,
    violations,
)

ROOT = Path(__file__).parents[2]

ADA = Booking("a", "ada", "confirmed", "", ("stalls.A-1",), 1, 100)
BOB = Booking("b", "bob", "refunded", "floor", (), 2, 80)
BOBS_STATES = ("held", "paying", "confirmed", "refunding", "refunded")
STEPS = [
    *(RecordedState("b", step, state) for step, state in enumerate(BOBS_STATES, 1)),
    *(RecordedState("a", step, state) for step, state in enumerate(BOBS_STATES[:3], 1)),
]
LEDGER = [
    Movement("pay:a:1", "a", "capture", 100),
    Movement("pay:b:1", "b", "capture", 80),
    Movement("pay:b:1", "b", "refund", 80),
]
SENT = [
    *(SentState("ada", "a", state) for state in BOBS_STATES[:3]),
    *(SentState("bob", "b", state) for state in BOBS_STATES),
]
GOOD = Evidence(SENT, [ADA, BOB], STEPS, LEDGER, [*STEPS, *STEPS], {"floor": 2})
SECOND = [RecordedState("c", step, state) for step, state in enumerate(BOBS_STATES[:3], 1)]


def with_second(booking: Booking) -> dict[str, Any]:
    """Return the members of evidence in which a third booking was confirmed."""
    return {
        "bookings": [ADA, BOB, booking],
        "states": [*STEPS, *SECOND],
        "topic": [*STEPS, *SECOND],
        "ledger": [*LEDGER, Movement("pay:c:1", "c", "capture", 100)],
    }


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "nothing was seen": ({"sent": []}, "something was seen"),
    "a log was lost": ({"topic": []}, "something was seen"),
    "a seat is sold twice": (
        with_second(Booking("c", "cat", "confirmed", "", ("stalls.A-1",), 1, 100)),
        "no seat twice",
    ),
    "more places than there are": (
        with_second(Booking("c", "cat", "confirmed", "floor", (), 3, 100)),
        "no seat twice",
    ),
    "a charge captures twice": ({"ledger": [LEDGER[0], *LEDGER]}, "no cent lost"),
    "a refund comes twice": ({"ledger": [*LEDGER, LEDGER[2]]}, "no cent lost"),
    "a refund never comes": ({"ledger": LEDGER[:2]}, "no cent lost"),
    "nobody paid": ({"ledger": LEDGER[1:]}, "no cent lost"),
    "a booking stands still": ({"bookings": [ADA, BOB._replace(state="refunding")]}, "one end"),
    "something is on its way": ({"unsettled": ["an order waits"]}, "one end"),
    "a step is missing": ({"states": [STEPS[0], *STEPS[2:]]}, "one end"),
    "a booking is gone": (
        {"sent": [*SENT, SentState("ada", "z", "held")]},
        "what was told is true",
    ),
    "another's booking was told": (
        {"sent": [*SENT, SentState("eve", "a", "confirmed")]},
        "what was told is true",
    ),
    "a ticket was taken back": (
        {"sent": [*SENT, SentState("ada", "a", "expired")]},
        "what was told is true",
    ),
    "a confirmation was invented": (
        {"states": STEPS[:5], "bookings": [ADA, BOB], "sent": SENT[:3]},
        "one end",
    ),
    "a state was not told": ({"topic": STEPS[:-1]}, "the topic tells all in order"),
    "states were told in another order": (
        {"topic": [STEPS[1], STEPS[0], *STEPS[2:]]},
        "the topic tells all in order",
    ),
    "the stores differ": ({"differing": ["stalls.A-1 sold, in Redis h"]}, "the stores agree"),
}


def test_a_sale_that_went_well_passes() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_promise_is_named(name: str) -> None:
    changes, invariant = BROKEN[name]
    found = violations(replace(GOOD, **changes))
    assert any(line.startswith(f"{invariant}: ") for line in found), found


def test_every_invariant_is_broken_by_something() -> None:
    assert {invariant for _, invariant in BROKEN.values()} == set(INVARIANTS)


def test_a_seat_may_be_sold_again_once_it_was_given_back() -> None:
    floor = Booking("c", "cat", "confirmed", "floor", (), 2, 100)
    assert violations(replace(GOOD, **with_second(floor))) == []


@pytest.mark.parametrize(
    "edit", sorted({edit for edits in EDITS.values() for edit in edits}), ids=lambda edit: edit.text
)
def test_every_mutant_still_finds_what_it_takes_away(edit: Edit) -> None:
    """Notice a defence that has moved here, and not in the middle of a fault run."""
    source = ROOT / f"{edit.module.replace('.', '/')}.py"
    assert source.read_text().count(edit.text) == 1
