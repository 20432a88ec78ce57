"""Walks through the saga in every order: money and seats stay in order, and mutants are caught."""

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, cast

import pytest

from booking_rush.booking.holds.states import ENDED, STATES, Reason, State
from booking_rush.booking.saga import state_machine
from booking_rush.booking.saga.state_machine import (
    PROGRESS,
    BookingState,
    Message,
    PaymentStatus,
    SagaInput,
    Step,
    next_step,
)

NextStep = Callable[..., Step]


PAID: frozenset[State] = frozenset({"retaking", "confirmed", "refunding", "refunded"})

# The walk: from a checkout, every message that may come, in any order and any number of times.

TRIES = (1, 2)
OF_A_TRY: tuple[Message, ...] = ("charged", "declined", "overdue", "cancelled")
PAYMENT_MESSAGES = [SagaInput(message, attempt) for message, attempt in product(OF_A_TRY, TRIES)]
OTHER_MESSAGES = [SagaInput("retaken"), SagaInput("seats_lost"), SagaInput("cancel_asked")]
REASONS: dict[State, set[Reason]] = {
    "held": {"declined"}, "expired": {"expired"}, "refunding": {"cancelled", "seats_lost"},
    "released": {"declined", "cancelled", "seats_lost"}, "refunded": {"cancelled", "seats_lost"},
}  # fmt: skip


@dataclass(frozen=True)
class Stop:
    """A booking on the walk, the orders given for it, and the way by which it came here."""

    at: BookingState
    ordered: frozenset[tuple[str, int]] = frozenset()
    way: tuple[str, ...] = field(default=(), compare=False)

    def mark(self) -> tuple[Any, ...]:
        """Return the key by which two stops are the same."""
        at = self.at
        payments = tuple(sorted(at.payments.items(), key=lambda item: item[0]))
        return at.state, at.attempt, at.paid, at.claimed, at.reason, payments, self.ordered

    def then(self, label: str, at: BookingState, *orders: tuple[str, int]) -> "Stop":
        new = {order for order in orders if order[0] in ("refund", "cancel_charge")}
        assert not new & self.ordered, "ordered again"
        return Stop(at, self.ordered | new, (*self.way, label))


@dataclass
class Walk:
    """A walk to every stop that can be reached, each checked with every message."""

    next_step: NextStep
    attempts_max: int
    refunds_unasked: bool = False  # the bank speaks of refunds that nobody ordered, too
    seen: set[Any] = field(default_factory=set[Any])

    def go(self) -> "Walk":
        """Walk to every stop, the shortest ways first. Return this walk.

        Raises:
            AssertionError: an invariant is broken; the message has the way to it.
        """
        first = BookingState("paying", attempt=1, payments={1: PaymentStatus()}, claimed=True)
        second = replace(first, attempt=2, payments={1: PaymentStatus(), 2: PaymentStatus()})
        ahead = deque([Stop(first), Stop(second, way=("a try that nobody answered",))])
        while ahead:
            stop = ahead.popleft()
            if stop.mark() not in self.seen:
                self.seen.add(stop.mark())
                ahead += self.ahead(stop)
        return self

    def ahead(self, stop: Stop) -> list[Stop]:
        try:
            check_stop(stop, self.attempts_max)
            self.check_that_it_goes_on(stop.at)
            return [*self.after_recording(stop), *self.after_messages(stop)]
        except Exception as why:
            raise AssertionError(f"{' → '.join(stop.way)}: {why} {stop.at}") from why

    def step(self, current: BookingState, received: SagaInput) -> Step:
        return self.next_step(current, received, attempts_max=self.attempts_max)

    def after_messages(self, stop: Stop) -> Iterator[Stop]:
        """Yield the stop after each message, and after a refused claim where seats are claimed."""
        for received in [*PAYMENT_MESSAGES, *OTHER_MESSAGES, *self.refunds(stop)]:
            label = f"{received.message} {received.attempt or ''}".strip()
            step = self.step(stop.at, received)
            check_step(stop.at, received, step)
            self.check_repeat(received, step.after)
            yield stop.then(label, step.after, *step.orders)
            if step.claims == "take":
                lost = self.step(stop.at, SagaInput("seats_lost"))
                self.check_repeat(received, lost.after)
                yield stop.then(f"{label}, but claims are refused", lost.after, *lost.orders)

    def refunds(self, stop: Stop) -> list[SagaInput]:
        every = {n: ("refund", n) in stop.ordered or self.refunds_unasked for n in TRIES}
        return [SagaInput("refunded", n) for n, may_be in every.items() if may_be]

    def after_recording(self, stop: Stop) -> Iterator[Stop]:
        """Yield the stops that the record duty leads to; it changes only a booking that is held."""
        current = stop.at
        if current.state != "held":
            return
        for state, reason in (("expired", "expired"), ("released", "cancelled")):
            yield stop.then(state, replace(current, state=state, reason=reason))  # type: ignore[arg-type]
        new = current.attempt + 1
        if new in TRIES:
            rows = {**current.payments, new: PaymentStatus()}
            yield stop.then("checked out", BookingState("paying", new, claimed=True, payments=rows))
            lost = replace(current, state="released", attempt=new, reason="seats_lost")
            yield stop.then("checked out, but claims are refused", lost)

    def check_repeat(self, received: SagaInput, then: BookingState) -> None:
        again = self.step(then, received)
        assert again.verdict != "moves", f"{received} moves twice"
        assert (again.after, again.orders) == (then, ()), f"{received} tells twice"

    def check_that_it_goes_on(self, current: BookingState) -> None:
        """Check that a booking which awaits a message is moved by it."""
        waits: dict[State, tuple[SagaInput, State]] = {
            "paying": (SagaInput("charged", current.attempt), "confirmed"),
            "retaking": (SagaInput("retaken"), "confirmed"),
            "refunding": (SagaInput("refunded", current.paid), "refunded"),
            "confirmed": (SagaInput("cancel_asked"), "refunding"),
        }
        if current.state in waits:
            received, state = waits[current.state]
            assert self.step(current, received).after.state == state, f"{received} does not help"


