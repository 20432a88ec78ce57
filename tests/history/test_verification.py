"""Verification of a journal: an altered, removed or swapped row is found, and its place is told."""

from collections.abc import Callable
from typing import Any

import pytest

from booking_rush.booking.history.entries import (
    GIVEN_BEFORE,
    Act,
    Entry,
    Head,
    What,
    deferral_act,
    draw_act,
)
from booking_rush.booking.history.verification import Verification
from booking_rush.queue.lottery.draw import Draw
from tests.history.verifiers import (
    entries_of,
    found_by_program,
    mistake_in_entries,
    program_under_docs,
)


def act(what: What, number: int, *, by: str = "", visitor: str = "", lane: str = "main") -> Act:
    return Act(what, visitor or f"v_{number}", lane, number, "why" if by else "", by, at_ms=number)


def in_lobby(index: int) -> Act:
    return act("window", 0, visitor=f"v_{index}")._replace(why=f"window 0, index {index}")


def drawn(index: int, number: int) -> Act:
    return act("drawn", number, visitor=f"v_{index}")._replace(why=f"window 0, index {index}")


def admitted(index: int, number: int) -> Act:
    return act("admitted", number, visitor=f"v_{index}")


DRAW = draw_act("main", 0, 1, 2, at_ms=1)
FAIR = [
    *(act("number", n) for n in range(1, 7)),
    act("admitted", 1), act("left", 2), act("admitted", 3), act("late", 1),
    act("admitted", 6, by="admin"), act("back", 1), act("admitted", 1), act("purchased", 1),
    act("lapsed", 3), act("number", 7, visitor="v_1"),
]  # fmt: skip


def test_a_fair_line_follows() -> None:
    assert mistake_in_entries(entries_of(FAIR)) == ""


def altered(entries: list[Entry]) -> list[Entry]:
    members: dict[str, Any] = {**entries[4].members(), "number": 50}
    entries[4] = Entry(**members)
    return entries


def removed(entries: list[Entry]) -> list[Entry]:
    return entries[:4] + entries[5:]


def swapped(entries: list[Entry]) -> list[Entry]:
    return [*entries[:4], entries[5], entries[4], *entries[6:]]


@pytest.mark.parametrize("change", [altered, removed, swapped])
def test_a_changed_row_is_found_where_it_stands(
    change: Callable[[list[Entry]], list[Entry]],
) -> None:
    assert "entry " in mistake_in_entries(change(entries_of(FAIR)))
    assert mistake_in_entries(change(entries_of(FAIR))).split(":")[0] in ("entry 5", "entry 6")


def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_signed() -> None:
    signed = {6: entries_of(FAIR)[5].hash}
    others = [act("number", 1, visitor="v_eve"), *FAIR[1:6]]

    assert mistake_in_entries(entries_of(others)) == ""
    assert (
        mistake_in_entries(entries_of(others), signed) == "entry 6: another hash was signed for it"
    )


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([act("number", 2), act("number", 1)], "number 1 was given after 2"),
        ([act("number", 1), act("left", 1), act("number", 1)], "number 1 was given after 1"),
        (
            [act("number", 1), act("number", 2, visitor="v_1")],
            "its visitor has a place already",
        ),
        ([act("admitted", 1)], "number 1 is nobody's"),
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
        ([act("number", 1), act("left", 1), act("admitted", 1)], "number 1 is nobody's"),
        ([act("drawn", 1)], "its visitor waits for no draw"),
        (
            [in_lobby(1), in_lobby(2), DRAW, drawn(1, 2), drawn(2, 2)],
            "number 2 was given before",
        ),
        ([in_lobby(1), in_lobby(2), DRAW, drawn(1, 3)], "window 0 has the numbers 1 to 2"),
        ([in_lobby(1), drawn(1, 1)], "window 0 was not drawn yet"),
        ([in_lobby(1), in_lobby(1)], "its visitor has a place already"),
        (
            [in_lobby(1), in_lobby(2), DRAW, drawn(1, 2), drawn(2, 1), admitted(1, 2)],
            "number 2 was admitted while 1 waits",
        ),
        (
            [in_lobby(1), in_lobby(2), DRAW, drawn(1, 1), admitted(1, 1)],
            "number 1 was admitted while those from 1 on were being drawn",
        ),
        (
            [in_lobby(1), act("number", 2), act("admitted", 2)],
            "number 2 was admitted while those from 1 on were being drawn",
        ),
    ],
)
def test_what_the_rules_forbid_is_found(acts: list[Act], why: str) -> None:
    assert mistake_in_entries(entries_of(acts)) == f"entry {len(acts)}: {why}"
    assert found_by_program(acts).startswith(f"entry {len(acts)}: ")


