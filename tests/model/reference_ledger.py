"""Reference model of what Postgres has of a sale: bookings, claims, payments, outbox. No SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Answer = tuple[Any, ...]

SEATS = ("stalls.A-1", "stalls.A-2", "stalls.A-3", "stalls.B-1", "stalls.B-2")
PLACES = 4  # on the floor
RULES = {
    "rate_per_second": 0,
    "active_max": 0,  # only an operator lets visitors in
    "claim_seconds": 86_400,
    "pass_seconds": 86_400,
    "hold_seconds": 200,
    "payment_seconds": 300,
    "payment_attempts_max": 2,
    "tickets_per_visitor_max": 3,
    "extensions_max": 1,
}
HOLD_MS, PAY_MS, REPEAT_MS, REOPENED_MS = 200_000, 300_000, 10_000, 60_000
TRIES, LIMIT, EXTENSIONS = 2, 3, 1


class HoldRequest(NamedTuple):
    """Seats by name, a quantity of the standing section, or both."""

    seats: tuple[str, ...]
    on_floor: int

    @property
    def quantity(self) -> int:
        return len(self.seats) + self.on_floor


@dataclass
class Hold:
    """A hold in Redis; `pass_number` is that of the pass it was made under."""

    id: str
    visitor: str
    key: str
    request: HoldRequest
    pass_number: int
    first_deadline: int
    deadline: int
    state: str = "held"
    reason: str = ""
    left: int = EXTENSIONS
    extended: int = 0
    attempt: int = 0
    pay_until: int = 0
    step: int = 0

    @property
    def has_seats(self) -> bool:
        return self.state in ("held", "paying", "sold")


@dataclass
class Booking:
    """A row of `bookings`; `made` is the hold as it was first recorded."""

    made: Hold
    until: int
    left: int
    extended: int
    state: str = "held"
    reason: str = ""
    step: int = 1
    attempt: int = 0
    paid: int = 0
    claimed: bool = False


@dataclass
class Payment:
    """A row of `payments`: one attempt to pay."""

    state: str = "asked"
    overdue: bool = False
    refunding: bool = False


@dataclass
class OutboxEntry:
    """A row of the outbox, an order or a message; a message has its effect once."""

    booking: str
    kind: str
    attempt: int
    step: int
    answers: int = -1  # the order that this message answers
    done: bool = False
    handled: bool = False
    visible: bool = True


class Pass(NamedTuple):
    """A visitor's place: the number of the pass, −1 while waiting, 0 when ended."""

    visitor: str
    number: int


PROGRESS = {"asked": 0, "declined": 1, "cancelled": 1, "captured": 2, "refunded": 3}
PAYMENT_STATES = {"charged": "captured", "declined": "declined", "cancelled": "cancelled",
         "refunded": "refunded", "overdue": ""}  # fmt: skip
ORDERS = {"charge", "cancel_charge", "refund", "retake", "mark_sold", "reopen", "free", "tell"}
# (state, message) → state, reason, claims, orders
TRANSITIONS: dict[tuple[str, str], tuple[str, str, str, tuple[str, ...]]] = {
    ("paying", "charged"): ("confirmed", "", "keep", ("mark_sold",)),
    ("paying", "declined"): ("held", "declined", "drop", ("reopen",)),
    ("paying", "declined for good"): ("released", "declined", "drop", ("free",)),
    ("paying", "overdue"): ("paying", "", "keep", ("cancel_charge",)),
    ("paying", "cancelled"): ("expired", "expired", "drop", ("free",)),
    ("retaking", "retaken"): ("confirmed", "", "take", ("mark_sold",)),
    ("retaking", "seats_lost"): ("refunding", "seats_lost", "keep", ("free", "refund")),
    ("confirmed", "cancel_asked"): ("refunding", "cancelled", "keep", ("refund",)),
    ("confirmed", "refunded"): ("refunded", "cancelled", "drop", ("free",)),
    ("refunding", "refunded"): ("refunded", "", "drop", ("free",)),
    **{(state, "charged"): ("retaking", "", "keep", ("retake",))
       for state in ("held", "expired", "released")},
}  # fmt: skip