def check_stop(stop: Stop, attempts_max: int) -> None:
    """Check the invariants of a booking between two messages."""
    at = stop.at
    cancelled = (at.state, at.reason) == ("refunding", "cancelled")
    assert at.claimed == (at.state in ("paying", "confirmed") or cancelled), "claims"
    assert at.reason in REASONS.get(at.state, {""}), "reason"
    assert (at.paid != 0) == (at.state in PAID), "paid"
    assert at.state != "held" or at.attempt < attempts_max, "no try is left"
    for n, payment in at.payments.items():
        refund_ordered, ours = ("refund", n) in stop.ordered, n == at.paid
        may_be_asked = at.state == "paying" or n < at.attempt
        pays = ours and at.state in ("retaking", "confirmed")
        captured = PROGRESS[payment.state] >= 2
        is_back = payment.state == "refunded"
        assert not captured or is_back or pays or refund_ordered, "money is kept"
        assert captured or not (pays or refund_ordered), "money from nowhere"
        assert not (pays and refund_ordered), "money is given back, and pays"
        assert not ours or (payment.state == "refunded") == (at.state == "refunded"), "refund"
        assert payment.state != "asked" or may_be_asked, "let go of what may still capture"
        assert payment.overdue == (("cancel_charge", n) in stop.ordered), "overdue"
        assert at.state != "held" or not payment.overdue, "overdue, and to be tried again"


LEAVES = {
    ("expired", "charged", "retaking"), ("released", "charged", "retaking"),
    ("confirmed", "cancel_asked", "refunding"), ("confirmed", "refunded", "refunded"),
}  # fmt: skip
NEEDS: dict[State, set[str]] = {
    "retaking": {"retake"}, "confirmed": {"mark_sold"}, "refunding": {"refund"},
    "held": {"reopen"}, "expired": {"free"}, "released": {"free"}, "refunded": {"free"},
}  # fmt: skip


