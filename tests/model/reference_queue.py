"""Reference model of the queue: dictionaries, one clock, and a copy of what Postgres recorded.

No Redis, no Lua, no batches. `queue_machine.py` compares the real moves with it.
"""

import copy
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Answer = tuple[Any, ...]
RECENT = 5  # numbers of which a block has its share; the program under test counts as few
OBSERVED = 4  # turns from which the rate is corrected by those that were missed; as there


class Deferral(NamedTuple):
    """Join that waits for a number, behind those of its address block with smaller turns."""

    visitor: str
    lane: str
    code: str
    block: str
    turn: int


@dataclass
class ReferenceShares:
    """Shares of address blocks: the blocks of the last numbers, and when each has asked last."""

    recent: deque[str] = field(default_factory=lambda: deque[str](maxlen=RECENT))
    asked: dict[str, int] = field(default_factory=dict[str, int])  # the last to ask at the end

    def takes(self, block: str, rules: dict[str, Any], now: int) -> bool:
        """Return whether a block may have a number: it is below its share, or no other asks."""
        if not block or rules["join_share_max"] >= 1:
            return True
        if self.recent.count(block) < max(1, int(rules["join_share_max"] * RECENT)):
            self.asked.pop(block, None)
            self.asked[block] = now
            return True
        others = [at for other, at in self.asked.items() if other != block]
        return not others or now - others[-1] >= rules["window_seconds"] * 1000

    def count(self, block: str, rules: dict[str, Any]) -> None:
        if block and rules["join_share_max"] < 1:
            self.recent.append(block)


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
    names: set[str] = field(default_factory=set[str])  # of lanes that visitors join or wait in
    used: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # by code
    opened: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # places, by code
    deferred: dict[str, Deferral] = field(default_factory=dict[str, Deferral])
    turns: int = 0  # of deferred joins
    given_at: dict[str, str] = field(default_factory=dict[str, str])  # by lane the block seen last
    shares: ReferenceShares = field(default_factory=ReferenceShares)
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
    came: int = 0
    missed: int = 0

    def __post_init__(self) -> None:
        self.names = {"main", *self.rules["lanes"]}

    def apply_rules(self) -> None:
        """Know the lanes of the rules, and those that somebody waits in still."""
        others = {lane for lane in self.names if self._waits_in(lane)}
        self.names = {"main", *self.rules["lanes"], *others}

    # Commands of visitors and operators

    def join(
        self, visitor: str, lane: str = "main", code: str = "", uses: int = 0, block: str = ""
    ) -> Answer:
        if visitor in self.numbers or visitor in self.deferred:
            return self.confirm_presence(visitor)
        if self.state not in ("scheduled", "drawing", "open", "paused"):
            return ("line_closed",)
        if sum(map(self._waits_in, self.names)) >= self.rules["waiting_max"]:
            return ("line_full",)
        if lane not in self.rules["lanes"]:
            return ("unknown_code",)
        if code:
            by = self.used.setdefault(code, set())
            if visitor not in by and len(by) >= uses:
                return ("code_used_up",)
            by.add(visitor)
        if self._is_behind_its_own(lane, block) or not self._takes(block):
            self.turns += 1
            self.deferred[visitor] = Deferral(visitor, lane, code, block, self.turns)
        else:
            self._give(visitor, lane, code, block)
        return self.find_place(visitor)

    def _takes(self, block: str) -> bool:
        return self.shares.takes(block, self.rules, self.now)

    def _is_behind_its_own(self, lane: str, block: str) -> bool:
        """Return whether joins of a block are deferred, and some of this lane."""
        waiting = self.deferred.values()
        in_lane = any(one.lane == lane for one in waiting)
        return in_lane and any(one.block == block for one in waiting)

    def _give(self, visitor: str, lane: str, code: str, block: str) -> None:
        """Give a visitor a place, which its block and its code count."""
        self.shares.count(block, self.rules)
        if code:
            self.opened.setdefault(code, set()).add(visitor)
        self.last[lane] += 1
        self.lanes[visitor] = lane
        self._begin(visitor, self.last[lane])

    def _begin(self, visitor: str, turn: int) -> None:
        self.numbers[visitor] = turn
        self.waiting.append(visitor)

    def _waits_in(self, lane: str) -> int:
        deferred = sum(one.lane == lane for one in self.deferred.values())
        return len(self._in_lane(lane)) + deferred

    def find_place(self, visitor: str) -> Answer:
        if found := self.deferred.get(visitor):
            return ("lobby", found.lane, 0, None, 0, 0)
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
        if self.unclaimed.pop(visitor, None) is not None:
            self.came += 1
        if self.late.pop(visitor, None) is not None:
            self.back.append(visitor)
            self.back.sort(key=lambda one: (self.numbers[one], one))
        return self.find_place(visitor)

    def leave(self, visitor: str) -> Answer:
        if self.deferred.pop(visitor, None):
            return ("left",)
        if visitor not in self.numbers:
            return ("not_in_line",)
        self._remove(visitor)
        return ("left",)

    def admit_by_hand(self, visitor: str) -> Answer:
        self._refill()
        if found := self.deferred.pop(visitor, None):
            self._give(*found[:-1])
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
        """Expire passes and missed turns, give deferred joins numbers, admit the next visitors.

        Return how many came in.
        """
        self._expire()
        self._fix_draws()
        for lane in sorted({one.lane for one in self.deferred.values()}):
            self._give_due(lane)
        self._refill()
        wanted = max(int(self.tokens), self.rules["queue_from"] - len(self.active))
        slots = int(min(self.rules["active_max"] - len(self.active), wanted))
        chosen = self._next(slots) if slots > 0 and self.state in ("open", "draining") else []
        self.wave += bool(chosen)
        for visitor in chosen:
            self._admit(visitor)
        self.tokens = max(0.0, self.tokens - len(chosen))
        return len(chosen)

    def _refill(self) -> None:
        rate = self.rules["rate_per_second"] / (1 - self._missed_share())
        at = self.now if self.refilled_at is None else self.refilled_at
        most = max(1, rate / 2) if rate > 0 else 0
        self.tokens = min(most, self.tokens + rate * max(0, self.now - at) / 1000)
        self.refilled_at = at if self.now < at and at - self.now < 5000 else self.now

    def _fix_draws(self) -> None:
        """Fix the draws that are due: by arrival there are none."""

    def due_draw(self) -> Answer | None:
        """Return the draw that a tick names; None: there is none."""
        return None

    def _missed_share(self) -> float:
        turns = self.came + self.missed
        return min(0.5, self.missed / turns) if turns >= OBSERVED else 0

    def _give_due(self, lane: str) -> None:
        """Give the deferred joins of a lane numbers, block by block, as their shares allow it."""
        at, seen = self.given_at.get(lane, ""), set[str]()
        while (block := self._block_after(lane, at)) and block not in seen:
            seen.add(block)
            at = block
            found = [d for d in self.deferred.values() if (d.lane, d.block) == (lane, block)]
            for one in sorted(found, key=lambda one: one.turn):
                if not self._takes(block):
                    break
                self._give(*self.deferred.pop(one.visitor)[:-1])
        self.given_at[lane] = block

    def _block_after(self, lane: str, at: str) -> str:
        """Return the next block of those that wait in a lane, the first one after the last."""
        blocks = sorted({one.block for one in self.deferred.values() if one.lane == lane})
        return next((block for block in blocks if block > at), blocks[0] if blocks else "")

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
        queue.came = queue.missed = 0
        queue.shares, queue.given_at = ReferenceShares(), {}
        queue.turns = max((one.turn for one in queue.deferred.values()), default=0)
        queue.used = copy.deepcopy(queue.opened)
        for one in queue.deferred.values():
            if one.code:
                queue.used.setdefault(one.code, set()).add(one.visitor)
        of_places = {lane for lane, last in queue.last.items() if last}
        of_deferred = {one.lane for one in queue.deferred.values()}
        queue.names = {"main", *queue.rules["lanes"], *of_places, *of_deferred}
        queue.unclaimed = {v: now + int(self.rules["claim_seconds"] * 1000) for v in self.active}
        return queue

    def _expire(self) -> None:
        """End what is due in the order of its time, since `late_max` bounds who is late by then."""
        claims = {one: min(at, self.active[one]) for one, at in self.unclaimed.items()}
        for visitor, _ in self._due(self.active | self.late | claims):
            if visitor in self.late or self.active[visitor] <= self.now:
                self._remove(visitor)
                continue
            del self.active[visitor], self.unclaimed[visitor]
            self.missed += 1
            until = self.now + int(self.rules["late_seconds"] * 1000)
            if until > self.now and len(self.late) < self.rules["late_max"]:
                self.late[visitor] = until
            else:
                self._remove(visitor)

    def _due(self, deadlines: dict[str, int]) -> list[tuple[str, int]]:
        due = [(visitor, at) for visitor, at in deadlines.items() if at <= self.now]
        return sorted(due, key=lambda one: (one[1], one[0]))

    def _next(self, slots: int) -> list[str]:
        fronts = {lane: self._in_lane(lane) for lane in sorted(set(self.lanes.values()))}
        waiting = {lane: self.deficits.get(lane, 0) for lane, one in fronts.items() if one}
        for lane, front in fronts.items():
            fronts[lane] = [v for v in front if self.numbers[v] <= self._last_in_order(lane)]
        back, chosen = list(self.back), list[str]()
        if back or any(fronts.values()):
            self.deficits = waiting
        while len(chosen) < slots and (back or any(fronts.values())):
            if back and (self.last_from != "back" or not any(fronts.values())):
                chosen.append(back.pop(0))
                self.last_from = "back"
            else:
                chosen.append(fronts[lane := self._next_lane(fronts)].pop(0))
                self.last_from = "line"
                if set(self._in_lane(lane)) <= set(chosen):
                    self.deficits[lane] = 0  # nobody waits there any more
        return chosen

    def _last_in_order(self, lane: str) -> int:
        """Return the last number of a lane that may be admitted: Postgres has it."""
        return self.recorded[lane]

    def _next_lane(self, fronts: dict[str, list[str]]) -> str:
        """Let each lane in which somebody waits earn its weight; who has most pays for all."""
        weights = {
            lane: self.rules["lanes"].get(lane, 1) for lane, front in fronts.items() if front
        }
        for lane, weight in weights.items():
            self.deficits[lane] += weight
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
