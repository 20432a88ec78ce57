"""Check of admissions in a journal against what was in force, as far as the journal knows.

What is recomputed is the move itself (`lua/line/admit_next.lua`, `turns.lua`), in the order of its
entries. Of tokens the most that there can be is counted: the rate that was told bounds the real
one, and what was saved up between two entries is full where a clock was set back. Lanes and late
visitors are recomputed exactly. What a journal that begins in the middle does not know is not held
against anybody.
"""

from collections import Counter
from datetime import datetime
from math import nan
from typing import Any, TypedDict

import msgspec

from booking_rush.booking.history.entries import UNREADY, Entry, What
from booking_rush.booking.history.in_force import CLOCK, in_force_of
from booking_rush.lua.line.changes import InForce

BURST_S = 0.5  # of unused rate that is saved up, one visitor at least
ROUNDING = 1e-6
OBSERVED, MISSED_MAX = 50, 0.5  # turns before their misses count, and at most as this share
COUNTED = 1000  # turns from which the counts of them are halved
SLOWED = 0.1  # of the rate, while payments are not answered
LOOSE = 1.2  # the most that a corrected rate is told above the real one
WAITING: frozenset[What | None] = frozenset({"number", "drawn"})
NUMBERS = ("rate_per_second", "active_max", "queue_from")


class _Change(TypedDict, total=False):
    """Rules of admission that an entry says were set, of all that it says."""

    rate_per_second: int | float
    active_max: int
    queue_from: int
    lanes: dict[str, int]
    again_from: str | None


_decode_rules = msgspec.json.Decoder(_Change).decode


class SetRules:
    """Rules as operators have set them, of which one state after the other is in force.

    Where the journal is not whole, its beginning has rules of which nothing is known.
    """

    def __init__(self, *, is_whole: bool) -> None:
        self._rules: dict[str, Any] = {}
        self._later: list[dict[str, Any]] = [] if is_whole else [{}]  # since the last in force

    def take(self, why: str) -> str:
        """Take an entry of rules that were set. Return why it cannot be one."""
        try:
            change = _decode_rules(why)
        except (msgspec.DecodeError, RecursionError):
            return "it does not say which rules were set"
        self._rules |= change
        if self._rules not in self._later[-1:]:
            self._later.append(dict(self._rules))
        return ""

    def mistake(self, found: InForce) -> str:
        """Return why these rules cannot be in force."""
        for at, rules in enumerate(self._later):
            if _are_in_force(rules, found):
                known = {name: getattr(found, name) for name in NUMBERS}
                self._later = [known | later for later in self._later[at:]]
                self._rules = known | self._rules
                return ""
        return "rules are in force that nobody has set" if self._later else ""


def _are_in_force(rules: dict[str, Any], found: InForce) -> bool:
    """Return whether these are the rules that are in force; of some nothing may be known.

    A lane that is named no more stays with the weight 1 while somebody waits in it.
    """
    if any(name in rules and rules[name] != getattr(found, name) for name in NUMBERS):
        return False
    if "lanes" not in rules:
        return True
    named = ({"again": 1} if rules.get("again_from") else {}) | rules["lanes"]
    others = dict.fromkeys(found.lanes.keys() - named.keys(), 1)
    return bool(found.lanes == named | others)


