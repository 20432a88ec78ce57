"""Set of numbers kept as ranges: a crowd that comes and goes at the end of a line costs nothing."""

from bisect import bisect_left, bisect_right
from itertools import accumulate


class NumberRanges:
    """Numbers as ranges, ascending; neighbours are one range."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []  # the last number of each range
        self._sizes: list[int] | None = None  # of each range and those before it; None: to be added
        self._size = 0

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return self._size

    def __contains__(self, number: int) -> bool:
        """Return whether a number is in a range."""
        at = bisect_right(self._begins, number)
        return at > 0 and number <= self._ends[at - 1]

    @property
    def ranges(self) -> int:
        """Return the number of ranges."""
        return len(self._begins)

    def add(self, begin: int, end: int) -> None:
        """Add the numbers from `begin` to `end`, and join them to their neighbours."""
        first = bisect_left(self._ends, begin - 1)
        last = bisect_right(self._begins, end + 1)
        replaced = 0
        if first < last:
            touched = zip(self._begins[first:last], self._ends[first:last], strict=True)
            replaced = sum(one_end - one + 1 for one, one_end in touched)
            begin, end = min(begin, self._begins[first]), max(end, self._ends[last - 1])
        self._begins[first:last], self._ends[first:last] = [begin], [end]
        self._size += end - begin + 1 - replaced
        self._sizes = None

    def below(self, number: int) -> int:
        """Return how many numbers are smaller than this one."""
        at = bisect_left(self._begins, number)
        if not at:
            return 0
        if self._sizes is None:
            pairs = zip(self._begins, self._ends, strict=True)
            self._sizes = list(accumulate(end - begin + 1 for begin, end in pairs))
        beyond = max(0, self._ends[at - 1] - number + 1)
        return self._sizes[at - 1] - beyond

    def discard_up_to(self, number: int) -> None:
        """Remove a number and all smaller ones."""
        removed = self.below(number + 1)
        if not removed:
            return
        at = bisect_right(self._ends, number)
        del self._begins[:at], self._ends[:at]
        if self._begins and self._begins[0] <= number:
            self._begins[0] = number + 1
        self._size -= removed
        self._sizes = None
