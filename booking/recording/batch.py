"""A batch of outbox entries of one event, folded to the last entry of each place and hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from booking_rush.lua.holds.commands import Hold

Entry = tuple[bytes, Mapping[bytes, bytes]]


class PlaceRow(NamedTuple):
    """A row of `places`; times in ms since 1970 by Redis's clock."""

    lane: str
    number: int
    visitor: str
    state: str
    joined_ms: int
    wave: int
    admitted_ms: int
    until_ms: int
    reason: str


_decode_hold = msgspec.msgpack.Decoder(Hold).decode


@dataclass(slots=True)
class Batch:
    """Entries folded together; `cursor` is the stream id of the last one."""

    cursor: str
    places: dict[tuple[str, int], PlaceRow] = field(default_factory=dict[tuple[str, int], PlaceRow])
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    closed: bool = False  # the event was closed: every place that is not ended ends

    def numbers(self) -> dict[str, int]:
        """Return the greatest place number by lane: smaller ones were given out before."""
        greatest: dict[str, int] = {}
        for lane, number in self.places:
            greatest[lane] = max(number, greatest.get(lane, 0))
        return greatest


def fold(entries: Iterable[Entry]) -> Batch:
    """Fold entries, oldest first. Return the batch.

    An entry has the whole place or hold at its moment, so the last one replaces the others. Holds
    keep the order of their last entries: the first to check out is the first to claim seats.

    Raises:
        ValueError: an entry is of a kind that this version does not know.
    """
    batch = Batch(cursor="0-0")
    for entry, fields in entries:
        batch.cursor = entry.decode()
        match fields[b"kind"]:
            case b"place":
                row = _place_of(fields)
                batch.places[row.lane, row.number] = row
            case b"booking":
                hold = _decode_hold(fields[b"body"])
                batch.holds.pop(hold.id, None)
                batch.holds[hold.id] = hold
            case b"closed":
                batch.closed = True
                batch.places = {at: _ended(row) for at, row in batch.places.items()}
            case unknown:
                raise ValueError(f"outbox entry {batch.cursor} is of unknown kind {unknown!r}")
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
