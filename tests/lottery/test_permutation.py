"""The permutation of a draw: a permutation, every one as likely, and the same for everybody."""

import hashlib
from collections import Counter
from itertools import permutations
from math import factorial, sqrt

import pytest

from booking_rush.queue.lottery.permutation import permute


def key_of(draw: int) -> bytes:
    """The key of one of many draws, the same in each run of the tests."""
    return hashlib.sha256(f"draw {draw}".encode()).digest()


def chi_square_z(counts: Counter[int], cells: int) -> float:
    """By how many standard deviations the counts differ from equal ones.

    Chi-square is close to a normal distribution (Wilson and Hilferty, 1931): 2.33 is p = 0.01.
    """
    expected, freedom = counts.total() / cells, cells - 1
    chi_square = sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))
    spread = 2 / (9 * freedom)
    deviation: float = (chi_square / freedom) ** (1 / 3) - (1 - spread)
    return deviation / sqrt(spread)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 16, 17, 255, 256, 1000, 5003])
def test_every_index_gets_a_number_of_its_own(count: int) -> None:
    numbers = [permute(key_of(1), count, index) for index in range(1, count + 1)]

    assert sorted(numbers) == list(range(1, count + 1))


@pytest.mark.parametrize("index", [1, 50, 100])
def test_a_place_in_the_lobby_says_nothing_of_the_number_over_a_thousand_draws(index: int) -> None:
    drawn = Counter(permute(key_of(draw), 100, index) - 1 for draw in range(1000))

    assert chi_square_z(drawn, 100) < 2.33


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_every_order_of_a_few_is_drawn_as_often(count: int) -> None:
    orders = {order: at for at, order in enumerate(permutations(range(1, count + 1)))}
    drawn = Counter(
        orders[tuple(permute(key_of(draw), count, index) for index in range(1, count + 1))]
        for draw in range(4000)
    )

    assert chi_square_z(drawn, factorial(count)) < 2.33


def test_another_key_is_another_order() -> None:
    first, second = (
        [permute(key_of(draw), 50, index) for index in range(1, 51)] for draw in (1, 2)
    )

    assert first != second


def test_the_numbers_of_a_known_key_never_change() -> None:
    """Receipts are checked years later, by programs of others: these are the golden numbers."""
    golden = [permute(bytes(range(32)), 10, index) for index in range(1, 11)]

    assert golden == [3, 2, 8, 10, 4, 7, 9, 1, 6, 5]


@pytest.mark.parametrize("index", [-1, 0, 11])
def test_an_index_that_was_not_given_has_no_number(index: int) -> None:
    with pytest.raises(ValueError, match="not one of 1 to 10"):
        permute(key_of(1), 10, index)