def check_step(current: BookingState, received: SagaInput, step: Step) -> None:
    """Check the invariants of a step."""
    then, orders = step.after, [order for order, _ in step.orders]
    before, after = current.payments.keys(), then.payments.keys()
    for n in before ^ after | before - {received.attempt}:
        assert current.payments[n] == then.payments[n], "another row is written"
    if step.verdict != "moves":
        assert replace(then, payments=current.payments) == current, f"{received} moves in silence"
        surplus = (("refund", received.attempt),) if step.verdict == "surplus" else ()
        assert (step.claims, step.orders) == ("keep", surplus), f"{received} orders in silence"
        assert step.verdict in ("repeat", "surplus") or then == current, f"{received} is kept"
        return
    assert orders.index("tell") == len(orders) - 1, f"{received} is not told once, and last"
    assert NEEDS.get(then.state, set()) <= set(orders), f"{received} orders too little"
    left = (current.state, received.message, then.state)
    assert current.state not in ENDED or left in LEAVES, f"{left} leaves an end"
    assert "free" not in orders or not then.claimed, "freed, though claimed"
    assert not current.claimed or then.claimed or step.claims == "drop", "claims are lost"
    assert current.claimed or not then.claimed or step.claims == "take", "claims are found"


@pytest.mark.parametrize("attempts_max", [1, 2, 3])
def test_every_way_keeps_money_and_seats_in_order(attempts_max: int) -> None:
    seen = Walk(next_step, attempts_max).go().seen
    assert {state for state, *_ in seen} == {*STATES} - ({"held"} if attempts_max == 1 else set())


@pytest.mark.parametrize("attempts_max", [1, 2, 3])
def test_a_refund_that_nobody_ordered_ends_what_it_paid_for(attempts_max: int) -> None:
    Walk(next_step, attempts_max, refunds_unasked=True).go()


# Mutants: the saga's own text, with one thing changed.

MUTANTS = {
    "surplus pays": ('if reached == "captured" and _is_surplus', "if False and _is_surplus"),
    "a decline of an older try moves": ("if received.attempt != current.attempt:", "if False:"),
    "a repeat orders its refund again": (
        "if PROGRESS[reached] <= PROGRESS", "if PROGRESS[reached] < PROGRESS"),
    "freed without a drop": ('"declined", "drop", ("free",)', '"declined", "keep", ("free",)'),
    "overdue cancels at once": (
        '("paying", "", "keep", ("cancel_charge",))', '("expired", "expired", "drop", ("free",))'),
    "overdue again cancels again": ("if payment.overdue or payment.state", "if payment.state"),
    "an overdue try may be tried again": ("last = payment.overdue or received", "last = received"),
    "the last try is not the last": ("attempt >= attempts_max", "attempt > attempts_max"),
    "late money is kept": ('("expired", "charged"): (', '("expired", "retaken"): ('),
    "late money buys without a retake": (
        '("held", "charged"): ("retaking", "", "keep", ("retake",))',
        '("held", "charged"): ("confirmed", "", "take", ("mark_sold",))'),
    "retaken seats are not claimed": ('"", "take", ("mark_sold",)', '"", "keep", ("mark_sold",)'),
    "lost seats are not refunded": ('("free", "refund")', '("free",)'),
    "seats are freed before the refund": (
        '"cancelled", "keep", ("refund",)', '"cancelled", "drop", ("free", "refund")'),
    "a refunded booking forgets why": (
        'current.reason if current.state == "refunding" else new_reason', "new_reason"),
    "nobody may cancel": ('("confirmed", "cancel_asked"): (', '("refunded", "cancel_asked"): ('),
    "the visitor is told first": ('(*orders, "tell")', '("tell", *orders)'),
}  # fmt: skip


def mutant_of(part: str, instead: str) -> NextStep:
    """Return the saga's `next_step` with a part of its rules replaced; its types stay."""
    text = inspect.getsource(state_machine).partition("# The state that a message brings")[2]
    assert part in text, part
    rules = dict(vars(state_machine))
    exec(f"# {text.replace(part, instead)}", rules)
    return cast(NextStep, rules["next_step"])


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str) -> None:
    mutant = mutant_of(*MUTANTS[name])

    with pytest.raises(AssertionError):
        [Walk(mutant, attempts_max).go() for attempts_max in (1, 2)]


def test_the_mutants_are_made_of_a_saga_that_walks() -> None:
    assert Walk(mutant_of("WRONG", "WRONG"), 2).go().seen == Walk(next_step, 2).go().seen
