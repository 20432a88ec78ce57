"""Batches of outbox entries of one event, folded to the last change of each place and hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from booking_rush.booking.history.entries import (
    PUT_BACK,
    Act,
    deferral_act,
    draw_act,
    place_act,
    reason_act,
)
from booking_rush.booking.history.in_force import clock_act, in_force_act
from booking_rush.errors import UNREADABLE
from booking_rush.lua.holds.commands import Hold
from booking_rush.lua.line.changes import (
    ClockChange,
    DeferralOverChange,
    DeferredChange,
    DrawChange,
    DrawnChange,
    InForceChange,
    PlaceChange,
    ReasonChange,
)
from booking_rush.lua.recovery.commands import DeferredJoin
from booking_rush.tracing.packed_contexts import unpack
from booking_rush.tracing.spans import NO_CONTEXTS

EARLIER_PLACE = ("visitor", "lane", "number", "joined", "state", "wave", "admitted", "deadline",
                 "reason")  # fmt: skip
LEVELS = 3  # of lists in a change: itself, its hold, the hold's seats

StreamEntry = tuple[bytes, Mapping[bytes, bytes]]  # as Redis returns it: its id and its fields


class BookingChange(msgspec.Struct, frozen=True, array_like=True, tag="booking"):
    """Whole hold as it is after a change."""

    hold: Hold


class ClosedChange(msgspec.Struct, frozen=True, array_like=True, tag="closed"):
    """End of the event: every place that is not ended ends."""


class Unreadable(NamedTuple):
    """Change that this version cannot read, as far as it could be unpacked."""

    found: object
    why: str


Change = (
    PlaceChange
    | BookingChange
    | ClosedChange
    | DrawChange
    | DrawnChange
    | DeferredChange
    | DeferralOverChange
    | ReasonChange
    | InForceChange
    | ClockChange
)
AnyChange = Change | Unreadable
_decode_changes = msgspec.msgpack.Decoder(list[Change]).decode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_change = msgspec.msgpack.Decoder(Change).decode


class Entry(NamedTuple):
    """Entry of the outbox: its stream id, and the changes of one batch of commands, in order.

    `contexts` are those of traces, by hold or visitor.
    """

    id: str
    changes: Sequence[AnyChange]
    contexts: Mapping[str, str] = NO_CONTEXTS


class PlaceRow(NamedTuple):
    """A row of `places`; times in ms since 1970 by Redis's clock.

    The number of a place that waits for its draw is its index with a minus.
    """

    lane: str
    number: int
    visitor: str
    state: str
    joined_ms: int
    wave: int
    admitted_ms: int
    until_ms: int
    reason: str
    code: str
    index_: int
    window_: int
    block: str = ""


@dataclass(slots=True)
class Batch:
    """Entries folded together; `cursor` is the stream id of the last one.

    `acts` are all changes of places in their order, for the journal.
    """

    cursor: str
    # by lane, and by index, or number where there is none
    places: dict[tuple[str, int], PlaceRow] = field(default_factory=dict[tuple[str, int], PlaceRow])
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    closed: bool = False  # the event was closed: every place that is not ended ends
    draws: list[tuple[str, int, int, int]] = field(default_factory=list[tuple[str, int, int, int]])
    drawn: bool = False  # the lottery is over
    # by visitor; None: it is over
    deferrals: dict[str, DeferredJoin | None] = field(
        default_factory=dict[str, DeferredJoin | None]
    )
    acts: list[Act] = field(default_factory=list[Act])
    contexts: dict[str, str] = field(default_factory=dict[str, str])  # of traces

    def drop_context(self, subject: str, entry: Entry) -> None:
        """Drop the context of an earlier change, where the one of this entry has none."""
        if self.contexts and subject not in entry.contexts:
            self.contexts.pop(subject, None)

    def numbers(self) -> dict[str, int]:
        """Return the greatest number or index by lane: smaller ones were given out before."""
        greatest: dict[str, int] = {}
        for lane, turn in self.places:
            greatest[lane] = max(turn, greatest.get(lane, 0))
        return greatest

    def drawn_numbers(self) -> list[tuple[str, int, int]]:
        """Return lane, index and number of the places that have a number by a draw."""
        rows = self.places.values()
        return [(row.lane, row.index_, row.number) for row in rows if row.index_ and row.number > 0]


def read(entries: Iterable[StreamEntry]) -> list[Entry]:
    """Read entries as Redis returns them; what cannot be read is said in its place."""
    return [
        Entry(name.decode(), changes_of(fields), unpack(fields.get(b"traces")))
        for name, fields in entries
    ]


def changes_of(fields: Mapping[bytes, bytes]) -> Sequence[AnyChange]:
    """Return the changes of an entry, also of one that an earlier version enqueued."""
    packed = fields.get(b"changes")
    if packed is None:
        return [_earlier(fields)]
    try:
        return _decode_changes(packed)
    except UNREADABLE:
        return _one_by_one(packed)


def _one_by_one(packed: bytes) -> list[AnyChange]:
    try:
        parts = _split(packed)
    except UNREADABLE as error:
        return [Unreadable(packed, str(error))]
    return [_change_of(bytes(part)) for part in parts]


def _change_of(packed: bytes) -> AnyChange:
    try:
        change: Change = _decode_change(packed)
    except UNREADABLE as error:
        return Unreadable(_unpacked(packed), str(error))
    return change


def _unpacked(packed: bytes, levels: int = LEVELS) -> object:
    """Return what is packed, as far as it can be read: text that is no UTF-8 as its bytes."""
    try:
        return msgspec.msgpack.decode(packed)
    except UNREADABLE:
        pass
    if not levels:
        return packed
    try:
        parts = _split(packed)
    except UNREADABLE:
        return _bytes_of(packed)
    return [_unpacked(bytes(part), levels - 1) for part in parts]


def _bytes_of(text: bytes) -> bytes:
    """Return the bytes of a packed text, read as bin is; what is none, as it is."""
    first = text[:1]
    if b"\xa0" <= first <= b"\xbf":
        text = bytes([0xC4, first[0] - 0xA0]) + text[1:]
    elif b"\xd9" <= first <= b"\xdb":
        text = bytes([first[0] - 0xD9 + 0xC4]) + text[1:]
    try:
        return msgspec.msgpack.decode(text, type=bytes)
    except UNREADABLE:
        return text


def fold(entries: Iterable[Entry]) -> Batch:
    """Fold entries, oldest first. Return the batch.

    A change has the whole place or hold at its moment, so the last one replaces the others. Holds
    keep the order of their last changes: the first to check out is the first to claim seats.

    Raises:
        ValueError: a change cannot be read.
    """
    batch = Batch(cursor="0-0")
    for entry in entries:
        batch.cursor = entry.id
        batch.contexts.update(entry.contexts)
        for change in entry.changes:
            match change:
                case PlaceChange():
                    batch.drop_context(change.visitor, entry)
                    row = _row_of(change)
                    batch.places[row.lane, row.index_ or row.number] = row
                    batch.acts.append(_act_of(change, entry.id))
                case BookingChange(hold):
                    batch.drop_context(hold.id, entry)
                    batch.holds.pop(hold.id, None)
                    batch.holds[hold.id] = hold
                case ClosedChange():
                    batch.closed = True
                case DrawChange():
                    batch.draws.append(draw := msgspec.structs.astuple(change))
                    batch.acts.append(draw_act(*draw, at_ms=_ms_of(entry.id)))
                case DrawnChange():
                    batch.drawn = True
                case DeferredChange():
                    batch.deferrals[change.visitor] = _join_of(change)
                    batch.acts.append(deferral_act(change.visitor, change.lane, _ms_of(entry.id)))
                case DeferralOverChange():
                    batch.deferrals[change.visitor] = None
                    batch.acts += _acts_of(change, entry.id)
                case ReasonChange(because, rate):
                    batch.acts.append(reason_act(because, rate, at_ms=_ms_of(entry.id)))
                case InForceChange(at, found):
                    batch.acts.append(in_force_act(found, at))
                case ClockChange(at, back):
                    batch.acts.append(clock_act(back, at))
                case Unreadable(_, why):
                    raise ValueError(f"outbox entry {entry.id} cannot be read: {why}")
    return batch


def _row_of(change: PlaceChange) -> PlaceRow:
    return PlaceRow(
        change.lane, change.number or -change.index, change.visitor, change.state, change.joined,
        change.wave, change.admitted, change.deadline, change.reason, change.code, change.index,
        change.window, change.block,
    )  # fmt: skip


def _act_of(change: PlaceChange, entry: str) -> Act:
    """Return the act of a change. An admission has the time by which its rate was counted."""
    is_admission = change.state == "admitted" and not change.reason.startswith(PUT_BACK)
    return place_act(
        change.state, change.reason, visitor=change.visitor, lane=change.lane,
        number=change.number, at_ms=change.admitted if is_admission else _ms_of(entry),
        window=change.window, index=change.index, unready=change.unready,
    )  # fmt: skip


def _join_of(change: DeferredChange) -> DeferredJoin:
    return DeferredJoin(
        change.visitor, change.lane, change.code, change.block, change.turn, change.joined
    )


def _acts_of(change: DeferralOverChange, entry: str) -> list[Act]:
    """Return the act of a deferral's end; none where the act of the place follows."""
    if not change.reason:
        return []
    return [
        place_act(
            "ended", change.reason, visitor=change.visitor, lane=change.lane, number=0,
            at_ms=_ms_of(entry),
        )
    ]  # fmt: skip


def _ms_of(entry: str) -> int:
    return int(entry.partition("-")[0])


def _earlier(fields: Mapping[bytes, bytes]) -> AnyChange:
    """Return the change of an entry as it was before entries had many: its fields, or a map."""
    found: dict[str, object] = {}
    try:
        found = {name.decode(): value.decode() for name, value in fields.items() if name != b"body"}
        match fields.get(b"kind"):
            case b"place":
                members = [found[name] for name in EARLIER_PLACE]
                return msgspec.convert(["place", *members], PlaceChange, strict=False)
            case b"booking":
                hold: dict[str, Any] = msgspec.msgpack.decode(fields[b"body"], type=dict[str, Any])
                found["body"] = hold
                values = [hold[name] for name in Hold.__struct_fields__]
                return BookingChange(msgspec.convert(values, Hold))
            case b"closed":
                return ClosedChange()
            case unknown:
                return Unreadable(found, f"unknown kind {unknown!r}")
    except (*UNREADABLE, KeyError) as error:
        return Unreadable(found, f"{type(error).__name__}: {error}")
