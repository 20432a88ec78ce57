"""Verification of a journal: whether each entry follows from those before it, by the rules.

The rules: entries are counted without a gap, each hash is over the one before; a lane's numbers
rise, and each is given once; a draw gives the numbers of its indexes, each once, and as its seed
says where that is known; a visitor has one living place; nobody is admitted while a smaller number
of the lane waits, but by the hand of an operator, who is named. Who came back late is admitted in
the order of numbers, too, among those that came back.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _Lane:
    """Places by number, or by visitor before a draw; heaps of those that are admitted in order.

    Who was let in out of the lobby by hand may be late and back without a number.
    """

    given: int = 0
    places: dict[int | str, _Place] = field(default_factory=dict[int | str, _Place])
    waiting: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    back: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    draws: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])

    def is_now(self, number: int, who: str) -> What | None:
        """Return what a place is now; None: it is no more."""
        place = self.places.get(number or who)
        return place.is_now if place else None


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
                self._of_event(entry)
                return ""
            case "window":
                return self._wait_for_draw(entry)
            case "number" | "drawn":
                return self._give_number(entry)
            case _:
                return self._move(entry)

    def _of_event(self, entry: Entry) -> None:
        if entry.why == GIVEN_BEFORE:
            self._forget()
        elif found := OF_DRAW.fullmatch(entry.why):
            window, first, last = map(int, found.groups())
            self._lanes[entry.lane].draws[window] = (first, last)

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
        self._lanes[entry.lane].places[entry.who] = place
        self.living[entry.who] = (entry.lane, 0)
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
        if number in lane.places:
            return f"number {number} was given before"
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
        if window not in lane.draws:
            return f"window {window} was not drawn yet" if self.is_whole else ""
        first, last = lane.draws[window]
        if not first <= entry.number <= last:
            return f"window {window} has the numbers {first} to {last}"
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
        is_now = _is_now_by(entry)
        if place is None:
            if self.is_whole:
                return f"number {entry.number} was never given"
            self._set(entry, is_now)
            return ""
        if place.who != entry.who:
            return f"number {entry.number} is another visitor's"
        before = place.is_now
        is_put_back = entry.what == "back" and entry.by and before in ENDS
        if not is_put_back and before not in FROM.get(entry.what, LIVING):
            return f"{entry.what} after {before}"
        self._set(entry, is_now)
        if entry.what == "admitted" and not entry.by:
            return _order_mistake(lane, before, entry.number)
        return ""

    def _set(self, entry: Entry, is_now: What) -> None:
        """Let a place be what an entry says."""
        lane, key = self._lanes[entry.lane], entry.number or entry.who
        place = lane.places.get(key)
        if place is None or key == entry.number:
            lane.places[key] = _Place(entry.who, is_now)
        else:  # it still waits for its draw
            place.is_now = is_now
        if is_now in ENDS:
            self.living.pop(entry.who, None)
            return
        self.living[entry.who] = (entry.lane, entry.number)
        if is_now == "back" or is_now in WAITING:
            heap = lane.back if is_now == "back" else lane.waiting
            heapq.heappush(heap, (entry.number, entry.who))

    def _forget(self) -> None:
        """Forget every place: entries about them were lost, and are not in the journal."""
        self.is_whole = False
        self.living.clear()
        for lane in self._lanes.values():
            lane.places, lane.waiting, lane.back = {}, [], []


def _is_now_by(entry: Entry) -> What:
    """Return what a place is by an entry: of one that was put back, what it was before."""
    if entry.what == "back" and entry.why.startswith(PUT_BACK):
        before = entry.why.removeprefix(f"{PUT_BACK}: ")
        return "window" if before == "deferred" else OF_STATE.get(before, "back")
    return entry.what


def _order_mistake(lane: _Lane, before: What, number: int) -> str:
    """Return why nobody but an operator can have admitted this number."""
    if before not in WAITING and before != "back":
        return f"admitted after {before} by nobody's hand"
    heap = lane.back if before == "back" else lane.waiting
    wanted: frozenset[What] = frozenset({"back"}) if before == "back" else WAITING
    while heap and lane.is_now(*heap[0]) not in wanted:
        heapq.heappop(heap)
    if heap and heap[0][0] < number:
        how = "came back" if before == "back" else "waits"
        return f"number {number} was admitted while {heap[0][0]} {how}"
    return ""
