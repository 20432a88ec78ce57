"""The saga against its table in DESIGN, and walked through in every order; mutants are caught."""

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, cast

import pytest

from booking_rush.booking.holds.states import ENDED, STATES, Reason, State
from booking_rush.booking.saga import state_machine
from booking_rush.booking.saga.state_machine import FAR, Heard, Payment, Standing, Step, next_step

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
| refunded | wrong | wrong | wrong | wrong | wrong | refunded, drops [free] | repeat |
"""


def cells() -> Iterator[tuple[State, str, str]]:
    """(state, message, what DESIGN says) of every cell."""
    head, *rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in DESIGN.strip().splitlines()
    ]
    for said, *row in rows:
        for row_states, cell in zip(head[1:], row, strict=True):
            for state in STATES:
                if state in row_states.split(", "):
                    yield state, said, cell


# A booking in each state, at its second try; the first was declined.
PAID: dict[State, state_machine.PaymentState] = {
    "retaking": "captured", "confirmed": "captured", "refunding": "captured", "refunded": "refunded"
}  # fmt: skip
OPEN: dict[State, state_machine.PaymentState] = {"paying": "asked", "expired": "cancelled"}


def standing_in(state: State) -> Standing:
    second = Payment(PAID.get(state) or OPEN.get(state, "declined"))
    return Standing(
        state,
        attempt=2,
        paid=2 if state in PAID else 0,
        claimed=state in ("paying", "confirmed", "refunding"),
        payments={1: Payment("declined"), 2: second},
    )


def unanswered(had: Standing, *, overdue: bool) -> Standing:
    """The same, though nothing has been heard of its second try: the row itself says no repeat."""
    return replace(had, payments={**had.payments, 2: Payment("asked", overdue)})


def heard_in(state: State, said: str) -> Step:
    had, (message, _, how) = standing_in(state), said.partition(", ")
    if message in ("declined", "overdue", "cancelled"):
        had = unanswered(had, overdue=how == "overdue")
    late = message == "charged" and state in PAID  # money for another try than the one that pays
    heard = Heard(message, 1 if late else 2)  # type: ignore[arg-type]
    return next_step(had, heard, attempts_max=2 if how == "last" else 3)


def told(had: State, step: Step) -> str:
    """A step in DESIGN's words."""
    if step.verdict != "moves":
        return "409" if step.verdict == "refused" else step.verdict
    words: list[str] = [step.then.state]
    if (had, step.then.state) == ("paying", "paying") and step.then.payments[2].overdue:
        words.append("overdue")
    words += {"keep": [], "drop": ["drops"], "take": ["takes"]}[step.claims]
    assert step.orders[-1] == ("tell", 2)
    return f"{', '.join(words)} [{', '.join(order for order, _ in step.orders[:-1])}]"


def test_the_table_has_every_state_and_every_message() -> None:
    every = {(state, said.partition(", ")[0]) for state, said, _ in cells()}
    assert every == set(product(STATES, state_machine.MESSAGES))


@pytest.mark.parametrize(("state", "said", "cell"), list(cells()))
def test_a_cell_is_as_designed(state: State, said: str, cell: str) -> None:
    assert told(state, heard_in(state, said)) == cell


@pytest.mark.parametrize("state", ["paying", *PAID])
def test_surplus_money_is_refunded_and_nothing_else_changes(state: State) -> None:
    had = standing_in(state)

    step = next_step(had, Heard("charged", 1), attempts_max=3)

    assert (step.verdict, step.claims, step.orders) == ("surplus", "keep", (("refund", 1),))
    assert step.then == replace(had, payments={**had.payments, 1: Payment("captured")})


@pytest.mark.parametrize("message", ["declined", "overdue", "cancelled"])
def test_a_word_about_an_older_try_ends_there(message: Any) -> None:
    had = replace(standing_in("paying"), payments={1: Payment(), 2: Payment()})

    step = next_step(had, Heard(message, 1), attempts_max=3)

    assert (step.verdict, step.orders) == ("repeat", ())
    assert replace(step.then, payments=had.payments) == had


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("message", [*state_machine.WORDS, "overdue"])
def test_a_word_about_an_unknown_try_is_wrong(state: State, message: Any) -> None:
    had = standing_in(state)
    assert next_step(had, Heard(message, 3), attempts_max=3) == Step("wrong", had)


# The walk: from a checkout, whatever may be heard, in any order and as often as it likes.

TRIES = (1, 2)
WORDS = [Heard(m, n) for m, n in product(("charged", "declined", "overdue", "cancelled"), TRIES)]  # type: ignore[arg-type]
OTHERS = [Heard("retaken"), Heard("seats_lost"), Heard("cancel_asked")]
REASONS: dict[State, set[Reason]] = {
    "held": {"declined"}, "expired": {"expired"}, "refunding": {"cancelled", "seats_lost"},
    "released": {"declined", "cancelled", "seats_lost"}, "refunded": {"cancelled", "seats_lost"},
}  # fmt: skip