class AdmissionCheck:
    """Counts who waits and who is in; `since` is the entry from which admissions are checked.

    Lanes and late visitors are checked where the journal is whole: nobody else has a place.
    """

    def __init__(self, *, is_whole: bool) -> None:
        self.since = 0
        self._is_whole = is_whole
        self._set = SetRules(is_whole=is_whole)
        self._rules: InForce | None = None
        self._tokens = 0.0
        self._at_ms = 0  # for which the tokens are counted
        self._waiting: Counter[str] = Counter()  # by lane
        self._in = self._back = 0
        self._deficits: dict[str, float] = {}
        self._unknown: float = nan  # the deficit of a lane that has none here
        self._last = ""  # who took the last slot: the line, or one who was late
        self._turns = 0 if is_whole else None  # since the epoch began; None: not known
        self._missed = 0

    def coverage(self) -> str:
        """Return what was checked, as a sentence."""
        if not self.since:
            return "no entry says by which rules visitors were admitted: that is not checked"
        lanes = "" if self._is_whole else " but for lanes, since who waited before is not known"
        return f"admissions follow from the rules in force from entry {self.since} on{lanes}"

    def take(self, entry: Entry) -> str:
        """Take an entry about the event. Return what does not follow."""
        if entry.what == "rule":
            return self._set.take(entry.why)
        try:
            found = in_force_of(entry.why)
        except (ValueError, RecursionError):
            return "it does not say what is in force"
        if found is not None:
            return self._put_in_force(found, entry)
        if entry.why.startswith(f"{CLOCK}: ") and self._rules is not None:
            self._tokens, self._at_ms = _most(self._rules), _ms(entry.at)
        elif entry.why.startswith("recovered"):
            self._rules = None  # until Redis says by what it goes on
            self._missed, self._turns = 0, self._in if self._is_whole else None
        return ""

    def move(self, lane: str, before: What | None, now: What, why: str) -> None:
        """Count a place that was something and is something else now."""
        is_late = now == "late" or (now == "lapsed" and why == "late_over")
        self._missed += is_late and before == "admitted"  # not one that is put back as late
        if self._turns is not None:
            self._turns += now == "admitted"
        for what, by in ((before, -1), (now, 1)):
            if what is not None:
                self._in += by if what == "admitted" else 0
                self._back += by if what == "back" else 0
                self._waiting[lane] += by if what in WAITING else 0

    def mistake(self, entry: Entry, before: What | None) -> str:
        """Return why nobody can have been admitted so; the place is counted by `move`."""
        rules = self._rules
        if rules is None:
            return ""
        if rules.stopped:
            return "admitted while the sale was stopped"
        if entry.by:
            return "admitted while the event was closed" if rules.state == "closed" else ""
        if rules.state not in ("open", "draining"):
            return f"admitted while the event was {rules.state}"
        if self._in >= rules.active_max:
            return f"admitted while {self._in} were in, of at most {rules.active_max}"
        slot = self._slot_mistake(entry, before, rules) if self._is_whole else ""
        return self._rate_mistake(entry, rules) or slot

    def _put_in_force(self, found: InForce, entry: Entry) -> str:
        at_ms, before = _ms(entry.at), self._rules
        if found.anew:
            self._tokens, self._deficits, self._unknown, self._last = 1.0, {}, 0.0, ""
            if before is not None:  # a key was lost, nobody knows when
                self._turns = None
        elif before is None:
            self._tokens, self._deficits, self._unknown, self._last = _most(found), {}, nan, ""
        else:
            self._refill(at_ms, max(before.rate, found.rate), _most(found))
        if found.anew or before is None:
            self._at_ms = at_ms
        self._rules = found
        self.since = self.since or entry.n
        return self._correction_mistake(found) or self._set.mistake(found)

    def _refill(self, at_ms: int, rate: float, most: float) -> None:
        passed_s = max(0, at_ms - self._at_ms) / 1000
        self._tokens = min(most, self._tokens + rate * passed_s)
        self._at_ms = max(self._at_ms, at_ms)

    def _correction_mistake(self, found: InForce) -> str:
        share = min(MISSED_MAX, found.missed / found.turns) if found.turns else 0
        if found.rate * (1 - share) > _paid(found) * LOOSE + ROUNDING:
            return "the rate is above what missed turns explain"
        if self._turns is not None and found.missed > self._missed:
            return f"{found.missed} turns were missed, of {self._missed}"
        return ""

    def _rate_mistake(self, entry: Entry, rules: InForce) -> str:
        self._refill(_ms(entry.at), rules.rate, _most(rules))
        if self._tokens < 1 - ROUNDING and self._in >= rules.queue_from:
            return f"admitted above the rate of {rules.rate:g} a second"
        self._tokens = max(0.0, self._tokens - 1)
        if self._turns is not None and self._missed >= OBSERVED and self._turns < COUNTED:
            share = min(MISSED_MAX, self._missed / self._turns)
            if rules.rate * (1 - share) < _paid(rules) - ROUNDING:
                return f"{self._missed} of {self._turns} turns were missed, and correct nothing"
        return ""

    def _slot_mistake(self, entry: Entry, before: What | None, rules: InForce) -> str:
        """Recompute whose slot it was: of the lanes, or of those who came late."""
        unready = entry.why.removeprefix(f"{UNREADY}: ").split(",")
        waiting = sorted(lane for lane in rules.lanes if self._waiting[lane])
        ready = [lane for lane in waiting if lane not in unready]
        last, self._last = self._last, "back" if before == "back" else "line"
        self._deficits |= dict.fromkeys(rules.lanes.keys() - set(waiting), 0)
        if before == "back":
            is_second = last == "back" and ready
            return f"a second late visitor, while {ready[0]} waits" if is_second else ""
        if last == "line" and self._back:
            return "admitted while one who was late was next"
        return self._lane_mistake(entry.lane, ready, rules)

    def _lane_mistake(self, lane: str, ready: list[str], rules: InForce) -> str:
        """Let each lane earn its weight; who has earned most pays for all."""
        if lane not in ready:
            return f"nobody of {lane} was to be admitted"
        earned = {one: self._deficits.get(one, self._unknown) + rules.lanes[one] for one in ready}
        self._deficits |= earned
        better = [one for one in ready if (-earned[one], one) < (-earned[lane], lane)]
        self._deficits[lane] -= sum(rules.lanes[one] for one in ready)
        if self._waiting[lane] == 1:
            self._deficits[lane] = 0  # nobody waits there any more
        return f"admitted from {lane}, while {better[0]} was next" if better else ""


def _paid(rules: InForce) -> float:
    """Return the rate that nothing corrects."""
    return rules.rate_per_second * (SLOWED if rules.bank_away else 1)


def _most(rules: InForce) -> float:
    return max(1.0, rules.rate * BURST_S) if rules.rate > 0 else 0.0


def _ms(at: str) -> int:
    """Return a moment of an entry in ms; the difference of two is exact."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)
