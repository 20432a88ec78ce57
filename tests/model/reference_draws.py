"""Reference model of draws: the queue, and lobbies or windows whose order is drawn by a seed."""

from collections import Counter
from dataclasses import dataclass, field

from booking_rush.queue.lottery.draw import LOTTERY, Draw
from tests.model.reference_queue import Answer, ReferenceQueue


@dataclass
class LaneWindow:
    """Window of a lane that is not drawn: its indexes, and how far its draw is.

    Nobody joins it once its draw is fixed; no number is given before Postgres has that.
    """

    window: int
    first: int
    last: int
    is_fixed: bool = False
    is_recorded: bool = False
    drawn: int = 0


@dataclass
class ReferenceDraws(ReferenceQueue):
    """Places of one event that draws lots: who joins a window has an index until its draw.

    The lobby before opening is the window 0. Windows of a lane stand in their order, those that
    are drawn are gone. `joined` has the first and the last index that a window ever had.
    """

    seed: bytes = b""
    lobby: list[str] = field(default_factory=list[str])
    indexes: dict[str, int] = field(default_factory=dict[str, int])
    windows: dict[str, int] = field(default_factory=dict[str, int])
    undrawn: dict[str, list[LaneWindow]] = field(default_factory=dict[str, list[LaneWindow]])
    joined: dict[tuple[str, int], tuple[int, int]] = field(
        default_factory=dict[tuple[str, int], tuple[int, int]]
    )
    begun: Counter[str] = field(default_factory=Counter[str])  # by lane the last window
    window_min: Counter[str] = field(default_factory=Counter[str])  # by lane

    def _begin(self, visitor: str, turn: int) -> None:
        lane = self.lanes[visitor]
        window = self._window_of_join(lane)
        if window is None:
            return super()._begin(visitor, turn)
        self.numbers[visitor], self.indexes[visitor], self.windows[visitor] = 0, turn, window
        self.lobby.append(visitor)
        windows = self.undrawn.setdefault(lane, [])
        if not windows or windows[-1].window != window:
            windows.append(LaneWindow(window, turn, turn))
            self.begun[lane] = window
        windows[-1].last = turn
        first, _ = self.joined.get((lane, window), (turn, turn))
        self.joined[lane, window] = (first, turn)

    def _window_of_join(self, lane: str) -> int | None:
        """Return the window that a join comes into; None: it is by arrival."""
        if self.rules["fairness"] == "lottery":
            return LOTTERY if self.state == "scheduled" else None
        now = self.now // self._window_ms()
        return max(now, self.begun[lane], self.window_min[lane])

    def _waits_in(self, lane: str) -> int:
        return super()._waits_in(lane) + sum(self.lanes[one] == lane for one in self.lobby)

    def find_place(self, visitor: str) -> Answer:
        if visitor in self.lobby:
            drawn_by = (self.indexes[visitor], self.windows[visitor])
            return ("lobby", self.lanes[visitor], 0, self.is_recorded(visitor), *drawn_by)
        return super().find_place(visitor)

    def is_recorded(self, visitor: str) -> bool:
        index = self.indexes.get(visitor, 0)
        return max(self.numbers[visitor], index) <= self.recorded[self.lanes[visitor]]

    def _settled(self, lane: str) -> int:
        """Return the last number of a lane before those that are not all drawn."""
        windows = self.undrawn.get(lane)
        return windows[0].first - 1 if windows else self.last[lane]

    def _last_in_order(self, lane: str) -> int:
        return min(super()._last_in_order(lane), self._settled(lane))

    def _ahead(self, visitor: str) -> int:
        """Return how many are ahead; of numbers that are being drawn each counts."""
        lane, number = self.lanes[visitor], self.numbers[visitor]
        settled = self._settled(lane)
        if not self.undrawn.get(lane) or number <= settled:
            return super()._ahead(visitor)
        in_order = sum(self.numbers[one] <= settled for one in self._in_lane(lane))
        return in_order + number - 1 - settled

    def _fix_draws(self) -> None:
        for lane in self.names:
            windows = self.undrawn.get(lane, [])
            if windows and not windows[0].is_fixed:
                self._fix(lane, *windows[:2])

    def _fix(self, lane: str, window: LaneWindow, later: LaneWindow | None = None) -> None:
        if not later and not self._is_over(window.window):
            return
        window.last = later.first - 1 if later else window.last
        window.is_fixed, window.drawn = True, window.first - 1
        self.window_min[lane] = window.window + 1

    def _is_over(self, window: int) -> bool:
        if window == LOTTERY:
            return self.state != "scheduled"
        return self.now >= (window + 1) * self._window_ms()

    def _window_ms(self) -> int:
        return int(self.rules["window_seconds"] * 1000)

    def due_draws(self) -> list[str]:
        """Return the lanes whose draw goes on: Postgres has it."""
        return sorted(
            lane for lane, found in self.undrawn.items() if found and found[0].is_recorded
        )

    def due_draw(self) -> Answer | None:
        due = [lane for lane in self.due_draws() if lane in self.names]
        if not due:
            return None
        one = self.undrawn[due[-1]][0]
        return (due[-1], one.window, one.first, one.last, one.drawn)

    def draw_page(self, lane: str, size: int) -> tuple[int, int, list[int], int]:
        """Draw a page. Return its window, the index before it, its numbers, its last index."""
        draw = self.undrawn[lane][0]
        before, last = draw.drawn, min(draw.last, draw.drawn + size)
        by_seed = Draw(lane, draw.window, draw.first, draw.last)
        numbers = [by_seed.number(self.seed, index) for index in range(before + 1, last + 1)]
        for visitor in [one for one in self.lobby if self.lanes[one] == lane]:
            if before < self.indexes[visitor] <= last:
                self.numbers[visitor] = numbers[self.indexes[visitor] - before - 1]
                self.lobby.remove(visitor)
                self.waiting.append(visitor)
        draw.drawn = last
        if last == draw.last:
            self.undrawn[lane].remove(draw)
        return draw.window, before, numbers, last

    def record(self) -> "ReferenceQueue":
        for windows in self.undrawn.values():
            for one in windows:
                one.is_recorded = one.is_fixed
        return super().record()

    def rebuilt(self, now: int) -> "ReferenceQueue":
        """Return the first state of a new epoch: a draw in Postgres keeps its bounds.

        Windows in which nobody waits any more are not drawn.
        """
        queue = super().rebuilt(now)
        assert isinstance(queue, ReferenceDraws)
        waited_in = {(queue.lanes[one], queue.windows[one]) for one in queue.lobby}
        queue.begun.clear()
        for lane, windows in queue.undrawn.items():
            queue.undrawn[lane] = [one for one in windows if (lane, one.window) in waited_in]
            for one in queue.undrawn[lane]:
                queue.begun[lane] = one.window
                if not one.is_fixed:
                    one.first, one.last = queue.joined[lane, one.window]
                one.drawn = one.first - 1
        return queue

    def _admit(self, visitor: str) -> None:
        self._leave_lobby(visitor)
        super()._admit(visitor)

    def _remove(self, visitor: str) -> None:
        self._leave_lobby(visitor)
        super()._remove(visitor)
        for found in (self.indexes, self.windows):
            found.pop(visitor, None)

    def _leave_lobby(self, visitor: str) -> None:
        if visitor in self.lobby:
            self.lobby.remove(visitor)