@dataclass(frozen=True)
class Stop:
    """A booking on the walk, what was ordered for it, and by which way it came here."""

    at: Standing
    ordered: frozenset[tuple[str, int]] = frozenset()
    way: tuple[str, ...] = field(default=(), compare=False)

    def mark(self) -> tuple[Any, ...]:
        """What makes it another than the stops before."""
        at = self.at
        payments = tuple(sorted(at.payments.items(), key=lambda item: item[0]))
        return at.state, at.attempt, at.paid, at.claimed, at.reason, payments, self.ordered

    def then(self, word: str, at: Standing, *orders: tuple[str, int]) -> "Stop":
        new = {order for order in orders if order[0] in ("refund", "cancel_charge")}
        assert not new & self.ordered, "ordered again"
        return Stop(at, self.ordered | new, (*self.way, word))


@dataclass
class Walk:
    """Every stop that can be reached, each looked at from all sides."""

    next_step: NextStep
    attempts_max: int
    refunds_unasked: bool = False  # the bank speaks of refunds that nobody ordered, too
    seen: set[Any] = field(default_factory=set[Any])

    def go(self) -> "Walk":
        """Walk it all, the shortest ways first.

        Raises:
            AssertionError: something that must hold does not; it says after which way.
        """
        first = Standing("paying", attempt=1, payments={1: Payment()}, claimed=True)
        second = replace(first, attempt=2, payments={1: Payment(), 2: Payment()})
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
            return [*self.recorded(stop), *self.heard(stop)]
        except Exception as why:
            raise AssertionError(f"{' → '.join(stop.way)}: {why} {stop.at}") from why

    def step(self, had: Standing, heard: Heard) -> Step:
        return self.next_step(had, heard, attempts_max=self.attempts_max)

    def heard(self, stop: Stop) -> Iterator[Stop]:
        """What follows when any message comes; where claims are asked for, they may be refused."""
        for heard in [*WORDS, *OTHERS, *self.refunds(stop)]:
            step, word = self.step(stop.at, heard), f"{heard.message} {heard.attempt or ''}".strip()
            check_step(stop.at, heard, step)
            self.check_repeat(heard, step.then)
            yield stop.then(word, step.then, *step.orders)
            if step.claims == "take":
                lost = self.step(stop.at, Heard("seats_lost"))
                self.check_repeat(heard, lost.then)
                yield stop.then(f"{word}, but claims are refused", lost.then, *lost.orders)

    def refunds(self, stop: Stop) -> list[Heard]:
        every = {n: ("refund", n) in stop.ordered or self.refunds_unasked for n in TRIES}
        return [Heard("refunded", n) for n, may_be in every.items() if may_be]

    def recorded(self, stop: Stop) -> Iterator[Stop]:
        """What the record duty does, and only to a booking that is held."""
        had = stop.at
        if had.state != "held":
            return
        for state, reason in (("expired", "expired"), ("released", "cancelled")):
            yield stop.then(state, replace(had, state=state, reason=reason))  # type: ignore[arg-type]
        new = had.attempt + 1
        if new in TRIES:
            rows = {**had.payments, new: Payment()}
            yield stop.then("checked out", Standing("paying", new, claimed=True, payments=rows))
            lost = replace(had, state="released", attempt=new, reason="seats_lost")
            yield stop.then("checked out, but claims are refused", lost)

    def check_repeat(self, heard: Heard, then: Standing) -> None:
        again = self.step(then, heard)
        assert again.verdict != "moves", f"{heard} moves twice"
        assert (again.then, again.orders) == (then, ()), f"{heard} tells twice"

    def check_that_it_goes_on(self, had: Standing) -> None:
        """Whoever waits for a word is moved by it."""
        waits: dict[State, tuple[Heard, State]] = {
            "paying": (Heard("charged", had.attempt), "confirmed"),
            "retaking": (Heard("retaken"), "confirmed"),
            "refunding": (Heard("refunded", had.paid), "refunded"),
            "confirmed": (Heard("cancel_asked"), "refunding"),
        }
        if had.state in waits:
            heard, state = waits[had.state]
            assert self.step(had, heard).then.state == state, f"{heard} does not help"


