"""State machine of a sale: each action runs on the real stores and on the reference model."""

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from booking_rush.booking.recording.batch import Batch, fold
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.holds import commands as lua
from booking_rush.lua.line import commands
from booking_rush.lua.line.changes import ClockChange, InForceChange
from booking_rush.lua.saga import commands as saga_commands
from tests.model.choices import CHOICES, Choice
from tests.model.model_lab import Lab
from tests.model.reference_ledger import (
    PAYMENT_STATES,
    PLACES,
    Hold,
    HoldRequest,
    OutboxEntry,
    Pass,
)
from tests.model.sale_stores import NAMES, SaleLab, pick
from tests.support.event_in_redis import EVENT

STEPS_S = (0, 11, 61, 201, 201, 301, -3)
# Methods of the machine, the likelier the more often they stand here.
ACTIONS = (
    *("hold",) * 6, *("extend", "release", "repeat", "reuse_key", "leave", "remove"),
    *("check_out",) * 3, *("tick",) * 4, *("record", "record_some") * 2,
    *("send_message",) * 5, *("commit_out_of_order",), *("capture_late",) * 3,
    *("carry_out_everything",) * 2, *("carry_out_one",) * 3, *("deliver_again",) * 2,
    *("wake_a_conductor",) * 2,
    *("stop_a_recorder", "wake_the_recorder", "lose_redis", "lose_redis", "rebuild"),
    *("free_a_seat_by_hand",) * 2,
)  # fmt: skip
NOT_OF_SALE = (InForceChange, ClockChange)  # the line's alone, and in no entry of the reference
LOST = ("declined", "cancelled")  # a capture may follow for all that


