"""Model test of a sale: in any order of events the real sale and the reference model agree.

A state machine holds, pays, handles messages, carries out orders once, late or twice, records in
pieces, stops recorders and conductors, and empties Redis, on real stores. Each mutant must make it
fail.
"""

import inspect
import textwrap
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.messaging.table_log import TableLog
from booking_rush.booking.recording import persistence as keep_module
from booking_rush.booking.recording import recorder as record_module
from booking_rush.booking.recording.commits import Commits
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.booking.seats import claims as claims_module
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.holds.commands import HoldSeats
from booking_rush.lua.saga.commands import ReopenHold
from booking_rush.postgres import Pool
from tests.model.model_lab import Lab, laboratory
from tests.model.reference_ledger import HOLD_MS, HoldRequest, OutboxEntry
from tests.model.sale_machine import SaleMachine, machine_for
from tests.support.event_in_redis import EVENT, read_holds
from tests.support.servers.stores import Store

read_all = TableLog.read


async def read_one(
    log: TableLog, busy: Collection[UUID] = (), full: Collection[str] = ()
) -> list[Envelope]:
    """Read the oldest envelope of all lanes."""
    return (await read_all(log, busy, full))[:1]


@pytest.fixture(scope="module")
def stores(redis_server: Store, postgres_server: Store) -> Generator[Lab]:
    with laboratory(redis_server, postgres_server, "sale") as lab:
        yield lab


