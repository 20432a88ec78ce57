"""The saga's state machine against its table in DESIGN, cell by cell."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from booking_rush.booking.holds.states import STATES, State
from booking_rush.booking.saga import state_machine
from booking_rush.booking.saga.state_machine import (
    BookingState,
    PaymentStatus,
    SagaInput,
    Step,
    next_step,
)

NextStep = Callable[..., Step]

# The table, of DESIGN's third walk: drops or takes claims; every new state adds Tell.
DESIGN = """
| | held | paying | retaking | confirmed | expired, released | refunding | refunded |
| charged | retaking [retake] | confirmed [mark_sold] | surplus | surplus | retaking [retake] \
| surplus | surplus |
| declined, not last | repeat | held, drops [reopen] | repeat | repeat | repeat | repeat | repeat |
| declined, last | repeat | released, drops [free] | repeat | repeat | repeat | repeat | repeat |
| declined, overdue | repeat | released, drops [free] | repeat | repeat | repeat | repeat | repeat |
| overdue | repeat | paying, overdue [cancel_charge] | repeat | repeat | repeat | repeat | repeat |
| cancelled | repeat | expired, drops [free] | repeat | repeat | repeat | repeat | repeat |
| retaken | wrong | wrong | confirmed, takes [mark_sold] | repeat | wrong | repeat | repeat |
| seats_lost | wrong | wrong | refunding [free, refund] | repeat | wrong | repeat | repeat |
| cancel_asked | 409 | 409 | 409 | refunding [refund] | 409 | repeat | 409 |
| refunded | wrong | wrong | wrong | refunded, drops [free] | wrong \
| refunded, drops [free] | repeat |
"""


def cells() -> Iterator[tuple[State, str, str]]:
    """Yield (state, message, cell) of every cell of the table."""
    head, *rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in DESIGN.strip().splitlines()
    ]
    for name, *row in rows:
        for row_states, cell in zip(head[1:], row, strict=True):
            for state in STATES:
                if state in row_states.split(", "):
                    yield state, name, cell


# A booking in each state, at its second try; the first was declined.
PAID: dict[State, state_machine.PaymentState] = {
    "retaking": "captured", "confirmed": "captured", "refunding": "captured", "refunded": "refunded"
}  # fmt: skip
OPEN: dict[State, state_machine.PaymentState] = {"paying": "asked", "expired": "cancelled"}


def booking_in(state: State) -> BookingState:
    second = PaymentStatus(PAID.get(state) or OPEN.get(state, "declined"))
    return BookingState(
        state,
        attempt=2,
        paid=2 if state in PAID else 0,
        claimed=state in ("paying", "confirmed", "refunding"),
        payments={1: PaymentStatus("declined"), 2: second},
    )


def unanswered(booking: BookingState, *, overdue: bool) -> BookingState:
    """Return the booking with its second try unanswered: a message about it is no repeat."""
    return replace(booking, payments={**booking.payments, 2: PaymentStatus("asked", overdue)})


def step_in(state: State, row: str) -> Step:
    booking, (message, _, how) = booking_in(state), row.partition(", ")
    if message in ("declined", "overdue", "cancelled"):
        booking = unanswered(booking, overdue=how == "overdue")
    late = message == "charged" and state in PAID  # money for another try than the one that pays
    received = SagaInput(message, 1 if late else 2)  # type: ignore[arg-type]
    return next_step(booking, received, attempts_max=2 if how == "last" else 3)


def cell_of(before: State, step: Step) -> str:
    """Write a step as the table does."""
    if step.verdict != "moves":
        return "409" if step.verdict == "refused" else step.verdict
    parts: list[str] = [step.after.state]
    if (before, step.after.state) == ("paying", "paying") and step.after.payments[2].overdue:
        parts.append("overdue")
    parts += {"keep": [], "drop": ["drops"], "take": ["takes"]}[step.claims]
    assert step.orders[-1] == ("tell", 2)
    return f"{', '.join(parts)} [{', '.join(order for order, _ in step.orders[:-1])}]"


def test_the_table_has_every_state_and_every_message() -> None:
    every = {(state, row.partition(", ")[0]) for state, row, _ in cells()}
    assert every == set(product(STATES, state_machine.MESSAGES))


@pytest.mark.parametrize(("state", "row", "cell"), list(cells()))
def test_a_cell_is_as_designed(state: State, row: str, cell: str) -> None:
    assert cell_of(state, step_in(state, row)) == cell


@pytest.mark.parametrize("state", ["paying", *PAID])
def test_surplus_money_is_refunded_and_nothing_else_changes(state: State) -> None:
    booking = booking_in(state)

    step = next_step(booking, SagaInput("charged", 1), attempts_max=3)

    assert (step.verdict, step.claims, step.orders) == ("surplus", "keep", (("refund", 1),))
    payments = {**booking.payments, 1: PaymentStatus("captured")}
    assert step.after == replace(booking, payments=payments)


@pytest.mark.parametrize("message", ["declined", "overdue", "cancelled"])
def test_a_word_about_an_older_try_ends_there(message: Any) -> None:
    booking = replace(booking_in("paying"), payments={1: PaymentStatus(), 2: PaymentStatus()})

    step = next_step(booking, SagaInput(message, 1), attempts_max=3)

    assert (step.verdict, step.orders) == ("repeat", ())
    assert replace(step.after, payments=booking.payments) == booking


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("message", [*state_machine.PAYMENT_STATES, "overdue"])
def test_a_word_about_an_unknown_try_is_wrong(state: State, message: Any) -> None:
    booking = booking_in(state)
    assert next_step(booking, SagaInput(message, 3), attempts_max=3) == Step("wrong", booking)
