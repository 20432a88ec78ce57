"""Verification of a journal: whether each entry follows from those before it, by the rules.

The rules: entries are counted without a gap, each hash is over the one before; a lane's numbers
rise, and each is given once; a draw gives the numbers of its indexes, each once, and as its seed
says where that is known; a visitor has one living place; nobody is admitted while a smaller number
of the lane waits, or waits for a draw that comes first, but by the hand of an operator, who is
named. Who came back late is admitted in the order of numbers, too, among those that came back.
Rates, bounds and lanes are those of `admission_check.py`.

It remembers the places that live, and those that were removed, which may be put back: no others, so
that a journal of any length is verified as it is read.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from booking_rush.booking.history.admission_check import AdmissionCheck
from booking_rush.booking.history.entries import (
    DEFERRED,
    ENDS,
    GIVEN_BEFORE,
    IN_DRAW,
    OF_DRAW,
    OF_STATE,
    PUT_BACK,
    Entry,
    Head,
    What,
    hash_of,
)

LIVING: frozenset[What] = frozenset({"window", "number", "drawn", "admitted", "late", "back"})
# What a place may be before it is that; before an end it may be whatever lives.
FROM: dict[What, frozenset[What]] = {
    "admitted": frozenset({"window", "number", "drawn", "late", "back"}),
    "late": frozenset({"admitted"}),
    "back": frozenset({"late"}),
}
WAITING: frozenset[What] = frozenset({"number", "drawn"})
BACK: frozenset[What] = frozenset({"back"})
IN_LOBBY: frozenset[What] = frozenset({"window"})
SPARE = 100  # of a heap, over what it needs

Heap = list[tuple[int, str]]  # number or index, and who

# The number by lane, window, its first and its last index, and the index; None: not known yet.
NumberOf = Callable[[str, int, int, int, int], int | None]


class NotFollowingError(Exception):
    """An entry that does not follow from those before it: altered, removed or swapped."""


@dataclass(slots=True)
class _Place:
    who: str
    is_now: What
    drawn_by: tuple[int, int] = (0, 0)  # the window and the index of one that waits for a draw
    is_deferred: bool = False  # it waits for a number, or for its window


class _Draw(NamedTuple):
    """The last draw of a lane, and the numbers that it has given."""

    window: int
    first: int
    last: int
    given: set[int]


@dataclass(slots=True)
class _Lane:
    """Places by number, or by visitor before a draw; heaps of those that are next.

    Who was let in out of the lobby by hand may be late and back without a number.
    """

    given: int = 0
    places: dict[int | str, _Place] = field(default_factory=dict[int | str, _Place])
    waiting: Heap = field(default_factory=list[tuple[int, str]])
    back: Heap = field(default_factory=list[tuple[int, str]])
    lobby: Heap = field(default_factory=list[tuple[int, str]])  # by index, those of a window
    draw: _Draw = field(default_factory=lambda: _Draw(-1, 1, 0, set()))

    def first(self, heap: Heap, states: frozenset[What]) -> int | None:
        """Return the first number of a heap whose place is one of these; those before are over."""
        while heap and not self._is_one(heap[0], states):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def push(self, heap: Heap, states: frozenset[What], at: int, who: str) -> None:
        """Add a place to a heap. What is over is dropped before the heap has twice what lives."""
        if len(heap) > 2 * len(self.places) + SPARE:
            heap[:] = sorted(one for one in heap if self._is_one(one, states))
        heapq.heappush(heap, (at, who))

    def first_undrawn(self) -> int | None:
        """Return the first number that may come out of a draw still; beyond it nobody is next.

        Draws follow one another, so whoever is left of an earlier one comes out of none.
        """
        while (index := self.first(self.lobby, IN_LOBBY)) is not None and index < self.draw.first:
            heapq.heappop(self.lobby)
        if index is None:
            return None
        return self.draw.first if self.draw.first <= index <= self.draw.last else index

    def _is_one(self, one: tuple[int, str], states: frozenset[What]) -> bool:
        at, who = one
        place = self.places.get(who if states is IN_LOBBY else at or who)
        if place is None or place.who != who or place.is_now not in states:
            return False
        return states is not IN_LOBBY or place.drawn_by[1] == at


class Verification:
    """Verifies entries one after another; `head` is the end of those that were seen.

    Signed heads, hashes by their n, are compared on the way. `number_of` draws by the seed, where
    that is known. `living` has the places that have not ended, by their visitors' digests.
    """

    def __init__(
        self,
        begins: Head | None = None,
        signed: dict[int, str] | None = None,
        number_of: NumberOf | None = None,
    ) -> None:
        self.head = begins or Head()
        self.is_whole = not self.head.n  # False: some numbers were given before its first entry
        self.living: dict[str, tuple[str, int]] = {}
        self.admissions = AdmissionCheck(is_whole=self.is_whole)
        self._signed = signed or {}
        self._number_of = number_of
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)

    def follow(self, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            NotFollowingError: it says which entry does not follow, and why.
        """
        why = self._chain_mistake(entry) or self._act_mistake(entry)
        if why:
            raise NotFollowingError(f"entry {entry.n}: {why}")
        self.head = Head(entry.n, entry.hash)

    def _chain_mistake(self, entry: Entry) -> str:
        if entry.n != self.head.n + 1:
            return f"stands after entry {self.head.n}"
        if entry.hash != hash_of(self.head.hash, entry):
            return "its hash is not over it and the entry before"
        if self._signed.get(entry.n, entry.hash) != entry.hash:
            return "another hash was signed for it"
        return ""

    def _act_mistake(self, entry: Entry) -> str:
        match entry.what:
            case "rule" | "state":
                return self._of_event(entry)
            case "window":
                return self._wait_for_draw(entry)
            case "number" | "drawn":
                return self._give_number(entry)
            case _:
                return self._move(entry)

    def _of_event(self, entry: Entry) -> str:
        if entry.why == GIVEN_BEFORE:
            self._forget()
        elif found := OF_DRAW.fullmatch(entry.why):
            window, first, last = map(int, found.groups())
            self._lanes[entry.lane].draw = _Draw(window, first, last, set())
        return self.admissions.take(entry)

    def _wait_for_draw(self, entry: Entry) -> str:
        found = IN_DRAW.fullmatch(entry.why)
        if found is None and entry.why != DEFERRED:
            return "it does not say its window and index"
        self._end_deferral(entry)
        if entry.who in self.living:
            return "its visitor has a place already"
        place = _Place(entry.who, "window", is_deferred=found is None)
        if found:
            place.drawn_by = (int(found[1]), int(found[2]))
        lane = self._lanes[entry.lane]
        lane.places[entry.who] = place
        self.living[entry.who] = (entry.lane, 0)
        if found:
            lane.push(lane.lobby, IN_LOBBY, place.drawn_by[1], entry.who)
        return ""

    def _end_deferral(self, entry: Entry) -> None:
        """Let a deferred join be over, if there is one: its visitor gets a place."""
        places = self._lanes[entry.lane].places
        if (place := places.get(entry.who)) and place.is_deferred and place.is_now == "window":
            del places[entry.who], self.living[entry.who]

    def _give_number(self, entry: Entry) -> str:
        lane, number = self._lanes[entry.lane], entry.number
        if entry.what == "number":
            self._end_deferral(entry)
        if entry.what == "drawn":
            if why := self._draw_mistake(lane, entry):
                return why
        elif number <= lane.given:
            return f"number {number} was given after {lane.given}"
        elif entry.who in self.living:
            return "its visitor has a place already"
        lane.given = max(lane.given, number)
        self._set(entry, entry.what)
        return ""

    def _draw_mistake(self, lane: _Lane, entry: Entry) -> str:
        """Return why a draw cannot have given this number. The place no longer waits for it."""
        place = lane.places.pop(entry.who, None)
        if place is None:
            return "its visitor waits for no draw" if self.is_whole else ""
        window, index = place.drawn_by
        if window != lane.draw.window:
            return f"window {window} was not drawn yet" if self.is_whole else ""
        _, first, last, given = lane.draw
        if not first <= entry.number <= last:
            return f"window {window} has the numbers {first} to {last}"
        if entry.number in given:
            return f"number {entry.number} was given before"
        given.add(entry.number)
        lane.given = max(lane.given, last)
        if self._number_of is None:
            return ""
        wanted = self._number_of(entry.lane, window, first, last, index)
        if wanted is None:
            return ""
        return f"the seed gives index {index} number {wanted}" if wanted != entry.number else ""

    def _move(self, entry: Entry) -> str:
        lane = self._lanes[entry.lane]
        place = lane.places.get(entry.number or entry.who)
        if place is None and self.is_whole:
            return f"number {entry.number} is nobody's"
        if place and place.who != entry.who:
            return f"number {entry.number} is another visitor's"
        before = place.is_now if place else None
        is_put_back = entry.what == "back" and entry.by and before in ENDS
        if before and not is_put_back and before not in FROM.get(entry.what, LIVING):
            return f"{entry.what} after {before}"
        why = self._admission_mistake(lane, entry, before) if entry.what == "admitted" else ""
        self._set(entry, _is_now_by(entry))
        return why

    def _admission_mistake(self, lane: _Lane, entry: Entry, before: What | None) -> str:
        is_in_order = entry.by or before is None
        why = "" if is_in_order else _order_mistake(lane, before, entry.number)
        return why or self.admissions.mistake(entry, before)

    def _set(self, entry: Entry, is_now: What) -> None:
        """Let a place be what an entry says."""
        lane, key = self._lanes[entry.lane], entry.number or entry.who
        place = lane.places.get(key)
        self.admissions.move(entry.lane, place.is_now if place else None, is_now, entry.why)
        if place is None:
            place = lane.places[key] = _Place(entry.who, is_now)
        place.is_now = is_now
        if is_now in ENDS:
            self.living.pop(entry.who, None)
            if is_now != "removed":  # who was may be put back
                del lane.places[key]
            return
        self.living[entry.who] = (entry.lane, entry.number)
        if is_now in WAITING:
            lane.push(lane.waiting, WAITING, entry.number, entry.who)
        elif is_now == "back":
            lane.push(lane.back, BACK, entry.number, entry.who)
        elif is_now == "window" and place.drawn_by[1]:
            lane.push(lane.lobby, IN_LOBBY, place.drawn_by[1], entry.who)

    def _forget(self) -> None:
        """Forget every place: entries about them were lost, and are not in the journal."""
        self.is_whole = False
        self.living.clear()
        for name, lane in self._lanes.items():
            self._lanes[name] = _Lane(given=lane.given)
        self.admissions = AdmissionCheck(is_whole=False)


def _is_now_by(entry: Entry) -> What:
    """Return what a place is by an entry: of one that was put back, what it was before."""
    if entry.what == "back" and entry.why.startswith(PUT_BACK):
        before = entry.why.removeprefix(f"{PUT_BACK}: ")
        return "window" if before == "deferred" else OF_STATE.get(before, "back")
    return entry.what


def _order_mistake(lane: _Lane, before: What | None, number: int) -> str:
    """Return why nobody but an operator can have admitted this number."""
    if before == "back":
        first = lane.first(lane.back, BACK)
        is_next = not _is_less(first, number)
        return "" if is_next else f"number {number} was admitted while {first} came back"
    if before not in WAITING:
        return f"admitted after {before} by nobody's hand"
    first, undrawn = lane.first(lane.waiting, WAITING), lane.first_undrawn()
    if _is_less(first, number):
        return f"number {number} was admitted while {first} waits"
    if undrawn is not None and undrawn <= number:
        return f"number {number} was admitted while those from {undrawn} on were being drawn"
    return ""


def _is_less(first: int | None, number: int) -> bool:
    return first is not None and first < number
