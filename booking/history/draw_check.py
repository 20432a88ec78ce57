"""Check of draws by their seeds: the number that each index of a lobby or a window must have."""

from typing import Any

from booking_rush.booking.history.verification import NumberOf
from booking_rush.postgres import Pool
from booking_rush.queue.lottery.draw import LOTTERY, Draw
from booking_rush.queue.lottery.seeds import commitment_of


def numbers_by(lottery: bytes | None, windows: bytes | None) -> NumberOf:
    """Return a function that draws by these seeds: the lottery's, and the key of windows.

    It returns None of a draw whose seed is None: that is told later.
    """

    def number_of(lane: str, window: int, first: int, last: int, index: int) -> int | None:
        seed = lottery if window == LOTTERY else windows
        if seed is None:
            return None
        draw = Draw(lane, window, first, last)
        return draw.number(seed, index) if first <= index <= last else 0

    return number_of


async def numbers_of(pool: Pool, event: str) -> NumberOf:
    """Return the function that draws by the seeds of an event in Postgres."""
    row = await pool.fetchrow("SELECT lottery_seed, window_key FROM events WHERE id = $1", event)
    return numbers_by(*(row or (None, None)))


def numbers_told(event: dict[str, Any]) -> NumberOf:
    """Return the function that draws by the seeds that an event, as JSON, tells.

    Raises:
        ValueError: a seed is not the one that was committed to.
    """
    lottery: dict[str, Any] = event.get("lottery") or {}
    windows: dict[str, Any] = event.get("windows") or {}
    return numbers_by(_checked(lottery, "seed"), _checked(windows, "key"))


def _checked(told: dict[str, Any], name: str) -> bytes | None:
    if not told.get(name):
        return None
    seed = bytes.fromhex(told[name])
    if commitment_of(seed) != told["commitment"]:
        raise ValueError(f"the {name} of its draw is not the one that was committed to")
    return seed
