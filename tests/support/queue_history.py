"""History of an event's places, read from its outbox in Redis: order, bounds and positions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from booking_rush.booking.recording.batch import Entry
from booking_rush.lua.line.changes import PlaceChange


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a place; `before` is the state before, empty for a new place."""

    visitor: str
    number: int
    before: str
    state: str


class History:
    """Every change of every place, oldest first."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.changes = list(_changes(entries))

    def numbers(self) -> list[int]:
        """Return the numbers in the order in which they were given."""
        return [change.number for change in self.changes if not change.before]

    def admitted_from_the_line(self) -> list[int]:
        """Return the numbers of visitors admitted from the line, in the order of admission."""
        return [
            change.number
            for change in self.changes
            if (change.before, change.state) == ("waiting", "admitted")
        ]

    def most_active(self) -> int:
        """Return the greatest count of active visitors at any moment."""
        active = most = 0
        for change in self.changes:
            active += (change.state == "admitted") - (change.before == "admitted")
            most = max(most, active)
        return most

    def ahead_at_joining(self) -> dict[str, int]:
        """Return by visitor how many were ahead when they joined."""
        waiting, ahead = set[int](), dict[str, int]()
        for change in self.changes:
            if not change.before:
                ahead[change.visitor] = len(waiting)
            _step(waiting, change)
        return ahead

    def ahead_now(self) -> dict[str, int]:
        """Return by visitor how many are ahead of those who still wait."""
        waiting, by_number = set[int](), dict[int, str]()
        for change in self.changes:
            by_number[change.number] = change.visitor
            _step(waiting, change)
        return {by_number[number]: at for at, number in enumerate(sorted(waiting))}


def _step(waiting: set[int], change: Change) -> None:
    if change.state == "waiting":
        waiting.add(change.number)
    else:
        waiting.discard(change.number)


def _changes(entries: Sequence[Entry]) -> Iterator[Change]:
    states: dict[int, str] = {}
    for place in (change for entry in entries for change in entry.changes):
        if isinstance(place, PlaceChange):
            yield Change(place.visitor, place.number, states.get(place.number, ""), place.state)
            states[place.number] = place.state
