"""What one process knows of a lane, so that it computes every place of its visitors by itself."""

from bisect import bisect_left, bisect_right, insort

from booking_rush.lua.client.pubsub import LaneTick

MAIN = "main"  # the lane of everybody


class LaneView:
    """Head, and the numbers beyond it that wait no more: with them, anybody's `ahead`.

    Ticks and news come in the order in which things happened, so between two messages the view
    is the lane at one moment of its history.
    """

    def __init__(self) -> None:
        self.head = 0
        self.waiting = 0
        self._gone: list[int] = []

    def ahead(self, number: int) -> int:
        """How many wait before a number: number − 1 − head − |gone in (head, number)|."""
        return max(0, number - 1 - self.head - bisect_left(self._gone, number))

    def waits(self, number: int) -> bool:
        """Whether a number that was given is still in line."""
        return number > self.head and not self._has(number)

    def drop(self, number: int, head: int) -> None:
        """A number (0: none) waits no more, and head is here now."""
        if number > head and not self._has(number):
            insort(self._gone, number)
        self._move(head)

    def tick(self, lane: LaneTick) -> bool:
        """Take a tick; False when the gone numbers disagree and must be read again."""
        self._move(lane.head)
        self.waiting = lane.waiting
        return len(self._gone) == lane.gone

    def learn(self, numbers: list[int]) -> None:
        """Numbers that were read again: they wait no more."""
        self._gone = sorted({*self._gone, *(n for n in numbers if n > self.head)})

    def forget(self) -> None:
        """Begin anew: another epoch, or news were lost."""
        self.head, self.waiting, self._gone = 0, 0, []

    def _move(self, head: int) -> None:
        if head > self.head:
            self.head = head
            del self._gone[: bisect_right(self._gone, head)]

    def _has(self, number: int) -> bool:
        at = bisect_left(self._gone, number)
        return at < len(self._gone) and self._gone[at] == number
