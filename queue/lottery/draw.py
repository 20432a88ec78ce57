"""A draw: the joins of one lobby, or of one window, and the numbers that they are drawn."""

from typing import NamedTuple

from booking_rush.queue.lottery.permutation import permute
from booking_rush.queue.lottery.seeds import lane_seed, window_seed

LOTTERY = 0  # the window of the lobby before opening; all others come after


class Draw(NamedTuple):
    """Draw of the indexes `first` to `last` of a lane, which change among one another.

    Joins of a lane have indexes in the order of their coming, and a draw gives each of them one of
    the same numbers. Who left before it leaves a gap.
    """

    lane: str
    window: int
    first: int
    last: int

    def key(self, seed: bytes) -> bytes:
        """Return the key of the permutation; `seed` is the lottery's, or the key of windows."""
        of_window = seed if self.window == LOTTERY else window_seed(seed, self.window)
        return lane_seed(of_window, self.lane)

    def number(self, seed: bytes, index: int) -> int:
        """Return the number of an index.

        Raises:
            ValueError: the index is not in this draw.
        """
        before, count = self.first - 1, self.last - self.first + 1
        return before + permute(self.key(seed), count, index - before)


def window_at(at_ms: int, window_seconds: int) -> int:
    """Return the window of a moment: windows are counted from 1970, so no clock begins anew."""
    return at_ms // (window_seconds * 1000)
