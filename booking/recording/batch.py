"""What a batch of the outbox comes to: the last word on every place and hold, in stream order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from booking_rush.lua.holds.commands import Hold

Entry = tuple[bytes, Mapping[bytes, bytes]]


class PlaceRow(NamedTuple):
    """A place as Postgres keeps it; times in ms of Redis's clock."""

    lane: str
    number: int
    visitor: str
    state: str
    joined_ms: int
    wave: int
    admitted_ms: int
    until_ms: int
    reason: str


_hold = msgspec.msgpack.Decoder(Hold).decode


@dataclass(slots=True)
class Batch:
    """The sum of some entries, the last of which is `last`."""

    last: str
    places: dict[tuple[str, int], PlaceRow] = field(default_factory=dict[tuple[str, int], PlaceRow])
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    closed: bool = False  # every place that lives beyond these has ended

    def numbers(self) -> dict[str, int]:
        """The greatest number of each lane: everything up to it has been given before."""
        most: dict[str, int] = {}
        for lane, number in self.places:
            most[lane] = max(number, most.get(lane, 0))
        return most


def fold(entries: Iterable[Entry]) -> Batch:
    """Fold entries, oldest first; every entry is the whole place, or the whole hold, as it is then.

    Holds come in the order of their last entries: who checked out first claims first.

    Raises:
        ValueError: an entry is of a kind that this version does not know.
    """
    batch = Batch(last="0-0")
    for entry, fields in entries:
        batch.last = entry.decode()
        match fields[b"kind"]:
            case b"place":
                row = _place_of(fields)
                batch.places[row.lane, row.number] = row
            case b"booking":
                hold = _hold(fields[b"body"])
                batch.holds.pop(hold.id, None)
                batch.holds[hold.id] = hold
            case b"closed":
                batch.closed = True
                batch.places = {at: _ended(row) for at, row in batch.places.items()}
            case unknown:
                raise ValueError(f"outbox entry {batch.last} is of unknown kind {unknown!r}")
    return batch


def _place_of(fields: Mapping[bytes, bytes]) -> PlaceRow:
    return PlaceRow(
        lane=fields[b"lane"].decode(),
        number=int(fields[b"number"]),
        visitor=fields[b"visitor"].decode(),
        state=fields[b"state"].decode(),
        joined_ms=int(fields[b"joined"]),
        wave=int(fields[b"wave"]),
        admitted_ms=int(fields[b"admitted"]),
        until_ms=int(fields[b"deadline"]),
        reason=fields[b"reason"].decode(),
    )


def _ended(row: PlaceRow) -> PlaceRow:
    return row if row.state == "ended" else row._replace(state="ended", reason="removed")