@dataclass
class ReferenceLedger:
    """Rows in Postgres. Times are ms of one clock."""

    now: int
    recorded_passes: dict[str, int] = field(default_factory=dict[str, int])
    bookings: dict[str, Booking] = field(default_factory=dict[str, Booking])
    claims: dict[str, str] = field(default_factory=dict[str, str])
    claimed: int = 0
    payments: dict[tuple[str, int], Payment] = field(default_factory=dict[tuple[str, int], Payment])
    outbox: list[OutboxEntry] = field(default_factory=list[OutboxEntry])
    bank_calls: list[Answer] = field(default_factory=list[Answer])

    # The record duty

    def record(self, entries: Sequence[Pass | Hold]) -> None:
        last = dict[str, Hold]()
        for entry in entries:
            if isinstance(entry, Pass):
                self.recorded_passes[entry.visitor] = entry.number
            else:
                last.pop(entry.id, None)
                last[entry.id] = entry
        for hold in last.values():
            self._save(hold)
        paying = [h for h in last.values() if h.state == "paying" and self._is_held(h)]
        late = [h for h in paying if h.pay_until <= self.now]
        for hold in late:
            self._change_state(hold, "expired", "expired")
            self._enqueue(hold.id, hold.attempt, "free", "tell")
        rivals, refused = set[str](), list[Hold]()
        for hold in paying:
            if hold in late:
                continue
            self._change_state(hold, "paying", "")
            if self._claim(hold.id, rivals):
                self.payments[hold.id, hold.attempt] = Payment()
                self._enqueue(hold.id, hold.attempt, "charge", "tell")
            else:
                refused.append(hold)
            rivals.update(hold.request.seats)
        for hold in refused:
            self._change_state(hold, "released", "seats_lost")
            self._enqueue(hold.id, hold.attempt, "free", "tell")

    def _is_held(self, hold: Hold) -> bool:
        return self.bookings[hold.id].state == "held"

    def _save(self, hold: Hold) -> None:
        booking = self.bookings.get(hold.id)
        ended = hold.state in ("released", "expired")
        if booking is None:
            booking = Booking(hold, hold.deadline, hold.left, hold.extended, step=0 if ended else 1)
            self.bookings[hold.id] = booking
        if booking.state == "held" and ended:
            booking.state, booking.reason, booking.step = hold.state, hold.reason, booking.step + 1
        elif booking.state == "held":
            booking.until, booking.left, booking.extended = hold.deadline, hold.left, hold.extended

    def _change_state(self, hold: Hold, state: str, reason: str) -> None:
        booking = self.bookings[hold.id]
        booking.state, booking.reason, booking.step = state, reason, booking.step + 1
        booking.attempt = hold.attempt

    def _claim(self, id_: str, rivals: set[str]) -> bool:
        """Claim all seats of a booking or none. `rivals`: seats asked for before in the batch."""
        booking = self.bookings[id_]
        request = booking.made.request
        if rivals & {*request.seats} or any(s in self.claims for s in request.seats):
            return False
        if self.claimed + request.on_floor > PLACES:
            return False
        self.claims.update(dict.fromkeys(request.seats, id_))
        self.claimed += request.on_floor
        booking.claimed = True
        return True

    def _enqueue(self, id_: str, attempt: int, *kinds: str) -> None:
        step = self.bookings[id_].step
        self.outbox += [OutboxEntry(id_, kind, attempt, step) for kind in kinds]

    # The saga

    def handle(self, entry: OutboxEntry) -> None:
        if not entry.handled:
            entry.handled = True
            if entry.kind in PAYMENT_STATES:
                self._handle_payment(entry.booking, entry.kind, entry.attempt)
            else:
                self._transition(entry.booking, entry.kind, self.bookings[entry.booking].paid)

    def _handle_payment(self, id_: str, event: str, attempt: int) -> None:
        booking, payment = self.bookings[id_], self.payments[id_, attempt]
        if event == "overdue":
            if payment.overdue or payment.state != "asked" or attempt != booking.attempt:
                return
            payment.overdue = True
        elif PROGRESS[PAYMENT_STATES[event]] <= PROGRESS[payment.state]:
            return
        else:
            payment.state = PAYMENT_STATES[event]
        if event == "charged":
            if booking.paid or (booking.state == "paying" and attempt != booking.attempt):
                payment.refunding = True
                return self._enqueue(id_, attempt, "refund")
            booking.paid = attempt
        elif attempt != (booking.paid if event == "refunded" else booking.attempt):
            return
        if event == "declined" and (payment.overdue or attempt >= TRIES):
            event = "declined for good"
        self._transition(id_, event, attempt)

    def _transition(self, id_: str, event: str, attempt: int) -> None:
        booking = self.bookings[id_]
        if (booking.state, event) not in TRANSITIONS:
            return
        state, reason, claims, orders = TRANSITIONS[booking.state, event]
        if claims == "take" and not self._claim(id_, set()):
            return self._transition(id_, "seats_lost", attempt)
        if claims == "drop" and booking.claimed:
            self.claims = {s: owner for s, owner in self.claims.items() if owner != id_}
            self.claimed -= booking.made.request.on_floor
            booking.claimed = False
        if booking.state != "refunding":
            booking.reason = reason
        booking.state, booking.step = state, booking.step + 1
        if "refund" in orders:
            self.payments[id_, attempt].refunding = True
        self._enqueue(id_, attempt, *orders, "tell")
