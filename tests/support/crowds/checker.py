"""Invariants of a sale under faults: a pure function of everything that was seen of it.

`tests.support.store_agreement` compares the stores at the end; these invariants are about the whole
history, money included.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.store_agreement import TERMINAL

SOLD = ("confirmed", "refunding")  # states in which a seat belongs to one booking


class SentState(NamedTuple):
    """A booking's state that was sent to a client."""

    visitor: str
    booking: str
    state: str


class RecordedState(NamedTuple):
    """A state that a booking reached: a row of `states`, or a record of the topic."""

    booking: str
    step: int
    state: str


class Booking(NamedTuple):
    """A booking's row at the end."""

    id: str
    visitor: str
    state: str
    section: str  # of a standing section, else empty
    seats: tuple[str, ...]
    quantity: int
    total: int


class Movement(NamedTuple):
    """A row of the bank's ledger, `capture` or `refund`."""

    charge: str
    booking: str
    kind: str
    amount: int


@dataclass(frozen=True)
class Evidence:
    """Evidence of a sale: from clients, Postgres, the bank and the topic."""

    sent: Sequence[SentState]
    bookings: Sequence[Booking]
    states: Sequence[RecordedState]  # oldest first
    ledger: Sequence[Movement]
    topic: Sequence[RecordedState]  # of each booking in topic order
    capacity: dict[str, int]  # of standing sections
    differing: Sequence[str] = ()  # differences between the stores
    unsettled: Sequence[str] = ()  # what was not finished when the wait ended


def violations(evidence: Evidence) -> list[str]:
    """Return every violation of an invariant, as `name: what shows it`; none when all hold."""
    return [f"{name}: {what}" for name, check in INVARIANTS.items() for what in check(evidence)]


def assert_promises_kept(evidence: Evidence) -> None:
    """Fail with the first twenty violations, if there is any."""
    found = violations(evidence)
    assert not found, "\n".join([f"{len(found)} violations", *found[:20]])


def _something_was_seen(evidence: Evidence) -> Iterator[str]:
    for name in ("sent", "bookings", "states", "ledger", "topic"):
        if not getattr(evidence, name):
            yield f"no {name}"


def _no_seat_twice(evidence: Evidence) -> Iterator[str]:
    """Check that a seat belongs to one booking from `confirmed` to `refunded`."""
    bookings = {one.id: one for one in evidence.bookings}
    owner: dict[str, str] = {}
    taken = Counter[str]()
    current = dict[str, str]()
    for state in evidence.states:
        booking = bookings[state.booking]
        was, current[state.booking] = current.get(state.booking, ""), state.state
        if state.state == "confirmed" and was != "confirmed":
            for seat in booking.seats:
                if owner.setdefault(seat, booking.id) != booking.id:
                    yield f"{seat} is sold to {owner[seat]} and to {booking.id}"
            taken[booking.section] += booking.quantity - len(booking.seats)
            if booking.section and taken[booking.section] > evidence.capacity[booking.section]:
                yield f"{booking.section}: {taken[booking.section]} places sold"
        elif was in SOLD and state.state not in SOLD:
            for seat in booking.seats:
                owner.pop(seat, None)
            taken[booking.section] -= booking.quantity - len(booking.seats)


def _no_cent_lost(evidence: Evidence) -> Iterator[str]:
    """Check that a charge captures and refunds at most once, and a booking's sum is right."""
    kinds = defaultdict[str, list[str]](list)
    kept = Counter[str]()
    for one in evidence.ledger:
        kinds[one.charge].append(one.kind)
        kept[one.booking] += one.amount if one.kind == "capture" else -one.amount
    for charge, moved in kinds.items():
        if moved not in (["capture"], ["capture", "refund"]):
            yield f"{charge} moved {', '.join(moved)}"
    for booking in evidence.bookings:
        wanted = booking.total if booking.state == "confirmed" else 0
        if kept[booking.id] != wanted:
            yield f"{booking.id} is {booking.state}: {kept[booking.id]} paid, not {wanted}"


def _one_end(evidence: Evidence) -> Iterator[str]:
    """Check that each booking has ended, and its recorded steps lead there without a gap."""
    yield from evidence.unsettled
    steps = _steps_by_booking(evidence.states)
    for booking in evidence.bookings:
        if booking.state not in TERMINAL:
            yield f"{booking.id} is {booking.state}"
        taken = steps.get(booking.id, [])
        if [step for step, _ in taken] != list(range(1, len(taken) + 1)):
            yield f"{booking.id} went by steps {[step for step, _ in taken]}"
        if not taken or taken[-1][1] != booking.state:
            yield f"{booking.id} is {booking.state}, its steps end otherwise: {taken}"


def _what_was_told_is_true(evidence: Evidence) -> Iterator[str]:
    """Check that a booking sent as confirmed stays so or is refunded, and none vanishes."""
    bookings = {one.id: one for one in evidence.bookings}
    states = {
        booking: {state for _, state in steps}
        for booking, steps in _steps_by_booking(evidence.states).items()
    }
    confirmed = set[str]()
    for sent in evidence.sent:
        booking = bookings.get(sent.booking)
        if booking is None:
            yield f"{sent.booking} was sent as {sent.state}, and is gone"
            continue
        if booking.visitor != sent.visitor:
            yield f"{sent.booking} of {booking.visitor} was sent to {sent.visitor}"
        is_final = sent.state in ("confirmed", "refunded")
        if is_final and sent.state not in states.get(sent.booking, ()):
            yield f"{sent.booking} was sent as {sent.state}, and never was"
        if sent.state == "confirmed":
            confirmed.add(sent.booking)
        elif sent.booking in confirmed and sent.state not in ("refunding", "refunded"):
            yield f"{sent.booking} was sent as {sent.state} after it was confirmed"


def _the_topic_tells_all_in_order(evidence: Evidence) -> Iterator[str]:
    """Check that the topic has each state of each booking in order; repeats are allowed."""
    published = defaultdict[str, dict[int, str]](dict)
    for one in evidence.topic:
        published[one.booking].setdefault(one.step, one.state)
    for booking, steps in _steps_by_booking(evidence.states).items():
        if list(published[booking].items()) != steps:
            yield f"{booking} went {steps}, the topic says {list(published[booking].items())}"


def _the_stores_agree(evidence: Evidence) -> Iterator[str]:
    yield from evidence.differing


def _steps_by_booking(states: Sequence[RecordedState]) -> dict[str, list[tuple[int, str]]]:
    """Return (step, state) of each booking, oldest first."""
    steps = dict[str, list[tuple[int, str]]]()
    for one in states:
        steps.setdefault(one.booking, []).append((one.step, one.state))
    return steps


INVARIANTS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "something was seen": _something_was_seen,
    "no seat twice": _no_seat_twice,
    "no cent lost": _no_cent_lost,
    "one end": _one_end,
    "what was told is true": _what_was_told_is_true,
    "the topic tells all in order": _the_topic_tells_all_in_order,
    "the stores agree": _the_stores_agree,
}
