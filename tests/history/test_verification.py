"""Verification of a journal: an altered, removed or swapped row is found, and its place is told."""

from collections.abc import Callable, Sequence

import pytest

from booking_rush.booking.history.entries import GIVEN_BEFORE, Act, Entry, Head, What, chain
from booking_rush.booking.history.verification import NotFollowingError, Verification


def act(what: What, number: int, *, by: str = "", visitor: str = "", lane: str = "main") -> Act:
    return Act(what, visitor or f"v_{number}", lane, number, "why" if by else "", by, at_ms=number)


FAIR = [
    *(act("number", n) for n in range(1, 7)),
    act("admitted", 1), act("left", 2), act("admitted", 3), act("late", 1),
    act("admitted", 6, by="admin"), act("back", 1), act("admitted", 1), act("purchased", 1),
    act("lapsed", 3), act("number", 7, visitor="v_1"),
]  # fmt: skip


def entries_of(acts: Sequence[Act]) -> list[Entry]:
    return [entry for entry, _ in chain("gala", acts, Head())]


def mistake_in(entries: Sequence[Entry], signed: dict[int, str] | None = None) -> str:
    verification = Verification(signed=signed)
    try:
        for entry in entries:
            verification.follow(entry)
    except NotFollowingError as error:
        return str(error)
    return ""


def test_a_fair_line_follows() -> None:
    assert mistake_in(entries_of(FAIR)) == ""


def altered(entries: list[Entry]) -> list[Entry]:
    entries[4] = Entry(**{**entries[4].members(), "number": 50})
    return entries


def removed(entries: list[Entry]) -> list[Entry]:
    return entries[:4] + entries[5:]


def swapped(entries: list[Entry]) -> list[Entry]:
    return [*entries[:4], entries[5], entries[4], *entries[6:]]


@pytest.mark.parametrize("change", [altered, removed, swapped])
def test_a_changed_row_is_found_where_it_stands(
    change: Callable[[list[Entry]], list[Entry]],
) -> None:
    assert "entry " in mistake_in(change(entries_of(FAIR)))
    assert mistake_in(change(entries_of(FAIR))).split(":")[0] in ("entry 5", "entry 6")


def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_signed() -> None:
    signed = {6: entries_of(FAIR)[5].hash}
    others = [act("number", 1, visitor="v_eve"), *FAIR[1:6]]

    assert mistake_in(entries_of(others)) == ""
    assert mistake_in(entries_of(others), signed) == "entry 6: another hash was signed for it"


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([act("number", 2), act("number", 1)], "number 1 was given after 2"),
        ([act("number", 1), act("left", 1), act("number", 1)], "number 1 was given before"),
        (
            [act("number", 1), act("number", 2, visitor="v_1")],
            "its visitor has a place already",
        ),
        ([act("admitted", 1)], "number 1 was never given"),
        (
            [act("number", 1), act("number", 2), act("admitted", 2)],
            "number 2 was admitted while 1 waits",
        ),
        ([act("number", 1), act("back", 1)], "back after number"),
        (
            [act("number", 1), act("admitted", 1), act("late", 1), act("admitted", 1)],
            "admitted after late by nobody's hand",
        ),
        ([act("number", 1), act("left", 1, visitor="v_2")], "number 1 is another visitor's"),
        ([act("number", 1), act("left", 1), act("admitted", 1)], "admitted after left"),
    ],
)
def test_what_the_rules_forbid_is_found(acts: list[Act], why: str) -> None:
    assert mistake_in(entries_of(acts)) == f"entry {len(acts)}: {why}"


def test_lanes_are_lines_of_their_own() -> None:
    acts = [act("number", 1), act("number", 1, visitor="v_p", lane="press")]
    press = act("admitted", 1, visitor="v_p", lane="press")

    assert mistake_in(entries_of([*acts, press])) == ""


def test_numbers_from_before_the_journal_are_not_held_against_it() -> None:
    begun = Act("state", why=GIVEN_BEFORE)

    assert mistake_in(entries_of([begun, act("admitted", 9), act("number", 10)])) == ""


def test_a_chain_whose_beginning_was_deleted_by_age_goes_on_from_where_it_is_kept() -> None:
    entries = entries_of(FAIR)
    verification = Verification(Head(6, entries[5].hash))

    for entry in entries[6:]:
        verification.follow(entry)

    assert verification.head.n == len(FAIR)
