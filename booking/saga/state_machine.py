"""From a checkout to tickets or money back: what a booking becomes when something is heard of it.

A pure table. `next_step` is total: every state and every message, in any order and any number of
times, has its answer.

| | held | paying | retaking | confirmed | expired, released | refunding | refunded |
|---|---|---|---|---|---|---|---|
| charged | retaking | confirmed | surplus | surplus | retaking | surplus | surplus |
| declined, tries left | repeat | held | repeat | repeat | repeat | repeat | repeat |
| declined, last or overdue | repeat | released | repeat | repeat | repeat | repeat | repeat |
| overdue | repeat | paying | repeat | repeat | repeat | repeat | repeat |
| cancelled | repeat | expired | repeat | repeat | repeat | repeat | repeat |
| retaken | wrong | wrong | confirmed | repeat | wrong | repeat | repeat |
| seats lost | wrong | wrong | refunding | repeat | wrong | repeat | repeat |
| cancel asked | refused | refused | refused | refunding | refused | repeat | refused |
| refunded | wrong | wrong | wrong | wrong | wrong | refunded | repeat |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from booking_rush.booking.holds.states import STATES, Reason, State

Message = Literal[
    "charged", "declined", "overdue", "cancelled", "retaken", "seats_lost", "cancel_asked",
    "refunded",
]  # fmt: skip
Order = Literal[
    "charge", "cancel_charge", "refund", "retake", "mark_sold", "reopen", "free", "tell"
]
PaymentState = Literal["asked", "declined", "cancelled", "captured", "refunded"]
Claims = Literal["keep", "drop", "take"]
Verdict = Literal["moves", "repeat", "wrong", "surplus", "refused"]

MESSAGES: tuple[Message, ...] = get_args(Message)


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """A try to pay, and how far it came."""

    state: PaymentState = "asked"
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class BookingState:
    """A booking as the saga sees it: `attempt` is the last try, `paid` the one that pays (0: none).

    `claimed`: it has its claims.
    """

    state: State
    attempt: int = 0
    paid: int = 0
    claimed: bool = False
    reason: Reason = ""
    payments: Mapping[int, PaymentStatus] = field(default_factory=dict[int, PaymentStatus])


@dataclass(frozen=True, slots=True)
class SagaInput:
    """A message, about one try to pay where it is about one."""

    message: Message
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: how the booking stands then, what happens to its claims, orders in order.

    Orders are (what, of which attempt). Unless the verdict is `moves` the booking's state stays.
    """

    verdict: Verdict
    then: BookingState
    claims: Claims = "keep"
    orders: tuple[tuple[Order, int], ...] = ()


# How far a word brings a payment, and how far a payment is: a word at or behind it is a repeat.
WORDS: dict[Message, PaymentState] = {
    "charged": "captured", "declined": "declined", "cancelled": "cancelled", "refunded": "refunded",
}  # fmt: skip
PROGRESS: dict[PaymentState, int] = {
    "asked": 0, "declined": 1, "cancelled": 1, "captured": 2, "refunded": 3,
}  # fmt: skip

# (state, message) → (new state, reason, claims, orders besides Tell); `declined_last` is a
# decline after which nothing can be tried.
Row = tuple[State, Reason, Claims, tuple[Order, ...]]
MOVES: dict[tuple[State, str], Row] = {
    ("held", "charged"): ("retaking", "", "keep", ("retake",)),
    ("paying", "charged"): ("confirmed", "", "keep", ("mark_sold",)),
    ("expired", "charged"): ("retaking", "", "keep", ("retake",)),
    ("released", "charged"): ("retaking", "", "keep", ("retake",)),
    ("paying", "declined"): ("held", "declined", "drop", ("reopen",)),
    ("paying", "declined_last"): ("released", "declined", "drop", ("free",)),
    ("paying", "overdue"): ("paying", "", "keep", ("cancel_charge",)),
    ("paying", "cancelled"): ("expired", "expired", "drop", ("free",)),
    ("retaking", "retaken"): ("confirmed", "", "take", ("mark_sold",)),
    ("retaking", "seats_lost"): ("refunding", "seats_lost", "keep", ("free", "refund")),
    ("confirmed", "cancel_asked"): ("refunding", "cancelled", "keep", ("refund",)),
    ("refunding", "refunded"): ("refunded", "", "drop", ("free",)),
}

WRONG = {
    *((state, message) for state in ("held", "paying", "expired", "released")
      for message in ("retaken", "seats_lost")),
    *((state, "refunded") for state in STATES if state not in ("refunding", "refunded")),
}  # fmt: skip
REFUSED = {(state, "cancel_asked") for state in STATES if state not in ("confirmed", "refunding")}


def next_step(had: BookingState, heard: SagaInput, *, attempts_max: int) -> Step:
    """What a booking becomes when a message is heard of it."""
    if heard.message in WORDS or heard.message == "overdue":
        return _of_payment(had, heard, attempts_max)
    return _of_table(had, heard.message, had.paid)


def _of_payment(had: BookingState, heard: SagaInput, attempts_max: int) -> Step:
    """A word about one try: first its own row, then whether it concerns the booking."""
    payment = had.payments.get(heard.attempt)
    if payment is None:
        return Step("wrong", had)
    if heard.message == "overdue":
        return _overdue(had, heard, payment)
    word = WORDS[heard.message]
    if PROGRESS[word] <= PROGRESS[payment.state]:
        return Step("repeat", had)
    if word == "refunded" and payment.state != "captured":
        return Step("wrong", had)
    then = _with(had, heard.attempt, replace(payment, state=word))
    if word == "captured" and _is_surplus(had, heard.attempt):
        return Step("surplus", then, orders=(("refund", heard.attempt),))
    if word == "captured":
        return _of_table(replace(then, paid=heard.attempt), "charged", heard.attempt)
    if word == "refunded":
        if heard.attempt != had.paid:
            return Step("repeat", then)
        step = _of_table(then, "refunded", had.paid)
        return Step("wrong", had) if step.verdict == "wrong" else step
    if heard.attempt != had.attempt:
        return Step("repeat", then)
    last = payment.overdue or heard.attempt >= attempts_max
    said = "declined_last" if word == "declined" and last else heard.message
    return _of_table(then, said, heard.attempt)


def _overdue(had: BookingState, heard: SagaInput, payment: PaymentStatus) -> Step:
    if payment.overdue or payment.state != "asked" or heard.attempt != had.attempt:
        return Step("repeat", had)
    then = _with(had, heard.attempt, replace(payment, overdue=True))
    return _of_table(then, "overdue", heard.attempt)


def _is_surplus(had: BookingState, attempt: int) -> bool:
    """Another capture pays this booking, or paid it once, or another try is being paid."""
    return had.paid != 0 or (had.state == "paying" and attempt != had.attempt)


def _of_table(had: BookingState, message: str, attempt: int) -> Step:
    if (had.state, message) in WRONG:
        return Step("wrong", had)
    if (had.state, message) in REFUSED:
        return Step("refused", had)
    found = MOVES.get((had.state, message))
    if found is None:
        return Step("repeat", had)
    state, reason, claims, orders = found
    claimed = claims == "take" or (had.claimed and claims == "keep")
    keeps_reason = had.state == "refunding"
    then = replace(had, state=state, reason=had.reason if keeps_reason else reason, claimed=claimed)
    return Step("moves", then, claims, tuple((order, attempt) for order in (*orders, "tell")))


def _with(had: BookingState, attempt: int, payment: PaymentStatus) -> BookingState:
    return replace(had, payments={**had.payments, attempt: payment})
