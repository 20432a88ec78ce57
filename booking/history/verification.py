"""Verification of a journal: whether each entry follows from those before it, by the rules.

The rules: entries are counted without a gap, each hash is over the one before; a lane's numbers
rise, and each is given once; a visitor has one living place; nobody is admitted while a smaller
number of the lane waits, but by the hand of an operator, who is named. Who came back late is
admitted in the order of numbers, too, among those that came back.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from booking_rush.booking.history.entries import (
    GIVEN_BEFORE,
    OF_EVENTS,
    PUT_BACK,
    Entry,
    Head,
    What,
    hash_of,
)

ENDS: frozenset[What] = frozenset({"left", "removed", "lapsed", "purchased"})
# What a place may be before it is that.
FROM: dict[What, frozenset[What]] = {
    "admitted": frozenset({"number", "drawn", "late", "back"}),
    "late": frozenset({"admitted"}),
    "back": frozenset({"late"}),
}
IN_ORDER = {"number": "waits", "drawn": "waits", "back": "came back"}


class NotFollowingError(Exception):
    """An entry that does not follow from those before it: altered, removed or swapped."""


@dataclass(slots=True)
class _Place:
    who: str
    is_now: What


@dataclass(slots=True)
class _Lane:
    """The places of a lane by number, and heaps of those that are to be admitted in order."""

    given: int = 0
    places: dict[int, _Place] = field(default_factory=dict[int, _Place])
    waiting: list[int] = field(default_factory=list[int])
    back: list[int] = field(default_factory=list[int])


class Verification:
    """Verifies entries one after another; `head` is the end of those that were seen.

    Signed heads, hashes by their n, are compared on the way. `living` has the places that have not
    ended, by their visitors' digests.
    """

    def __init__(self, begins: Head | None = None, signed: dict[int, str] | None = None) -> None:
        self.head = begins or Head()
        self.is_whole = not self.head.n  # False: some numbers were given before its first entry
        self._signed = signed or {}
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)
        self.living: dict[str, tuple[str, int]] = {}

    def follow(self, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            NotFollowingError: it says which entry does not follow, and why.
        """
        why = self._chain_mistake(entry) or self._place_mistake(entry)
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

    def _place_mistake(self, entry: Entry) -> str:
        if entry.what in OF_EVENTS:
            if entry.why == GIVEN_BEFORE:
                self._forget()
            return ""
        if entry.what == "window" and not entry.number:  # not drawn yet: nothing is said of order
            return ""
        if entry.what in ("number", "drawn"):
            return self._begin(entry)
        return self._move(entry)

    def _begin(self, entry: Entry) -> str:
        lane, number = self._lanes[entry.lane], entry.number
        if number in lane.places:
            return f"number {number} was given before"
        if entry.what == "number" and number <= lane.given:
            return f"number {number} was given after {lane.given}"
        if entry.who in self.living:
            return "its visitor has a place already"
        lane.given = max(lane.given, number)
        self._set(entry)
        return ""

    def _move(self, entry: Entry) -> str:
        lane = self._lanes[entry.lane]
        place = lane.places.get(entry.number)
        if place is None:
            if self.is_whole:
                return f"number {entry.number} was never given"
            self._set(entry)
            return ""
        if place.who != entry.who:
            return f"number {entry.number} is another visitor's"
        is_put_back = entry.by and place.is_now == "removed" and entry.why.startswith(PUT_BACK)
        if not is_put_back and place.is_now not in FROM.get(
            entry.what, frozenset(FROM) | FROM["admitted"]
        ):
            return f"{entry.what} after {place.is_now}"
        before = place.is_now
        if is_put_back:  # it is what it was before
            self._set(msgspec.structs.replace(entry, what=entry.why.rpartition(" ")[2]))
            return ""
        self._set(entry)
        if entry.what == "admitted" and not entry.by:
            return self._order_mistake(lane, before, entry.number)
        return ""

    def _order_mistake(self, lane: _Lane, before: What, number: int) -> str:
        if before not in IN_ORDER:
            return f"admitted after {before} by nobody's hand"
        heap = lane.back if before == "back" else lane.waiting
        wanted = {"back"} if before == "back" else {"number", "drawn"}
        while heap and (at := lane.places.get(heap[0])) is not None and at.is_now not in wanted:
            heapq.heappop(heap)
        if heap and heap[0] < number:
            return f"number {number} was admitted while {heap[0]} {IN_ORDER[before]}"
        return ""

    def _set(self, entry: Entry) -> None:
        """Let a place be what an entry says."""
        lane = self._lanes[entry.lane]
        lane.places[entry.number] = _Place(entry.who, entry.what)
        if entry.what in ENDS:
            self.living.pop(entry.who, None)
            return
        self.living[entry.who] = (entry.lane, entry.number)
        if entry.what in IN_ORDER:
            heapq.heappush(lane.back if entry.what == "back" else lane.waiting, entry.number)

    def _forget(self) -> None:
        """Forget every place: entries about them were lost, and are not in the journal."""
        self.is_whole = False
        self.living.clear()
        for lane in self._lanes.values():
            lane.places, lane.waiting, lane.back = {}, [], []