@pytest.fixture
def lab(stores: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The same stores for every test: each sale clears them first."""
    monkeypatch.setattr(record_module, "BLOCK_MS", 0)  # no action waits for entries
    monkeypatch.setattr(TableLog, "read", read_one)  # one order a call of the conductor
    return Lab(stores.runner, stores.pool, stores.redis)


COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


def test_the_sale_and_the_plain_sale_agree(lab: Lab) -> None:
    found = settings(max_examples=50, stateful_step_count=40, derandomize=True, **COMMON)

    run_state_machine_as_test(machine_for(lab), settings=found)


# Bugs that the machine has found, in the fewest steps.


def one_payment(lab: Lab, *messages: str) -> tuple[SaleMachine, str]:
    """Let Ada pay a seat, and handle these messages. Return the sale and her booking."""
    machine = machine_for(lab)()
    machine.begin(freed_by_hand=False)
    booking = machine.ask_to_hold("ada", "her key", HoldRequest(("stalls.A-1",), 0))
    machine.pay(booking)
    machine.record()
    for message in messages:
        lab.run(machine.send(OutboxEntry(booking, message, 1, 0)))
        machine.carry_out_everything()
    return machine, booking


def test_a_reopen_that_comes_twice_leaves_the_next_checkout_alone(lab: Lab) -> None:
    machine, booking = one_payment(lab, "declined")
    [reopen] = [one for one in machine.program.orders if isinstance(one, ReopenHold)]
    machine.pay(booking)
    machine.record()

    machine.ask(reopen)  # by a conductor that was stopped after it looked at the step

    [hold] = lab.run(read_holds(lab.redis, machine.epoch, [booking]))
    assert machine.reference.bookings[booking].state == hold.state == "paying"


def retaken_before_a_loss(lab: Lab) -> tuple[SaleMachine, str]:
    """Capture Ada's payment late, retake her seat, and lose Redis before Retake's answer."""
    machine, booking = one_payment(lab, "cancelled")
    lab.run(machine.send(OutboxEntry(booking, "charged", 1, 0)))
    while machine.reference.holds[booking].state != "paying":
        lab.run(machine.carry_out_next(""))
    lab.run(lab.redis.flushall())
    machine.rebuild_sale()
    return machine, booking


def test_what_was_retaken_is_taken_after_a_loss_before_its_answer(lab: Lab) -> None:
    machine, _ = retaken_before_a_loss(lab)

    machine.carry_out_everything()

    claimed = lab.run(lab.pool.fetch("SELECT seat FROM claims WHERE seat = 'stalls.A-1'"))
    [stalls] = lab.run(machine.program.ask(EVENT, machine.stamp, ReadSeats(["stalls"]))).sections
    assert claimed
    assert dict(stalls.rows)["A"] == "s.."
    machine.stores_agree_with_the_reference()


def test_what_is_held_before_a_late_mark_sold_stays_in_the_cart(lab: Lab) -> None:
    machine, _ = retaken_before_a_loss(lab)
    held = HoldSeats("another", "ada", "2", "print", ["stalls.B-1"], "", 0, right="place")
    assert machine.ask(held)[0] == "held"

    machine.carry_out_everything()
    machine.admit("ada")

    more = HoldSeats("a third", "ada", "3", "print", ["stalls.B-2"], "", 0, right="place")
    assert machine.ask(more) == ("hold_exists", "another")


def test_a_seat_that_was_sold_over_a_hold_stays_sold_when_that_is_reopened(lab: Lab) -> None:
    machine, booking = retaken_before_a_loss(lab)
    rival = machine.ask_to_hold("bob", "his key", HoldRequest(("stalls.A-1",), 0))
    machine.pay(rival)
    machine.record()
    for message in ("", "", "declined"):  # charge, tell, and then his claim is dropped
        if message:
            lab.run(machine.send(OutboxEntry(rival, message, 1, 0)))
        lab.run(machine.carry_out_next(rival))
    while any(one.booking == booking for one in machine.reference.waiting()):
        lab.run(machine.carry_out_next(booking))
    assert (machine.reference.rows["stalls.A-1"], machine.reference.claims) == (
        "s",
        {"stalls.A-1": booking},
    )

    machine.carry_out_everything()  # Reopen

    [stalls] = lab.run(machine.program.ask(EVENT, machine.stamp, ReadSeats(["stalls"]))).sections
    assert dict(stalls.rows)["A"] == "s.."


def test_who_wishes_again_for_seats_of_a_hold_that_is_over_gets_them(lab: Lab) -> None:
    machine = machine_for(lab)()
    machine.begin(freed_by_hand=False)
    machine.ask_to_hold("ada", "her key", HoldRequest(("stalls.A-1",), 0))
    machine.program.now_ms += HOLD_MS
    again = HoldSeats("another", "ada", "new key", "print", ["stalls.A-1"], "", 0, right="place")

    assert machine.ask(again)[0] == "held"


# Mutants: each breaks one promise.


@dataclass
class Mutation:
    """Code under test that a mutant changes: the program's text, any function, the conductor."""

    lab: Lab
    patch: pytest.MonkeyPatch
    conductor: type[Conductor] = Conductor

    def in_lua(self, part: str, instead: str) -> None:
        assert part in self.lab.text, part
        self.lab.text = self.lab.text.replace(part, instead)

    def in_python(self, function: Any, part: str, instead: str) -> None:
        """Replace a part of a function's text, in every module that has imported it."""
        text = textwrap.dedent(inspect.getsource(function))
        assert part in text, part
        found: dict[str, Any] = {}
        exec(text.replace(part, instead), {**function.__globals__}, found)
        self.patch.setattr(function, "__code__", found[function.__name__].__code__)


def a_refused_claim_is_taken_for_granted(mutation: Mutation) -> None:
    mutation.in_python(
        getattr(claims_module, "_claim_seats"),  # noqa: B009  it is the mutant's business
        "if claimed.get(request.booking, 0) < len(request.seats)",
        "if False",
    )


def a_refused_claim_drops_those_of_its_rival(mutation: Mutation) -> None:
    mutation.in_python(
        getattr(claims_module, "_claim_seats"),  # noqa: B009
        "DELETE FROM claims WHERE booking = ANY($1)",
        "DELETE FROM claims WHERE seat IN (SELECT unnest(seats) FROM bookings WHERE id = ANY($1))",
    )


def a_refused_claim_counts_as_claimed(mutation: Mutation) -> None:
    mutation.in_python(
        getattr(keep_module, "_check_out"),  # noqa: B009
        "claimed = false,",
        "",
    )


def a_hold_that_is_being_paid_expires(mutation: Mutation) -> None:
    mutation.in_lua(
        'if cart[AT.state] == "held" then',
        "if LIVING[cart[AT.state]] then",
    )
    mutation.in_lua(
        'return hold[AT.state] == "held" and hold[AT.deadline] <= sale_now()',
        "return hold[AT.deadline] <= sale_now()",
    )


def orders_are_obeyed_whatever_their_step(mutation: Mutation) -> None:
    mutation.in_lua("return step < hold[AT.step]", "return false")


def a_recorder_overwrites_what_the_saga_has_said(mutation: Mutation) -> None:
    mutation.in_python(
        getattr(keep_module, "_leave_held"),  # noqa: B009
        "AND bookings.state = 'held'",
        "",
    )
    for name in ("SAVE_HELD", "SAVE_ENDED"):
        text: str = getattr(keep_module, name)
        mutation.patch.setattr(keep_module, name, text.replace("bookings.state = 'held'", "true"))


def an_outbox_read_by_the_last_number(mutation: Mutation) -> None:
    class Forgetful(TableLog):
        last = 0

        async def read(
            self, busy: Collection[UUID] = (), full: Collection[str] = ()
        ) -> list[Envelope]:
            found = await super().read(busy, full)
            numbers = [
                await mutation.lab.pool.fetchval("SELECT seq FROM outbox WHERE id = $1", one.id)
                for one in found
            ]
            new = [(n, one) for n, one in zip(numbers, found, strict=True) if n > self.last]
            self.last = max([self.last, *numbers])
            return [one for _, one in new]

    class ForgetfulConductor(Conductor):
        def __init__(self, pool: Pool, *more: Any, **named: Any) -> None:
            super().__init__(pool, *more, **named)
            self.log = Forgetful(pool, "forgetful")

    mutation.conductor = ForgetfulConductor


def what_lives_is_written_before_what_ended(mutation: Mutation) -> None:
    mutation.in_python(
        getattr(Commits, "_save"),  # noqa: B009
        "for rows in (ended, living)",
        "for rows in (living, ended)",
    )


def a_hold_without_a_limit(mutation: Mutation) -> None:
    mutation.in_lua("cart[AT.taken] + request.quantity > most", "false")


def a_hold_of_whatever_is_free(mutation: Mutation) -> None:
    mutation.in_lua(
        "if conflicts then return", "if conflicts and #conflicts == #request.seats then return"
    )


def seats_given_back_as_standing_places(mutation: Mutation) -> None:
    mutation.in_lua(
        "seats.count_places(section, standing * holds.standing(hold))",
        "seats.count_places(section, standing * hold[AT.quantity])",
    )


def seats_claimed_without_the_standing_places(mutation: Mutation) -> None:
    mutation.in_python(
        claims_module.claim,
        "DELETE FROM claims WHERE booking = ANY($1)",
        "DELETE FROM claims WHERE booking = ANY($1) AND false",
    )


MUTANTS: list[Callable[[Mutation], None]] = [
    a_refused_claim_is_taken_for_granted,
    a_refused_claim_drops_those_of_its_rival,
    a_refused_claim_counts_as_claimed,
    a_hold_that_is_being_paid_expires,
    orders_are_obeyed_whatever_their_step,
    a_recorder_overwrites_what_the_saga_has_said,
    an_outbox_read_by_the_last_number,
    what_lives_is_written_before_what_ended,
    a_hold_without_a_limit,
    a_hold_of_whatever_is_free,
    seats_given_back_as_standing_places,
    seats_claimed_without_the_standing_places,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(
    mutant: Callable[[Mutation], None], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation = Mutation(lab, monkeypatch)
    mutant(mutation)
    found = settings(
        max_examples=200,
        stateful_step_count=40,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        derandomize=True,
        **COMMON,
    )

    with pytest.raises(BaseException) as caught:  # noqa: PT011  hypothesis wraps what it finds
        run_state_machine_as_test(machine_for(lab, mutation.conductor), settings=found)
    assert isinstance(caught.value, AssertionError | asyncpg.UniqueViolationError), caught.value
