"""The order of an event, as visitors are told of it: by arrival, by a lottery or by windows."""

from collections.abc import Sequence
from typing import Any, Literal

Fairness = Literal["arrival", "lottery", "windows"]
WINDOW_SECONDS = 2


def lottery_members(
    commitment: str, seed: str | None, draws: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return `{commitment, seed, draws?}`; `draws` are the bounds of each lane, once it is drawn.

    With seed and bounds a visitor computes their own number from the index of their receipt.
    """
    members: dict[str, Any] = {"commitment": commitment, "seed": seed}
    return members | ({"draws": list(draws)} if draws else {})


def windows_members(seconds: int, commitment: str, key: str | None) -> dict[str, Any]:
    """Return `{seconds, commitment, key}`; the key is null before the event closes."""
    return {"seconds": seconds, "commitment": commitment, "key": key}