def test_a_draw_follows_and_its_seed_is_held_against_it() -> None:
    acts = [in_lobby(1), in_lobby(2), DRAW, drawn(1, 2), drawn(2, 1), admitted(2, 1)]

    def swapping(lane: str, window: int, first: int, last: int, index: int) -> int:
        return first + last - index

    def keeping(lane: str, window: int, first: int, last: int, index: int) -> int:
        return index

    assert mistake_in_entries(entries_of(acts), number_of=swapping) == ""
    assert mistake_in_entries(entries_of(acts), number_of=keeping) == (
        "entry 4: the seed gives index 1 number 1"
    )


@pytest.mark.parametrize("state", ["waiting", "admitted", "late"])
def test_who_was_removed_and_put_back_goes_on_as_before(state: str) -> None:
    put_back = act("back", 1, by="admin")._replace(why=f"put back: {state}")
    acts = [act("number", 1), act("removed", 1, by="admin"), put_back]
    after = {"waiting": act("admitted", 1), "admitted": act("purchased", 1), "late": act("back", 1)}

    assert mistake_in_entries(entries_of([*acts, after[state]])) == ""
    assert found_by_program([*acts, after[state]]) == ""
    no_hand = [*acts[:2], put_back._replace(by="")]
    assert mistake_in_entries(entries_of(no_hand)) == "entry 3: back after removed"


def test_who_was_let_in_out_of_the_lobby_comes_back_late_without_a_number() -> None:
    acts = [in_lobby(1), in_lobby(2)]
    for visitor in ("v_1", "v_2"):
        let_in = act("admitted", 0, visitor=visitor, by="admin")
        acts += [let_in, act("late", 0, visitor=visitor), act("back", 0, visitor=visitor)]
    again = [act("admitted", 0, visitor=visitor) for visitor in ("v_2", "v_1")]
    before_its_turn = [*acts, act("number", 5, visitor="v_5"), act("admitted", 0, visitor="v_5")]

    assert (
        mistake_in_entries(entries_of([*acts, *again])) == found_by_program([*acts, *again]) == ""
    )
    assert mistake_in_entries(entries_of(before_its_turn)) != ""
    assert found_by_program(before_its_turn) != ""


def test_the_program_under_docs_follows_a_fair_line() -> None:
    assert found_by_program(FAIR) == ""


def test_lanes_are_lines_of_their_own() -> None:
    acts = [act("number", 1), act("number", 1, visitor="v_p", lane="press")]
    press = act("admitted", 1, visitor="v_p", lane="press")

    assert mistake_in_entries(entries_of([*acts, press])) == ""


def test_numbers_from_before_the_journal_are_not_held_against_it() -> None:
    begun = Act("state", why=GIVEN_BEFORE)

    assert mistake_in_entries(entries_of([begun, act("admitted", 9), act("number", 10)])) == ""


def test_a_chain_whose_beginning_was_deleted_by_age_goes_on_from_where_it_is_kept() -> None:
    entries = entries_of(FAIR)
    verification = Verification(Head(6, entries[5].hash))

    for entry in entries[6:]:
        verification.follow(entry)

    assert verification.head.n == len(FAIR)


@pytest.mark.parametrize("window", [0, 7])
@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 9), (100, 163)])
def test_the_program_under_docs_draws_as_we_do(window: int, first: int, last: int) -> None:
    seed, drawing = bytes(range(32)), Draw("press", window, first, last)
    draw = program_under_docs()["draw"]

    for index in range(first, last + 1):
        ours = drawing.number(seed, index) - first + 1
        theirs = draw(seed.hex(), "press", str(window), last - first + 1, index - first + 1)
        assert ours == theirs


def test_a_deferred_join_gets_its_number_once_and_may_leave_before() -> None:
    deferred = [deferral_act(f"v_{n}", "main", n) for n in (1, 2, 3)]
    fair = [*deferred, act("number", 1), act("left", 0, visitor="v_2"), act("admitted", 1)]

    assert mistake_in_entries(entries_of(fair)) == found_by_program(fair) == ""
    twice = [*fair, act("number", 2, visitor="v_1")]
    assert "its visitor has a place already" in mistake_in_entries(entries_of(twice))
    assert "its visitor has a place already" in found_by_program(twice)


def test_places_of_an_undone_closing_are_what_they_were() -> None:
    """One waits for its draw, one has a number, one join is deferred."""
    closed = [act("removed", 0, visitor="v_1"), act("removed", 0, visitor="v_9")]
    back = [
        act("back", 0, visitor="v_1")._replace(why="put back: lobby", by="an operator"),
        act("back", 0, visitor="v_9")._replace(why="put back: deferred", by="an operator"),
    ]
    begun = [in_lobby(1), in_lobby(2), deferral_act("v_9", "main", 3)]
    fair = [*begun, *closed, *back, DRAW, drawn(1, 2), drawn(2, 1), act("number", 9)]

    assert mistake_in_entries(entries_of(fair)) == found_by_program(fair) == ""
