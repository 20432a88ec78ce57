"""Draws and their seeds: what is published before, and what everybody can compute afterwards."""

import hashlib
import hmac
import random
from itertools import pairwise
from math import sqrt
from statistics import fmean

import pytest

from booking_rush.queue.lottery.draw import LOTTERY, Draw, window_at
from booking_rush.queue.lottery.seeds import commitment_of, new_seed, window_seed

KEY = b"k" * 32


def test_the_commitment_is_the_hash_of_the_seed() -> None:
    seed = new_seed()

    assert len(seed) == 32
    assert commitment_of(seed) == hashlib.sha256(seed).hexdigest()
    assert new_seed() != seed


def test_the_seed_of_a_window_is_the_hmac_of_its_number() -> None:
    assert window_seed(KEY, 17) == hmac.new(KEY, b"17", "sha256").digest()


def test_a_draw_gives_its_own_numbers_and_no_others() -> None:
    draw = Draw("main", 7, first=101, last=150)

    assert sorted(draw.number(KEY, index) for index in range(101, 151)) == list(range(101, 151))


def test_an_index_of_another_draw_has_no_number_in_this_one() -> None:
    with pytest.raises(ValueError, match="not one of"):
        Draw("main", 7, first=101, last=150).number(KEY, 151)


@pytest.mark.parametrize(
    "other",
    [Draw("press", LOTTERY, 1, 50), Draw("main", 1, 1, 50), Draw("main", LOTTERY, 1, 51)],
    ids=["lane", "window", "count"],
)
def test_another_lane_window_or_count_is_another_order(other: Draw) -> None:
    draw = Draw("main", LOTTERY, 1, 50)

    assert [draw.number(KEY, i) for i in range(1, 51)] != [
        other.number(KEY, i) for i in range(1, 51)
    ]


def joined_in_windows(run: int) -> list[tuple[int, bool, int]]:
    """Draw ten windows of 1,000, half of whom come 800 ms later; return window, half and number."""
    chance = random.Random(run)
    joins = list[tuple[int, bool]]()
    for window in range(1, 11):
        for _ in range(1000):
            is_late = chance.random() < 0.5
            at_ms = window * 2000 + chance.randrange(1200) + (800 if is_late else 0)
            joins.append((at_ms, is_late))
    joins.sort()
    windows = [window_at(at_ms, 2) for at_ms, _ in joins]
    draws = dict[int, Draw]()
    for window in set(windows):
        first = windows.index(window) + 1
        draws[window] = Draw("main", window, first, first + windows.count(window) - 1)
    key = hashlib.sha256(f"run {run}".encode()).digest()
    return [
        (window, is_late, draws[window].number(key, index))
        for index, (window, (_, is_late)) in enumerate(zip(windows, joins, strict=True), 1)
    ]


def rank_z(joined: list[tuple[int, bool, int]]) -> float:
    """By how many standard deviations the late half's mean rank in its window is off the middle."""
    late = list[float]()
    for window in {window for window, _, _ in joined}:
        numbers = [(number, is_late) for at, is_late, number in joined if at == window]
        ranks = {number: rank for rank, (number, _) in enumerate(sorted(numbers), 1)}
        late += [ranks[number] / (len(numbers) + 1) for number, is_late in numbers if is_late]
    return (fmean(late) - 0.5) * sqrt(12 * len(late))  # ranks are uniform: variance 1/12


def test_being_800_ms_faster_buys_nothing_and_a_window_earlier_does() -> None:
    """Over 100 runs of 10,000 joins. The mean of 100 deviations has a tenth of their spread."""
    deviations = list[float]()
    for run in range(100):
        joined = joined_in_windows(run)
        deviations.append(rank_z(joined))
        in_order = sorted((number, window) for window, _, number in joined)
        assert all(one <= then for (_, one), (_, then) in pairwise(in_order))

    assert abs(fmean(deviations)) * len(deviations) ** 0.5 < 1.96  # p > 0.05
