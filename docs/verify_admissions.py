"""Check of the admissions of a journal: rate, bound, lanes, late visitors, and whether it was open.

A part of `verify_journal.py`. What is in force stands in the journal, by Redis's own word, before
whom it lets in; and it has to be what operators have set.
"""

import json
import math
from collections import Counter
from datetime import datetime

WAITING = {"number", "drawn"}
NUMBERS = ("rate_per_second", "active_max", "queue_from")  # rules of admission, beside lanes


def check(is_so, why):
    """Raise an error that says what does not follow."""
    if not is_so:
        raise ValueError(why)


class Admissions:
    """What was in force, and who waits and is in; `since` is the first entry that says so.

    Of tokens the most that there can be is counted, so nobody is found who was admitted rightly.
    """

    def __init__(self, is_whole):
        self.is_whole, self.rules, self.since, self.known = is_whole, None, 0, {}
        self.were_set = [] if is_whole else [{}]  # since those that were in force last
        self.waiting, self.inside, self.back, self.last = Counter(), 0, 0, ""
        self.tokens, self.at, self.earned, self.unknown = 0, 0, {}, math.nan

    def coverage(self):
        """Return what was checked, as a sentence."""
        if not self.since:
            return "no entry says by which rules visitors were admitted: that is not checked"
        lanes = "" if self.is_whole else " but for lanes, since who waited before is not known"
        return f"admissions follow from the rules in force from entry {self.since} on{lanes}"

    def take(self, name, entry):
        """Take an entry about the event: rules that were set, or what is in force."""
        at, (word, _, told) = time_of(entry), entry["why"].partition(": ")
        if entry["what"] == "rule":
            rules = json.loads(entry["why"])
            self.known |= {
                one: rules[one] for one in (*NUMBERS, "lanes", "again_from") if one in rules
            }
            self.were_set.append(dict(self.known))
        elif word == "recovered":
            self.rules = None  # until it is told by what it goes on
        elif word == "clock" and self.rules:  # it was set back
            self.tokens, self.at = most_of(self.rules), at
        elif word == "in force":
            new = json.loads(told)
            self.check_rules(name, new)
            if self.rules and not new.get("anew"):
                self.refill(at, max(self.rules["rate"], new["rate"]), most_of(new))
            else:
                self.tokens, self.unknown = (1, 0) if new.get("anew") else (most_of(new), math.nan)
                self.at, self.earned, self.last = at, {}, ""
            self.rules, self.since = new, self.since or entry["n"]

    def check_rules(self, name, new):
        """Check that these rules were set, and the rate that misses correct (at most doubled)."""
        while self.were_set and not is_in_force(self.were_set[0], new):
            del self.were_set[0]
            check(self.were_set, f"{name}: nobody has set these rules")
        numbers = {one: new[one] for one in NUMBERS}
        self.were_set = [numbers | one for one in self.were_set]
        usual = new["rate_per_second"] * (0.1 if new.get("bank_away") else 1)
        came = 1 - min(0.5, new.get("missed", 0) / max(1, new.get("turns", 0)))
        check(new["rate"] * came <= usual * 1.2 + 1e-6, f"{name}: no misses explain its rate")

    def admit(self, name, entry, was):
        """Check an admission against what is in force."""
        if not self.rules:
            return
        state, is_in_turn = self.rules["state"], not entry.get("by")
        lets_in = state in {"open", "draining"} if is_in_turn else state != "closed"
        check(lets_in and not self.rules.get("stopped"), f"{name}: admitted while it was stopped")
        if not is_in_turn:
            return
        is_free = self.inside < self.rules["active_max"]
        check(is_free, f"{name}: admitted while {self.inside} were in")
        if self.is_whole:
            self.check_slot(name, entry, was)
        self.refill(time_of(entry), self.rules["rate"], most_of(self.rules))
        is_in_time = self.tokens > 1 - 1e-6 or self.inside < self.rules["queue_from"]
        check(is_in_time, f"{name}: admitted above the rate")
        self.tokens = max(0, self.tokens - 1)

    def check_slot(self, name, entry, was):
        """Recompute whose turn it was: of late visitors, or of the lane that has earned most."""
        unready = entry.get("why", "").removeprefix("nobody ready: ").split(",")
        waiting = sorted(lane for lane in self.rules["lanes"] if self.waiting[lane])
        ready = {lane: self.rules["lanes"][lane] for lane in waiting if lane not in unready}
        self.earned |= dict.fromkeys(self.rules["lanes"].keys() - set(waiting), 0)
        before, self.last = self.last, "back" if was == "back" else "line"
        if was == "back":
            check(before != "back" or not ready, f"{name}: a second late visitor in a row")
            return
        check(before != "line" or not self.back, f"{name}: one who was late was next")
        lane = entry["lane"]
        check(lane in ready, f"{name}: nobody of its lane was ready")
        for one, weight in ready.items():
            self.earned[one] = self.earned.get(one, self.unknown) + weight
        best = [one for one in ready if (-self.earned[one], one) < (-self.earned[lane], lane)]
        check(not best, f"{name}: its lane was admitted while {best[:1]} was next")
        is_empty = self.waiting[lane] == 1  # from here on
        self.earned[lane] = 0 if is_empty else self.earned[lane] - sum(ready.values())

    def move(self, lane, was, what):
        """Count a place that is something else now."""
        self.waiting[lane] += (what in WAITING) - (was in WAITING)
        self.inside += (what == "admitted") - (was == "admitted")
        self.back += (what == "back") - (was == "back")

    def refill(self, at, rate, most):
        """Count the tokens of the time since the last entry that did."""
        self.tokens = min(most, self.tokens + rate * max(0, at - self.at) / 1000)
        self.at = max(self.at, at)


def is_in_force(rules, new):
    """Return whether rules as they were set are these; a lane that they name no more has 1."""
    lanes = ({"again": 1} if rules.get("again_from") else {}) | rules.get("lanes", new["lanes"])
    lanes = dict.fromkeys(new["lanes"], 1) | lanes
    return lanes == new["lanes"] and all(rules.get(one, new[one]) == new[one] for one in NUMBERS)


def most_of(rules):
    """Return how many may be admitted at once: of half a second, or one."""
    return max(1, rules["rate"] / 2) if rules["rate"] else 0


def time_of(entry):
    """Return the time of an entry in ms, of which none is lost by rounding."""
    return round(datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp() * 1000)
