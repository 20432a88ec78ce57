"""Permutation of the indexes 1 to n under a key: who knows key, n and index knows the number.

It is a Feistel network with cycle walking (Black and Rogaway, "Ciphers with arbitrary finite
domains", 2002): an index is split into two halves, each round adds a pseudorandom function of one
half to the other, and what falls beyond n is encrypted again until it does not. Halves are added
and not xored: the latter cannot make every permutation of a few indexes. Each number is computed by
itself, so a draw goes page by page, and a visitor checks their own with a few hashes.
"""

import hmac
from functools import lru_cache

ROUNDS = 16  # the halves of a small draw have few bits, which fewer rounds mix badly
TABLES_MAX = 8  # draws of which the rounds are remembered


def permute(key: bytes, count: int, index: int) -> int:
    """Return the place, 1 to count, that an index, 1 to count, is drawn.

    Round r, from 0 on, adds to the left half the first four bytes, big-endian, of
    HMAC-SHA-256(key, "count:r:right half"), all in decimal; then the halves change sides.

    Raises:
        ValueError: the index is not one of 1 to count.
    """
    if not 1 <= index <= count:
        raise ValueError(f"index {index} is not one of 1 to {count}")
    bits = half_bits(count)
    mask, rounds, at = (1 << bits) - 1, _rounds(key, count), index - 1
    while True:
        left, right = at >> bits, at & mask
        for function in rounds:
            left, right = right, left + function[right] & mask
        at = left << bits | right
        if at < count:
            return at + 1


def half_bits(count: int) -> int:
    """Return the bits of a half: two halves say more values than there are indexes."""
    return (count.bit_length() + 1) // 2


@lru_cache(maxsize=TABLES_MAX)
def _rounds(key: bytes, count: int) -> list[list[int]]:
    """Return the function of each round as a table: of a million indexes 1,024 values a round."""
    size = 1 << half_bits(count)
    return [
        [_value(key, count, turn, half) % size for half in range(size)] for turn in range(ROUNDS)
    ]


def _value(key: bytes, count: int, turn: int, half: int) -> int:
    digest = hmac.digest(key, f"{count}:{turn}:{half}".encode(), "sha256")
    return int.from_bytes(digest[:4])