def check_stop(stop: Stop, attempts_max: int) -> None:
    """What must hold of a booking whenever it stands still."""
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
        captured = FAR[payment.state] >= 2
        assert not captured or pays or refund_ordered, "money is kept"
        assert captured or not (pays or refund_ordered), "money from nowhere"
        assert not (pays and refund_ordered), "money is given back, and pays"
        assert not ours or (payment.state == "refunded") == (at.state == "refunded"), "refund"
        assert payment.state != "asked" or may_be_asked, "let go of what may still capture"
        assert payment.overdue == (("cancel_charge", n) in stop.ordered), "overdue"
        assert at.state != "held" or not payment.overdue, "overdue, and to be tried again"


LEAVES = {
    ("expired", "charged", "retaking"), ("released", "charged", "retaking"),
    ("confirmed", "cancel_asked", "refunding"),
}  # fmt: skip
NEEDS: dict[State, set[str]] = {
    "retaking": {"retake"}, "confirmed": {"mark_sold"}, "refunding": {"refund"},
    "held": {"reopen"}, "expired": {"free"}, "released": {"free"}, "refunded": {"free"},
}  # fmt: skip


def check_step(had: Standing, heard: Heard, step: Step) -> None:
    """What must hold of a step."""
    then, orders = step.then, [order for order, _ in step.orders]
    for n in had.payments.keys() ^ then.payments.keys() | had.payments.keys() - {heard.attempt}:
        assert had.payments[n] == then.payments[n], "another row is written"
    if step.verdict != "moves":
        assert replace(then, payments=had.payments) == had, f"{heard} moves in silence"
        surplus = (("refund", heard.attempt),) if step.verdict == "surplus" else ()
        assert (step.claims, step.orders) == ("keep", surplus), f"{heard} orders in silence"
        assert step.verdict in ("repeat", "surplus") or then == had, f"{heard} is kept"
        return
    assert orders.index("tell") == len(orders) - 1, f"{heard} is not told once, and last"
    assert NEEDS.get(then.state, set()) <= set(orders), f"{heard} orders too little"
    left = (had.state, heard.message, then.state)
    assert had.state not in ENDED or left in LEAVES, f"{left} leaves an end"
    assert "free" not in orders or not then.claimed, "freed, though claimed"
    assert not had.claimed or then.claimed or step.claims == "drop", "claims are lost"
    assert had.claimed or not then.claimed or step.claims == "take", "claims are found"


@pytest.mark.parametrize("attempts_max", [1, 2, 3])
def test_every_way_keeps_money_and_seats_in_order(attempts_max: int) -> None:
    seen = Walk(next_step, attempts_max).go().seen
    assert {state for state, *_ in seen} == {*STATES} - ({"held"} if attempts_max == 1 else set())


@pytest.mark.parametrize("attempts_max", [1, 2, 3])
def test_a_refund_that_nobody_ordered_changes_nothing(attempts_max: int) -> None:
    Walk(next_step, attempts_max, refunds_unasked=True).go()


# Mutants: the saga's own text, with one thing changed.

MUTANTS = {
    "surplus pays": ('if word == "captured" and _is_surplus', "if False and _is_surplus"),
    "a decline of an older try moves": ("if heard.attempt != had.attempt:", "if False:"),
    "a repeat orders its refund again": ("if FAR[word] <= FAR", "if FAR[word] < FAR"),
    "freed without a drop": ('"declined", "drop", ("free",)', '"declined", "keep", ("free",)'),
    "overdue cancels at once": (
        '("paying", "", "keep", ("cancel_charge",))', '("expired", "expired", "drop", ("free",))'),
    "overdue again cancels again": ("if payment.overdue or payment.state", "if payment.state"),
    "an overdue try may be tried again": ("last = payment.overdue or heard", "last = heard"),
    "the last try is not the last": ("attempt >= attempts_max", "attempt > attempts_max"),
    "late money is kept": ('("expired", "charged"): (', '("expired", "retaken"): ('),
    "late money buys without a retake": (
        '("held", "charged"): ("retaking", "", "keep", ("retake",))',
        '("held", "charged"): ("confirmed", "", "take", ("mark_sold",))'),
    "retaken seats are not claimed": ('"", "take", ("mark_sold",)', '"", "keep", ("mark_sold",)'),
    "lost seats are not refunded": ('("free", "refund")', '("free",)'),
    "seats are freed before the refund": (
        '"cancelled", "keep", ("refund",)', '"cancelled", "drop", ("free", "refund")'),
    "a refunded booking forgets why": ("had.reason if keeps_reason else reason", "reason"),
    "nobody may cancel": ('("confirmed", "cancel_asked"): (', '("refunded", "cancel_asked"): ('),
    "the visitor is told first": ('(*orders, "tell")', '("tell", *orders)'),
}  # fmt: skip


def mutant_of(part: str, instead: str) -> NextStep:
    """The saga with a part of its rules replaced; its types stay."""
    text = inspect.getsource(state_machine).partition("# How far a word brings")[2]
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