class SaleMachine(SaleLab, RuleBasedStateMachine):
    """A state machine that runs each action on both sales, and compares answers and stores."""

    @initialize(freed_by_hand=st.booleans())
    def begin(self, freed_by_hand: bool) -> None:
        """Start a sale; with `freed_by_hand`, seats that are not free are freed in Redis alone."""
        self.freed_by_hand = freed_by_hand
        self.stale: tuple[int, str, Batch, list[Pass | Hold]] | None = None
        self.set_up()
        for visitor in NAMES:
            self.admit(visitor)

    # Visitors and operators

    @rule(what=st.sampled_from(ACTIONS), choice=CHOICES)
    def act(self, what: str, choice: Choice) -> None:
        """Run one action. One rule for all: hypothesis would leave some rules out of a run."""
        getattr(self, what)(choice)

    def hold(self, choice: Choice) -> None:
        """Hold, and take up to six of the steps from checkout to the saga's answer."""
        visitor = (
            pick(choice.nth, [name for name in NAMES if not self._has_hold(name)], NAMES) or ""
        )
        if choice.other % 6:
            self.admit(visitor)
        id_ = self.ask_to_hold(visitor, f"key {next(self.count)}", choice.request)
        if id_ in self.reference.holds:
            following: list[Callable[[], None]] = [
                self.record, partial(self.pay, id_), self.record,
                self.carry_out_everything, partial(self._handle_payment, id_, choice.event),
                self.carry_out_everything,
            ]  # fmt: skip
            for action in following[: choice.steps]:
                action()

    def repeat(self, choice: Choice) -> None:
        if hold := self._pick_hold(choice):
            self.ask_to_hold(hold.visitor, hold.key, hold.request)

    def reuse_key(self, choice: Choice) -> None:
        """Send another request under a key that was used."""
        if hold := self._pick_hold(choice):
            self.ask_to_hold(hold.visitor, hold.key, choice.request)

    def extend(self, choice: Choice) -> None:
        if hold := self._pick_hold(choice):
            expected = self.reference.extend(self._asking(choice, hold), hold.id)
            assert self.ask(lua.ExtendHold(self._asking(choice, hold), hold.id)) == expected

    def release(self, choice: Choice) -> None:
        if hold := self._pick_hold(choice):
            expected = self.reference.release(self._asking(choice, hold), hold.id)
            assert self.ask(lua.ReleaseHold(self._asking(choice, hold), hold.id)) == expected

    def leave(self, choice: Choice, reason: str = "left") -> None:
        visitor = NAMES[choice.nth % len(NAMES)]
        expected = self.reference.leave(visitor, removed=reason == "removed")
        assert self.ask(commands.LeaveLine(visitor, reason)) == expected

    def remove(self, choice: Choice) -> None:
        self.leave(choice, "removed")

    def check_out(self, choice: Choice) -> None:
        if hold := self._pick_hold(choice):
            self.pay(hold.id)
            if choice.other % 2:
                self.record()

    def _pick_hold(self, choice: Choice) -> Hold | None:
        every = [*self.reference.holds.values()]
        held = [hold for hold in every if hold.state == "held"]
        return pick(choice.nth, [hold for hold in held if hold.attempt], held, every)

    def _asking(self, choice: Choice, hold: Hold) -> str:
        """Return the hold's visitor, or now and then another one."""
        return hold.visitor if choice.other % 5 else NAMES[choice.other % len(NAMES)]

    def tick(self, choice: Choice) -> None:
        """Move the clock; two times of three, run a tick, too."""
        self.reference.now += STEPS_S[choice.nth % len(STEPS_S)] * 1000
        self.program.now_ms = self.reference.now
        if choice.other % 3:
            assert self.ask(commands.AdmitNext()) == ("advanced",)
            self.reference.tick()

    def free_a_seat_by_hand(self, choice: Choice) -> None:
        """Free a held seat in Redis and hold it again: the claim in Postgres decides."""
        if self.freed_by_hand and choice.request.on_floor:
            self.reference.free += choice.request.on_floor
            self.lab.run(self.free_by_hand("floor", choice.request.on_floor))
            return self.hold(choice)
        taken = [seat for seat, mark in self.reference.rows.items() if mark != "."]
        seat = pick(choice.nth, [*self.reference.claims], taken)
        if self.freed_by_hand and seat:
            if self.reference.rows[seat] != ".":
                self.reference.rows[seat] = "."
                self.lab.run(self.free_by_hand(seat))
            others = {*choice.request.seats[:2]} - {seat}
            self.hold(choice._replace(request=HoldRequest((seat, *sorted(others)), 0)))

    # The record duty

    def record(self, choice: Choice | None = None) -> None:
        self.lab.run(self._record())
        self.reference.record(self.reference.stream)
        self.reference.stream = []

    def record_some(self, choice: Choice) -> None:
        """Commit the first some of the entries that wait."""
        entries = self.lab.run(self.unrecorded())
        counts = [
            sum(not isinstance(one, NOT_OF_SALE) for one in entry.changes) for entry in entries
        ]
        assert sum(counts) == len(self.reference.stream)
        if entries:
            some = choice.nth % len(entries) + 1
            epoch, last = self.lab.run(self.cursor())
            batch = fold(entries[:some])
            self.lab.run(self.recorder.commit(EVENT, epoch, last, batch))
            self._recorded(self.reference.stream[: sum(counts[:some])])

    def _recorded(self, entries: list[Pass | Hold]) -> None:
        self.reference.record(entries)
        self.reference.stream = self.reference.stream[len(entries) :]

    # The saga

    def send_message(self, choice: Choice) -> None:
        if message := self._message(choice.nth, choice.event):
            self.lab.run(self.send(message))
            if choice.other % 3:
                self.carry_out_everything()

    def _handle_payment(self, id_: str, event: str) -> None:
        if (id_, 1) in self.reference.payments and event in PAYMENT_STATES and event != "refunded":
            self.lab.run(self.send(OutboxEntry(id_, event, 1, 0)))

    def capture_late(self, choice: Choice) -> None:
        """Capture a declined or cancelled attempt, perhaps before the next one is recorded."""
        if not self._lost():
            self.hold(choice._replace(event=LOST[choice.other % 2], steps=6))
        if found := pick(choice.nth, self._lost()):
            if self.reference.holds[found[0]].state == "held":
                self.pay(found[0])
            self.carry_out_everything()
            self.lab.run(self.send(OutboxEntry(found[0], "charged", found[1], 0)))
            if choice.steps % 2:
                self.lose_retaken_seats(choice, self.reference.holds[found[0]].request)
            self.carry_out_everything()

    def _lost(self) -> list[tuple[str, int]]:
        return [key for key, payment in self.reference.payments.items() if payment.state in LOST]

    def lose_retaken_seats(self, choice: Choice, request: HoldRequest) -> None:
        """Lose Redis between Retake and its answer; another visitor may hold the seats then."""
        for _ in ("charged", "retake"):
            self.carry_out_one(choice)
        self.lose_redis(choice)
        if choice.other % 3:
            self.hold(choice._replace(request=request))

    def commit_out_of_order(self, choice: Choice) -> None:
        """Commit a message after one with a greater number has been carried out."""
        self.carry_out_everything()
        late, soon = self._message(choice.nth, choice.event), self._message(choice.other, "charged")
        if late and soon and late.booking != soon.booking:
            late.visible = False
            self.lab.run(self.send(late, self.send(soon), self.carry_out_all))
            late.visible = True

    def _message(self, nth: int, kind: str) -> OutboxEntry | None:
        """Return a message of this kind that some booking may get, or None."""
        sale = self.reference
        if kind == "cancel_asked":
            paid = [id_ for id_, booking in sale.bookings.items() if booking.state == "confirmed"]
            id_ = pick(nth, paid, [*sale.bookings])
            return OutboxEntry(id_, kind, 0, 0) if id_ else None
        if kind == "refunded":
            found = pick(nth, [key for key, payment in sale.payments.items() if payment.refunding])
        else:
            asked = [key for key, payment in sale.payments.items() if payment.state == "asked"]
            captured_late = kind == "charged" and nth % 2
            found = pick(nth, self._lost() if captured_late else asked, asked, [*sale.payments])
        return OutboxEntry(found[0], kind, found[1], 0) if found else None

    def carry_out_one(self, choice: Choice) -> None:
        """Carry out the next entry of some booking, while the others wait."""
        if found := pick(choice.nth, [*{entry.booking: 1 for entry in self.reference.waiting()}]):
            self.lab.run(self.carry_out_next(found))

    def carry_out_everything(self, choice: Choice | None = None) -> None:
        self.lab.run(self.carry_out_all())

    def deliver_again(self, choice: Choice) -> None:
        """Deliver an entry again that was carried out: its mark is removed."""
        done = [number for number, entry in enumerate(self.reference.outbox) if entry.done]
        if (number := pick(choice.nth, done)) is not None:
            self.reference.outbox[number].done = False
            self.lab.run(
                self.lab.pool.execute(
                    """
                    UPDATE outbox SET done_at = NULL
                    WHERE seq = (SELECT seq FROM outbox ORDER BY seq OFFSET $1 LIMIT 1)
                    """,
                    number,
                )
            )

    def wake_a_conductor(self, choice: Choice) -> None:
        """Repeat an order as a conductor does that was stopped after it had read the step."""
        reopened = [
            order for order in self.program.orders if isinstance(order, saga_commands.ReopenHold)
        ]
        order = pick(choice.nth, reopened, self.program.orders)
        if isinstance(order, saga_commands.ReopenHold) and choice.other % 2:
            self.pay(order.hold)
        if order:
            self.repeat_order(order)

    # Recovery

    def lose_redis(self, choice: Choice) -> None:
        """Empty Redis and rebuild it, perhaps while a stopped recorder holds a batch."""
        if stopped := choice.other % 2 == 0:
            self.stop_a_recorder(choice)
        self.lab.run(self.lab.redis.flushall())
        self.rebuild_sale()
        if stopped:
            self.wake_the_recorder(choice)

    def rebuild(self, choice: Choice) -> None:
        self._recorded(self.reference.stream)  # the old epoch's outbox is drained first
        self.rebuild_sale()

    def rebuild_sale(self) -> None:
        self.rebuild_event()
        for row in self.lab.run(self.lab.pool.fetch("SELECT id, state, until_ms FROM bookings")):
            booking = self.reference.bookings[str(row["id"])]
            if booking.state == "held":  # a rebuild extends it by its own duration
                assert 0 <= row["until_ms"] - booking.until < 60_000
                booking.until = row["until_ms"]
        self.reference.rebuild()
        assert {*self.reference.holds} == {*self.reference.bookings}

    def stop_a_recorder(self, choice: Choice) -> None:
        entries = self.lab.run(self.unrecorded())
        epoch, last = self.lab.run(self.cursor())
        self.stale = (epoch, last, fold(entries), [*self.reference.stream]) if entries else None

    def wake_the_recorder(self, choice: Choice) -> None:
        """Let it commit its batch: refused unless that is still the next one."""
        if self.stale is None:
            return
        (epoch, last, batch, entries), self.stale = self.stale, None
        if self.commit_stale(epoch, last, batch):
            self._recorded(entries)

    # Invariants

    @invariant()
    def stores_agree_with_the_reference(self) -> None:
        if not hasattr(self, "program"):
            return
        redis, postgres = self.lab.run(self._stores())
        assert redis == self._expected_of_redis()
        assert postgres == self._expected_of_postgres()
        assert self.bank.asked == self.reference.bank_calls

    @invariant()
    def no_seat_is_promised_twice(self) -> None:
        if not hasattr(self, "program") or self.freed_by_hand:
            return
        sale = self.reference
        requests = [hold.request for hold in sale.holds.values() if hold.has_seats]
        promised = [seat for request in requests for seat in request.seats]
        rows = {seat: mark for seat, mark in sale.rows.items() if seat not in sale.sold_over}
        had = sorted(seat for seat in promised if seat not in sale.sold_over)
        assert had == sorted(seat for seat, mark in rows.items() if mark != ".")
        assert sale.free + sum(request.on_floor for request in requests) == PLACES
        to_come = {id_ for id_ in sale.bookings if sale.will_take_seats(id_, "mark_sold")}
        for seat, owner in sale.claims.items():
            free = rows.get(seat) == "." and owner not in to_come
            assert not free, f"{seat} is free, and {owner} has it"
        places = sum(sale.bookings[id_].made.request.on_floor for id_ in to_come)
        assert sale.free + sale.claimed <= PLACES + places

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.lab.run(self.recorder.release())
            self.lab.run(self.conductor.release())


def machine_for(lab: Lab, conductor: type[Conductor] = Conductor) -> type[SaleMachine]:
    return type("Machine", (SaleMachine,), {"lab": lab, "conductor_kind": conductor})
