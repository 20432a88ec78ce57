"""Reference model of a lottery: the queue, and before it a lobby whose order is drawn by a seed."""

from dataclasses import dataclass, field

from booking_rush.queue.lottery.draw import LOTTERY, Draw
from tests.model.reference_queue import Answer, ReferenceQueue


@dataclass
class LaneDraw:
    """Draw of a lane's lobby: its indexes, up to which it is done, and whether Postgres has it."""

    first: int
    last: int
    is_fixed: bool = False
    is_recorded: bool = False
    drawn: int = 0


@dataclass
class ReferenceLottery(ReferenceQueue):
    """Places of one event that draws lots: who joins before opening has an index until the draw."""

    seed: bytes = b""
    lobby: list[str] = field(default_factory=list[str])
    indexes: dict[str, int] = field(default_factory=dict[str, int])
    draws: dict[str, LaneDraw] = field(default_factory=dict[str, LaneDraw])  # by lane, until done

    def _begin(self, visitor: str, turn: int) -> None:
        if self.state != "scheduled":
            return super()._begin(visitor, turn)
        self.numbers[visitor], self.indexes[visitor] = 0, turn
        self.lobby.append(visitor)
        draw = self.draws.setdefault(self.lanes[visitor], LaneDraw(turn, turn))
        draw.last = turn

    def _count_waiting(self) -> int:
        return len(self.waiting) + len(self.lobby)

    def find_place(self, visitor: str) -> Answer:
        if visitor in self.lobby:
            return ("lobby", self.lanes[visitor], 0, self.is_recorded(visitor))
        return super().find_place(visitor)

    def is_recorded(self, visitor: str) -> bool:
        index = self.indexes.get(visitor, 0)
        return max(self.numbers[visitor], index) <= self.recorded[self.lanes[visitor]]

    def _ahead(self, visitor: str) -> int:
        """Return how many are ahead; of numbers that are being drawn each counts."""
        draw = self.draws.get(self.lanes[visitor])
        return self.numbers[visitor] - draw.first if draw else super()._ahead(visitor)

    def tick(self) -> int:
        """Tick as the queue does, and fix the draws that are due."""
        admitted = super().tick()
        for draw in self.draws.values():
            if self.state != "scheduled" and not draw.is_fixed:
                draw.is_fixed, draw.drawn = True, draw.first - 1
        return admitted

    def due_draws(self) -> list[str]:
        """Return the lanes whose draw goes on: Postgres has it."""
        return sorted(lane for lane, draw in self.draws.items() if draw.is_recorded)

    def draw_page(self, lane: str, size: int) -> tuple[int, list[int], int]:
        """Draw a page. Return the index before it, its numbers, and its last index."""
        draw = self.draws[lane]
        before, last = draw.drawn, min(draw.last, draw.drawn + size)
        by_seed = Draw(lane, LOTTERY, draw.first, draw.last)
        numbers = [by_seed.number(self.seed, index) for index in range(before + 1, last + 1)]
        for visitor in [one for one in self.lobby if self.lanes[one] == lane]:
            if before < self.indexes[visitor] <= last:
                self.numbers[visitor] = numbers[self.indexes[visitor] - before - 1]
                self.lobby.remove(visitor)
                self.waiting.append(visitor)
        draw.drawn = last
        if last == draw.last:
            del self.draws[lane]
        return before, numbers, last

    def record(self) -> "ReferenceQueue":
        for draw in self.draws.values():
            draw.is_recorded = draw.is_fixed
        return super().record()

    def rebuilt(self, now: int) -> "ReferenceQueue":
        """Return the first state of a new epoch: a draw in Postgres keeps its bounds."""
        queue = super().rebuilt(now)
        assert isinstance(queue, ReferenceLottery)
        of_lobby = {queue.lanes[visitor] for visitor in queue.lobby}
        queue.draws = {lane: draw for lane, draw in queue.draws.items() if lane in of_lobby}
        for draw in queue.draws.values():
            draw.drawn = draw.first - 1
            if not draw.is_fixed:
                draw.first = 1
        return queue

    def _admit(self, visitor: str) -> None:
        self._leave_lobby(visitor)
        super()._admit(visitor)

    def _remove(self, visitor: str) -> None:
        self._leave_lobby(visitor)
        super()._remove(visitor)
        self.indexes.pop(visitor, None)

    def _leave_lobby(self, visitor: str) -> None:
        if visitor in self.lobby:
            self.lobby.remove(visitor)
