"""The behaviour of a crowd: where it wants to sit, and that it fills no house for good."""

import random
from collections import Counter

from booking_rush.server.crowd.behaviour import (
    ENDINGS,
    METHODS,
    FreeRow,
    choose_seats,
    draw_plan,
    gives_back,
)

FREE = [FreeRow("stalls", name, depth, "." * 20) for depth, name in enumerate("ABCDEFGH")]


def chosen(rows: list[FreeRow], standing: list[tuple[str, int]], times: int = 400) -> Counter[str]:
    rng = random.Random(1)
    requests = [choose_seats(rng, 2, rows, standing) for _ in range(times)]
    return Counter(seat for request in requests if request for seat in request.get("seats", []))


def test_the_front_and_the_middle_are_wanted_most() -> None:
    seats = chosen(FREE, [])
    rows = Counter[str]()
    for seat, times in seats.items():
        rows[seat.split(".")[1][0]] += times

    assert rows["A"] > 2 * rows["H"]
    assert seats["stalls.A-10"] > 2 * seats["stalls.A-1"]


def test_only_free_seats_side_by_side_are_chosen() -> None:
    rows = [FreeRow("stalls", "A", 0, "s.h.x"), FreeRow("stalls", "B", 1, "ss..s")]

    assert set(chosen(rows, [])) == {"stalls.B-3", "stalls.B-4"}


def test_who_finds_nothing_chooses_nothing() -> None:
    rng = random.Random(1)

    assert choose_seats(rng, 2, [FreeRow("stalls", "A", 0, ".s.")], [("floor", 1)]) is None
    assert choose_seats(rng, 2, [], [("floor", 2)]) == {"section": "floor", "quantity": 2}


def test_every_ending_and_every_payment_method_occurs() -> None:
    rng = random.Random(1)
    plans = [draw_plan(rng) for _ in range(2000)]

    assert {plan.ending for plan in plans} == set(ENDINGS)
    assert {plan.method for plan in plans} == set(METHODS)


def test_tickets_come_back_from_a_full_house_and_not_from_an_empty_one() -> None:
    rng = random.Random(1)

    assert not any(gives_back(rng, 0.0) for _ in range(100))
    assert all(gives_back(rng, 1.0) for _ in range(100))
