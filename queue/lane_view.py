"""Views of lanes in one process, which computes the position of every visitor from them."""

from collections.abc import Mapping

from booking_rush.lua.client.pubsub import LaneTick
from booking_rush.queue.number_ranges import NumberRanges


class LaneView:
    """View of a lane: head, and the gone numbers, beyond head, that wait no more.

    Redis publishes ticks and news in the order of the changes, so between any two of them the
    view is the lane as it was at one moment.
    """

    def __init__(self) -> None:
        self.head = 0
        self.waiting = 0
        self._gone = NumberRanges()

    def ahead(self, number: int) -> int:
        """Return how many wait before a number: number − 1 − head − |gone in (head, number)|."""
        return max(0, number - 1 - self.head - self._gone.below(number))

    def waits(self, number: int) -> bool:
        """Return whether a number that was given waits still."""
        return number > self.head and number not in self._gone

    def apply_gone(self, number: int, head: int) -> None:
        """Apply news that a number (0: none) waits no more, and that head has moved."""
        if number > head and number not in self._gone:
            self._gone.add(number, number)
        self._move(head)

    def apply_tick(self, lane: LaneTick) -> bool:
        """Apply a tick. Return False where the gone numbers differ and must be read again."""
        self._move(lane.head)
        self.waiting = lane.waiting
        if len(self._gone) > lane.gone:  # a place was put back
            self._gone = NumberRanges()
        return len(self._gone) == lane.gone

    def add_gone(self, ranges: list[tuple[int, int]]) -> None:
        """Add ranges of gone numbers that were read from Redis."""
        for begin, end in ranges:
            if end > self.head:
                self._gone.add(max(begin, self.head + 1), end)

    def reset(self) -> None:
        """Begin again, after another epoch or lost news."""
        self.head, self.waiting, self._gone = 0, 0, NumberRanges()

    def _move(self, head: int) -> None:
        if head > self.head:
            self.head = head
            self._gone.discard_up_to(head)


class LaneViews:
    """Views of all lanes of an event, by name."""

    def __init__(self) -> None:
        self._views: dict[str, LaneView] = {}
        self.waiting = 0  # in all lanes

    def of(self, lane: str) -> LaneView:
        """Return the view of a lane."""
        return self._views.setdefault(lane, LaneView())

    def apply_tick(self, lanes: Mapping[str, LaneTick]) -> list[str]:
        """Apply a tick. Return the lanes whose gone numbers differ and must be read again."""
        self.waiting = sum(lane.waiting for lane in lanes.values())
        return [name for name, lane in lanes.items() if not self.of(name).apply_tick(lane)]

    def reset(self) -> None:
        """Begin again, after another epoch or lost news."""
        self.waiting = 0
        for view in self._views.values():
            view.reset()
