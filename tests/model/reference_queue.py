"""The line as anybody would write it down: dictionaries, one clock, and what Postgres has.

No Redis, no Lua, no batches: `tests/test_model.py` holds the real moves against it.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

Told = tuple[Any, ...]

LIMITLESS = 10**9


@dataclass
class Line:
    """Who stands where. Times are ms; every dictionary is by visitor."""

    now: int
    rules: dict[str, float]
    state: str = "open"
    last: int = 0
    kept: int = 0
    wave: int = 0
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    waiting: list[str] = field(default_factory=list[str])
    active: dict[str, int] = field(default_factory=dict[str, int])
    unclaimed: dict[str, int] = field(default_factory=dict[str, int])
    late: dict[str, int] = field(default_factory=dict[str, int])
    back: list[str] = field(default_factory=list[str])
    waves: dict[str, int] = field(default_factory=dict[str, int])
    tokens: float = 1.0
    at: int | None = None
    turn: str = ""

    # What visitors ask

    def join(self, visitor: str) -> Told:
        if visitor in self.numbers:
            return self.claim(visitor)
        if self.state not in ("scheduled", "drawing", "open", "paused"):
            return ("line_closed",)
        if len(self.waiting) >= self.rules["waiting_max"]:
            return ("line_full",)
        self.last += 1
        self.numbers[visitor] = self.last
        self.waiting.append(visitor)
        return self.look(visitor)

    def look(self, visitor: str) -> Told:
        if visitor not in self.numbers:
            return ("not_in_line",)
        number = self.numbers[visitor]
        told = number <= self.kept
        if visitor in self.active:
            return ("admitted", number, told, self.waves[visitor], self.active[visitor])
        if visitor in self.waiting:
            return ("waiting", number, told, self.waiting.index(visitor))
        return ("late", number, told)

    def claim(self, visitor: str) -> Told:
        self.unclaimed.pop(visitor, None)
        if self.late.pop(visitor, None) is not None:
            self.back.append(visitor)
            self.back.sort(key=self.numbers.__getitem__)
        return self.look(visitor)

    def leave(self, visitor: str) -> Told:
        if visitor not in self.numbers:
            return ("not_in_line",)
        self._forget(visitor)
        return ("left",)

    def admit_by_hand(self, visitor: str) -> Told:
        if visitor not in self.numbers:
            return ("not_in_line",)
        if self.state == "closed":
            return ("line_closed",)
        if visitor not in self.active:
            self.wave += 1
            self._admit(visitor)
        return self.look(visitor)

    # What happens by itself

    def beat(self) -> int:
        """Who lapses goes, who is next comes in; how many came in."""
        self._lapse()
        rate = self.rules["rate_per_second"]
        at = self.now if self.at is None else self.at
        self.tokens = min(max(1, rate / 2), self.tokens + rate * max(0, self.now - at) / 1000)
        self.at = at if self.now < at and at - self.now < 5000 else self.now
        wanted = max(int(self.tokens), self.rules["queue_from"] - len(self.active))
        slots = int(min(self.rules["active_max"] - len(self.active), wanted))
        chosen = self._next(slots) if self.state in ("open", "draining") else []
        self.wave += bool(chosen)
        for visitor in chosen:
            self._admit(visitor)
        self.tokens = max(0.0, self.tokens - len(chosen))
        return len(chosen)

    def close(self) -> None:
        for visitor in list(self.numbers):
            self._forget(visitor)

    # What is kept, and what is lost

    def record(self) -> "Line":
        """Postgres has everything up to here: what will be there after a loss."""
        self.kept = self.last
        return copy.deepcopy(self)

    def brought_back(self, now: int) -> "Line":
        """What a new epoch begins with: passes go on, claim windows and the bucket begin anew."""
        line = copy.deepcopy(self)
        line.now, line.tokens, line.at, line.turn = now, 1.0, None, ""
        line.unclaimed = {v: now + int(self.rules["claim_seconds"] * 1000) for v in self.active}
        return line

    def _lapse(self) -> None:
        for visitor, deadline in self._due(self.active):
            assert deadline <= self.now
            self._forget(visitor)
        for visitor, _ in self._due(self.unclaimed):
            del self.active[visitor], self.unclaimed[visitor]
            until = self.now + int(self.rules["late_seconds"] * 1000)
            if until > self.now and len(self.late) < self.rules["late_max"]:
                self.late[visitor] = until
            else:
                self._forget(visitor)
        for visitor, _ in self._due(self.late):
            self._forget(visitor)

    def _due(self, deadlines: dict[str, int]) -> list[tuple[str, int]]:
        due = [(visitor, at) for visitor, at in deadlines.items() if at <= self.now]
        return sorted(due, key=lambda one: (one[1], one[0]))

    def _next(self, slots: int) -> list[str]:
        front = [v for v in self.waiting if self.numbers[v] <= self.kept]
        back, chosen = list(self.back), list[str]()
        while len(chosen) < slots and (front or back):
            if back and (self.turn != "back" or not front):
                chosen.append(back.pop(0))
                self.turn = "back"
            else:
                chosen.append(front.pop(0))
                self.turn = "line"
        return chosen

    def _admit(self, visitor: str) -> None:
        for crowd in (self.waiting, self.back):
            if visitor in crowd:
                crowd.remove(visitor)
        self.late.pop(visitor, None)
        self.active[visitor] = self.now + int(self.rules["pass_seconds"] * 1000)
        self.unclaimed[visitor] = self.now + int(self.rules["claim_seconds"] * 1000)
        self.waves[visitor] = self.wave

    def _forget(self, visitor: str) -> None:
        for crowd in (self.waiting, self.back):
            if visitor in crowd:
                crowd.remove(visitor)
        for known in (self.numbers, self.active, self.unclaimed, self.late, self.waves):
            known.pop(visitor, None)
