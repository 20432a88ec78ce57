"""What a plain sale keeps in its books: bookings, claims, payments, letters; no SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Told = tuple[Any, ...]

SEATS = ("stalls.A-1", "stalls.A-2", "stalls.A-3", "stalls.B-1", "stalls.B-2")
PLACES = 4  # on the floor
RULES = {
    "rate_per_second": 0,
    "active_max": 0,  # nobody comes in but by an operator's hand
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


class Wish(NamedTuple):
    """Seats by name, or so many places of the floor."""

    seats: tuple[str, ...]
    places: int

    @property
    def quantity(self) -> int:
        return len(self.seats) or self.places


@dataclass
class Hold:
    """A hold in Redis; `through` is the pass under which it was made."""

    id: str
    visitor: str
    key: str
    wish: Wish
    through: int
    first: int
    deadline: int
    state: str = "held"
    reason: str = ""
    left: int = EXTENSIONS
    extended: int = 0
    attempt: int = 0
    pay_until: int = 0
    step: int = 0

    @property
    def has_places(self) -> bool:
        return self.state in ("held", "paying", "sold")


@dataclass
class Booking:
    """What Postgres keeps of a hold, `made` as it was when it came."""

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
    """A try to pay."""

    state: str = "asked"
    overdue: bool = False
    refunding: bool = False


@dataclass
class Letter:
    """An order or a message; a message is heard once, whoever hands it over again."""

    booking: str
    kind: str
    attempt: int
    step: int
    answers: int = -1  # the order that this message answers
    done: bool = False
    heard: bool = False
    ready: bool = True


class Pass(NamedTuple):
    """A visitor has this pass, waits (−1), or has no place (0)."""

    visitor: str
    number: int


FAR = {"asked": 0, "declined": 1, "cancelled": 1, "captured": 2, "refunded": 3}
WORDS = {"charged": "captured", "declined": "declined", "cancelled": "cancelled",
         "refunded": "refunded", "overdue": ""}  # fmt: skip
ORDERS = {"charge", "cancel_charge", "refund", "retake", "mark_sold", "reopen", "free", "tell"}
# (state, what is heard) → state, reason, claims, orders
TABLE: dict[tuple[str, str], tuple[str, str, str, tuple[str, ...]]] = {
    ("paying", "charged"): ("confirmed", "", "keep", ("mark_sold",)),
    ("paying", "declined"): ("held", "declined", "drop", ("reopen",)),
    ("paying", "declined for good"): ("released", "declined", "drop", ("free",)),
    ("paying", "overdue"): ("paying", "", "keep", ("cancel_charge",)),
    ("paying", "cancelled"): ("expired", "expired", "drop", ("free",)),
    ("retaking", "retaken"): ("confirmed", "", "take", ("mark_sold",)),
    ("retaking", "seats_lost"): ("refunding", "seats_lost", "keep", ("free", "refund")),
    ("confirmed", "cancel_asked"): ("refunding", "cancelled", "keep", ("refund",)),
    ("refunding", "refunded"): ("refunded", "", "drop", ("free",)),
    **{(state, "charged"): ("retaking", "", "keep", ("retake",))
       for state in ("held", "expired", "released")},
}  # fmt: skip


@dataclass
class Books:
    """What Postgres keeps; one clock."""

    now: int
    kept_passes: dict[str, int] = field(default_factory=dict[str, int])
    bookings: dict[str, Booking] = field(default_factory=dict[str, Booking])
    claims: dict[str, str] = field(default_factory=dict[str, str])
    claimed: int = 0
    payments: dict[tuple[str, int], Payment] = field(default_factory=dict[tuple[str, int], Payment])
    letters: list[Letter] = field(default_factory=list[Letter])
    bank: list[Told] = field(default_factory=list[Told])

    # What it makes of the stream

    def record(self, entries: Sequence[Pass | Hold]) -> None:
        last = dict[str, Hold]()
        for entry in entries:
            if isinstance(entry, Pass):
                self.kept_passes[entry.visitor] = entry.number
            else:
                last.pop(entry.id, None)
                last[entry.id] = entry
        for one in last.values():
            self._keep(one)
        paying = [h for h in last.values() if h.state == "paying" and self._is_held(h)]
        late = [h for h in paying if h.pay_until <= self.now]
        for one in late:
            self._turn(one, "expired", "expired")
            self._order(one.id, one.attempt, "free", "tell")
        rivals, refused = set[str](), list[Hold]()
        for one in paying:
            if one in late:
                continue
            self._turn(one, "paying", "")
            if self._claim(one.id, rivals):
                self.payments[one.id, one.attempt] = Payment()
                self._order(one.id, one.attempt, "charge", "tell")
            else:
                refused.append(one)
            rivals.update(one.wish.seats)
        for one in refused:
            self._turn(one, "released", "seats_lost")
            self._order(one.id, one.attempt, "free", "tell")

    def _is_held(self, one: Hold) -> bool:
        return self.bookings[one.id].state == "held"

    def _keep(self, one: Hold) -> None:
        had = self.bookings.get(one.id)
        ended = one.state in ("released", "expired")
        if had is None:
            had = Booking(one, one.deadline, one.left, one.extended, step=0 if ended else 1)
            self.bookings[one.id] = had
        if had.state == "held" and ended:
            had.state, had.reason, had.step = one.state, one.reason, had.step + 1
        elif had.state == "held":
            had.until, had.left, had.extended = one.deadline, one.left, one.extended

    def _turn(self, one: Hold, state: str, reason: str) -> None:
        booking = self.bookings[one.id]
        booking.state, booking.reason, booking.step = state, reason, booking.step + 1
        booking.attempt = one.attempt

    def _claim(self, id_: str, rivals: set[str]) -> bool:
        """All or nothing; what somebody before in the same batch asks for, too, is not had."""
        booking = self.bookings[id_]
        wish = booking.made.wish
        if rivals & {*wish.seats} or any(s in self.claims for s in wish.seats):
            return False
        if self.claimed + wish.places > PLACES:
            return False
        self.claims.update(dict.fromkeys(wish.seats, id_))
        self.claimed += wish.places
        booking.claimed = True
        return True

    def _order(self, id_: str, attempt: int, *kinds: str) -> None:
        step = self.bookings[id_].step
        self.letters += [Letter(id_, kind, attempt, step) for kind in kinds]

    # What the saga hears

    def hear(self, letter: Letter) -> None:
        if not letter.heard:
            letter.heard = True
            if letter.kind in WORDS:
                self._hear_bank(letter.booking, letter.kind, letter.attempt)
            else:
                self._move(letter.booking, letter.kind, self.bookings[letter.booking].paid)

    def _hear_bank(self, id_: str, word: str, attempt: int) -> None:
        booking, payment = self.bookings[id_], self.payments[id_, attempt]
        if word == "overdue":
            if payment.overdue or payment.state != "asked" or attempt != booking.attempt:
                return
            payment.overdue = True
        elif FAR[WORDS[word]] <= FAR[payment.state]:
            return
        else:
            payment.state = WORDS[word]
        if word == "charged":
            if booking.paid or (booking.state == "paying" and attempt != booking.attempt):
                payment.refunding = True
                return self._order(id_, attempt, "refund")
            booking.paid = attempt
        elif attempt != (booking.paid if word == "refunded" else booking.attempt):
            return
        if word == "declined" and (payment.overdue or attempt >= TRIES):
            word = "declined for good"
        self._move(id_, word, attempt)

    def _move(self, id_: str, word: str, attempt: int) -> None:
        booking = self.bookings[id_]
        if (booking.state, word) not in TABLE:
            return
        state, reason, claims, orders = TABLE[booking.state, word]
        if claims == "take" and not self._claim(id_, set()):
            return self._move(id_, "seats_lost", attempt)
        if claims == "drop" and booking.claimed:
            self.claims = {s: owner for s, owner in self.claims.items() if owner != id_}
            self.claimed -= booking.made.wish.places
            booking.claimed = False
        if booking.state != "refunding":
            booking.reason = reason
        booking.state, booking.step = state, booking.step + 1
        if "refund" in orders:
            self.payments[id_, attempt].refunding = True
        self._order(id_, attempt, *orders, "tell")
