"""Reference model of the queue: dictionaries, one clock, and a copy of what Postgres recorded.

No Redis, no Lua, no batches. `queue_machine.py` compares the real moves with it.
"""

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[Any, ...]


@dataclass
class ReferenceQueue:
    """Places, passes and deadlines of one event. Times are ms, keys visitors."""

    now: int
    rules: dict[str, Any]
    state: str = "open"
    last: Counter[str] = field(default_factory=Counter[str])  # by lane
    recorded: Counter[str] = field(default_factory=Counter[str])  # by lane
    wave: int = 0
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    lanes: dict[str, str] = field(default_factory=dict[str, str])
    used: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # by code
    deficits: dict[str, int] = field(default_factory=dict[str, int])  # by lane
    waiting: list[str] = field(default_factory=list[str])
    active: dict[str, int] = field(default_factory=dict[str, int])
    unclaimed: dict[str, int] = field(default_factory=dict[str, int])
    late: dict[str, int] = field(default_factory=dict[str, int])
    back: list[str] = field(default_factory=list[str])
    waves: dict[str, int] = field(default_factory=dict[str, int])
    tokens: float = 1.0
    refilled_at: int | None = None
    last_from: str = ""

    # Commands of visitors and operators

    def join(self, visitor: str, lane: str = "main", code: str = "", uses: int = 0) -> Answer:
        if visitor in self.numbers:
            return self.confirm_presence(visitor)
        if self.state not in ("scheduled", "drawing", "open", "paused"):
            return ("line_closed",)
        if self._count_waiting() >= self.rules["waiting_max"]:
            return ("line_full",)
        if lane not in self.rules["lanes"]:
            return ("unknown_code",)
        if code:
            by = self.used.setdefault(code, set())
            if visitor not in by and len(by) >= uses:
                return ("code_used_up",)
            by.add(visitor)
        self.last[lane] += 1
        self.lanes[visitor] = lane
        self._begin(visitor, self.last[lane])
        return self.find_place(visitor)

    def _begin(self, visitor: str, turn: int) -> None:
        self.numbers[visitor] = turn
        self.waiting.append(visitor)

    def _count_waiting(self) -> int:
        return len(self.waiting)

    def find_place(self, visitor: str) -> Answer:
        if visitor not in self.numbers:
            return ("not_in_line",)
        lane, number = self.lanes[visitor], self.numbers[visitor]
        shared = (lane, number, self.is_recorded(visitor))
        if visitor in self.active:
            return ("admitted", *shared, self.waves[visitor], self.active[visitor])
        if visitor in self.waiting:
            return ("waiting", *shared, self._ahead(visitor))
        return ("late", *shared)

    def is_recorded(self, visitor: str) -> bool:
        """Return whether the visitor may be told the place: Postgres has it."""
        return self.numbers[visitor] <= self.recorded[self.lanes[visitor]]

    def _ahead(self, visitor: str) -> int:
        return self._in_lane(self.lanes[visitor]).index(visitor)

    def _in_lane(self, lane: str) -> list[str]:
        """Return those who wait in a lane, by number."""
        found = [visitor for visitor in self.waiting if self.lanes[visitor] == lane]
        return sorted(found, key=self.numbers.__getitem__)

    def confirm_presence(self, visitor: str) -> Answer:
        self.unclaimed.pop(visitor, None)
        if self.late.pop(visitor, None) is not None:
            self.back.append(visitor)
            self.back.sort(key=lambda one: (self.numbers[one], one))
        return self.find_place(visitor)

    def leave(self, visitor: str) -> Answer:
        if visitor not in self.numbers:
            return ("not_in_line",)
        self._remove(visitor)
        return ("left",)

    def admit_by_hand(self, visitor: str) -> Answer:
        if visitor not in self.numbers:
            return ("not_in_line",)
        if self.state == "closed":
            return ("line_closed",)
        if visitor not in self.active:
            self.wave += 1
            self._admit(visitor)
        return self.find_place(visitor)

    # The tick

    def tick(self) -> int:
        """Expire passes and missed turns, then admit the next visitors. Return how many came in."""
        self._expire()
        rate = self.rules["rate_per_second"]
        at = self.now if self.refilled_at is None else self.refilled_at
        most = max(1, rate / 2) if rate > 0 else 0
        self.tokens = min(most, self.tokens + rate * max(0, self.now - at) / 1000)
        self.refilled_at = at if self.now < at and at - self.now < 5000 else self.now
        wanted = max(int(self.tokens), self.rules["queue_from"] - len(self.active))
        slots = int(min(self.rules["active_max"] - len(self.active), wanted))
        chosen = self._next(slots) if slots > 0 and self.state in ("open", "draining") else []
        self.wave += bool(chosen)
        for visitor in chosen:
            self._admit(visitor)
        self.tokens = max(0.0, self.tokens - len(chosen))
        return len(chosen)

    # Recording and recovery

    def record(self) -> "ReferenceQueue":
        """Mark every place as recorded. Return a copy: what Postgres has after a loss of Redis."""
        self.recorded = Counter(self.last)
        return copy.deepcopy(self)

    def rebuilt(self, now: int) -> "ReferenceQueue":
        """Return the first state of a new epoch: passes stay, claim windows and bucket restart."""
        queue = copy.deepcopy(self)
        queue.now, queue.tokens, queue.refilled_at, queue.last_from = now, 1.0, None, ""
        queue.deficits = {}
        queue.unclaimed = {v: now + int(self.rules["claim_seconds"] * 1000) for v in self.active}
        return queue

    def _expire(self) -> None:
        for visitor, deadline in self._due(self.active):
            assert deadline <= self.now
            self._remove(visitor)
        for visitor, _ in self._due(self.unclaimed):
            del self.active[visitor], self.unclaimed[visitor]
            until = self.now + int(self.rules["late_seconds"] * 1000)
            if until > self.now and len(self.late) < self.rules["late_max"]:
                self.late[visitor] = until
            else:
                self._remove(visitor)
        for visitor, _ in self._due(self.late):
            self._remove(visitor)

    def _due(self, deadlines: dict[str, int]) -> list[tuple[str, int]]:
        due = [(visitor, at) for visitor, at in deadlines.items() if at <= self.now]
        return sorted(due, key=lambda one: (one[1], one[0]))

    def _next(self, slots: int) -> list[str]:
        fronts = {lane: self._in_lane(lane) for lane in sorted(set(self.lanes.values()))}
        self.deficits = {lane: self.deficits.get(lane, 0) for lane, one in fronts.items() if one}
        for lane, front in fronts.items():
            fronts[lane] = [v for v in front if self.numbers[v] <= self.recorded[lane]]
        back, chosen = list(self.back), list[str]()
        while len(chosen) < slots and (back or any(fronts.values())):
            if back and (self.last_from != "back" or not any(fronts.values())):
                chosen.append(back.pop(0))
                self.last_from = "back"
            else:
                chosen.append(fronts[self._next_lane(fronts)].pop(0))
                self.last_from = "line"
        return chosen

    def _next_lane(self, fronts: dict[str, list[str]]) -> str:
        """Let each lane in which somebody waits earn its weight; who has most pays for all."""
        weights = {
            lane: self.rules["lanes"].get(lane, 1) for lane, front in fronts.items() if front
        }
        for lane in self.deficits:
            self.deficits[lane] = self.deficits[lane] + weights[lane] if lane in weights else 0
        chosen = max(weights, key=self.deficits.__getitem__)
        self.deficits[chosen] -= sum(weights.values())
        return chosen

    def _admit(self, visitor: str) -> None:
        for queue in (self.waiting, self.back):
            if visitor in queue:
                queue.remove(visitor)
        self.late.pop(visitor, None)
        self.active[visitor] = self.now + int(self.rules["pass_seconds"] * 1000)
        self.unclaimed[visitor] = self.now + int(self.rules["claim_seconds"] * 1000)
        self.waves[visitor] = self.wave

    def _remove(self, visitor: str) -> None:
        for queue in (self.waiting, self.back):
            if visitor in queue:
                queue.remove(visitor)
        for deadlines in (self.numbers, self.active, self.unclaimed, self.late, self.waves):
            deadlines.pop(visitor, None)
        self.lanes.pop(visitor, None)
