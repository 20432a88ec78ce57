"""A machine that asks the real sale and the plain one the same, on real stores."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from booking_rush.booking.recording.batch import Batch, fold
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.holds import commands as lua
from booking_rush.lua.line import commands
from booking_rush.lua.saga import commands as saga_commands
from tests.model.model_lab import Lab
from tests.model.reference_ledger import PLACES, SEATS, WORDS, Hold, Letter, Pass, Wish
from tests.model.sale_stores import NAMES, Stage, pick
from tests.support.event_in_redis import EVENT

NTH = st.integers(0, 59)
STEPS_S = (0, 11, 61, 201, 201, 301, -3)
HEARD = ("charged", "charged", "declined", "declined", "overdue", "cancelled", "refunded",
         "cancel_asked")  # fmt: skip
# What may happen, the likelier the more often it stands here.
NIGHT = (
    *("hold",) * 6, *("extend", "release", "repeat", "wish_again", "leave", "remove"),
    *("check_out",) * 3, *("beat",) * 4, *("record", "record_some") * 2,
    *("hear",) * 5, *("hear_what_commits_late",), *("money_comes_late",) * 3,
    *("carry_out_everything",) * 2, *("carry_out_one",) * 3, *("hand_over_again",) * 2,
    *("wake_a_conductor",) * 2,
    *("stop_a_recorder", "wake_the_recorder", "lose_redis", "lose_redis", "rebuild"),
    *("a_hand_frees_a_seat",) * 2,
)  # fmt: skip
LOST = ("declined", "cancelled")  # money that may come for all that


class At(NamedTuple):
    """What a turn of the night is about; each takes of it what it needs."""

    nth: int
    other: int
    wish: Wish
    word: str
    way: int


WISHES = st.one_of(
    st.lists(st.sampled_from(SEATS), min_size=1, max_size=3, unique=True).map(
        lambda seats: Wish(tuple(seats), 0)
    ),
    st.integers(1, 3).map(lambda places: Wish((), places)),
)
TURNS = st.builds(At, NTH, NTH, WISHES, st.sampled_from(HEARD), st.integers(0, 6))


class SaleMachine(Stage, RuleBasedStateMachine):
    """Every rule is asked of the real sale and of the plain one."""

    @initialize(rough=st.booleans())
    def begin(self, rough: bool) -> None:
        """In a rough night somebody's hand frees seats in Redis that are not free."""
        self.rough = rough
        self.stale: tuple[int, str, Batch, list[Pass | Hold]] | None = None
        self.set_up()
        for visitor in NAMES:
            self.admit(visitor)

    # Visitors and operators

    @rule(what=st.sampled_from(NIGHT), at=TURNS)
    def happens(self, what: str, at: At) -> None:
        """One rule for all: hypothesis leaves out rules at will, and a night needs all of them."""
        getattr(self, what)(at)

    def hold(self, at: At) -> None:
        """Hold, and perhaps go on to pay, and to hear of it."""
        visitor = pick(at.nth, [name for name in NAMES if not self._lives(name)], NAMES) or ""
        if at.other % 6:
            self.admit(visitor)
        id_ = self.ask_to_hold(visitor, f"key {next(self.count)}", at.wish)
        if id_ in self.sale.holds:
            way: list[Callable[[], None]] = [
                self.record, partial(self.pay, id_), self.record,
                self.carry_out_everything, partial(self._hear, id_, at.word),
                self.carry_out_everything,
            ]  # fmt: skip
            for go_on in way[: at.way]:
                go_on()

    def repeat(self, at: At) -> None:
        if one := self._one_of_the_holds(at):
            self.ask_to_hold(one.visitor, one.key, one.wish)

    def wish_again(self, at: At) -> None:
        """The same key with another wish."""
        if one := self._one_of_the_holds(at):
            self.ask_to_hold(one.visitor, one.key, at.wish)

    def extend(self, at: At) -> None:
        if one := self._one_of_the_holds(at):
            told = self.sale.extend(self._who(at, one), one.id)
            assert self.ask(lua.ExtendHold(self._who(at, one), one.id)) == told

    def release(self, at: At) -> None:
        if one := self._one_of_the_holds(at):
            told = self.sale.release(self._who(at, one), one.id)
            assert self.ask(lua.ReleaseHold(self._who(at, one), one.id)) == told

    def leave(self, at: At, reason: str = "left") -> None:
        visitor = NAMES[at.nth % len(NAMES)]
        told = self.sale.leave(visitor, removed=reason == "removed")
        assert self.ask(commands.LeaveLine(visitor, reason)) == told

    def remove(self, at: At) -> None:
        self.leave(at, "removed")

    def check_out(self, at: At) -> None:
        if one := self._one_of_the_holds(at):
            self.pay(one.id)
            if at.other % 2:
                self.record()

    def _one_of_the_holds(self, at: At) -> Hold | None:
        every = [*self.sale.holds.values()]
        held = [one for one in every if one.state == "held"]
        return pick(at.nth, [one for one in held if one.attempt], held, every)

    def _who(self, at: At, one: Hold) -> str:
        """Whose hold it is, or now and then somebody else."""
        return one.visitor if at.other % 5 else NAMES[at.other % len(NAMES)]

    def beat(self, at: At) -> None:
        """Time passes, and mostly somebody looks what is over."""
        self.sale.now += STEPS_S[at.nth % len(STEPS_S)] * 1000
        self.program.now_ms = self.sale.now
        if at.other % 3:
            assert self.ask(commands.AdmitNext()) == ("advanced",)
            self.sale.beat()

    def a_hand_frees_a_seat(self, at: At) -> None:
        """So two hold the same: the claim in Postgres decides."""
        if self.rough and at.wish.places:
            self.sale.free += at.wish.places
            self.lab.run(self.free_by_hand("floor", at.wish.places))
            return self.hold(at)
        taken = [seat for seat, mark in self.sale.rows.items() if mark != "."]
        seat = pick(at.nth, [*self.sale.claims], taken)
        if self.rough and seat:
            if self.sale.rows[seat] != ".":
                self.sale.rows[seat] = "."
                self.lab.run(self.free_by_hand(seat))
            others = {*at.wish.seats[:2]} - {seat}
            self.hold(at._replace(wish=Wish((seat, *sorted(others)), 0)))

    # The record

    def record(self, at: At | None = None) -> None:
        self.lab.run(self._record())
        self.sale.record(self.sale.stream)
        self.sale.stream = []

    def record_some(self, at: At) -> None:
        """A batch ends wherever it ends."""
        entries = self.lab.run(self.unrecorded())
        assert len(entries) == len(self.sale.stream)
        if entries:
            some = at.nth % len(entries) + 1
            epoch, last = self.lab.run(self.cursor())
            batch = fold(entries[:some])
            self.lab.run(self.recorder.commit(EVENT, epoch, last, batch))
            self._recorded(self.sale.stream[:some])

    def _recorded(self, entries: list[Pass | Hold]) -> None:
        self.sale.record(entries)
        self.sale.stream = self.sale.stream[len(entries) :]

    # The saga

    def hear(self, at: At) -> None:
        if letter := self._letter(at.nth, at.word):
            self.lab.run(self.send(letter))
            if at.other % 3:
                self.carry_out_everything()

    def _hear(self, id_: str, word: str) -> None:
        if (id_, 1) in self.sale.payments and word in WORDS and word != "refunded":
            self.lab.run(self.send(Letter(id_, word, 1, 0)))

    def money_comes_late(self, at: At) -> None:
        """For a try that was lost, while the next one may not be recorded yet."""
        if not self._lost():
            self.hold(at._replace(word=LOST[at.other % 2], way=6))
        if found := pick(at.nth, self._lost()):
            if self.sale.holds[found[0]].state == "held":
                self.pay(found[0])
            self.carry_out_everything()
            self.lab.run(self.send(Letter(found[0], "charged", found[1], 0)))
            if at.way % 2:
                self.lose_what_is_retaken(at, self.sale.holds[found[0]].wish)
            self.carry_out_everything()

    def _lost(self) -> list[tuple[str, int]]:
        return [at for at, one in self.sale.payments.items() if one.state in LOST]

    def lose_what_is_retaken(self, at: At, wish: Wish) -> None:
        """Redis has taken places again and is lost, before it is heard; others may hold them."""
        for _ in ("charged", "retake"):
            self.carry_out_one(at)
        self.lose_redis(at)
        if at.other % 3:
            self.hold(at._replace(wish=wish))

    def hear_what_commits_late(self, at: At) -> None:
        """A message with a smaller number than one that is carried out becomes visible after it."""
        self.carry_out_everything()
        late, soon = self._letter(at.nth, at.word), self._letter(at.other, "charged")
        if late and soon and late.booking != soon.booking:
            late.ready = False
            self.lab.run(self.send(late, self.send(soon), self.carry_out_all))
            late.ready = True

    def _letter(self, nth: int, kind: str) -> Letter | None:
        """What may be said of some booking."""
        sale = self.sale
        if kind == "cancel_asked":
            paid = [id_ for id_, one in sale.bookings.items() if one.state == "confirmed"]
            booking = pick(nth, paid, [*sale.bookings])
            return Letter(booking, kind, 0, 0) if booking else None
        if kind == "refunded":
            found = pick(nth, [at for at, one in sale.payments.items() if one.refunding])
        else:
            asked = [at for at, one in sale.payments.items() if one.state == "asked"]
            money_comes_late = kind == "charged" and nth % 2
            found = pick(nth, self._lost() if money_comes_late else asked, asked, [*sale.payments])
        return Letter(found[0], kind, found[1], 0) if found else None

    def carry_out_one(self, at: At) -> None:
        """Whatever is next of some booking, while the others wait."""
        if found := pick(at.nth, [*{one.booking: 1 for one in self.sale.waiting()}]):
            self.lab.run(self.carry_out_next(found))

    def carry_out_everything(self, at: At | None = None) -> None:
        self.lab.run(self.carry_out_all())

    def hand_over_again(self, at: At) -> None:
        """What was carried out comes again: its mark was lost."""
        done = [number for number, one in enumerate(self.sale.letters) if one.done]
        if (number := pick(at.nth, done)) is not None:
            self.sale.letters[number].done = False
            self.lab.run(
                self.lab.pool.execute(
                    """
                    UPDATE outbox SET done_at = NULL
                    WHERE seq = (SELECT seq FROM outbox ORDER BY seq OFFSET $1 LIMIT 1)
                    """,
                    number,
                )
            )

    def wake_a_conductor(self, at: At) -> None:
        """It had looked at the step of the booking, and was stopped before it asked Redis."""
        reopened = [one for one in self.program.orders if isinstance(one, saga_commands.ReopenHold)]
        order = pick(at.nth, reopened, self.program.orders)
        if isinstance(order, saga_commands.ReopenHold) and at.other % 2:
            self.pay(order.hold)
        if order:
            self.obey_again(order)

    # The one way back

    def lose_redis(self, at: At) -> None:
        """Perhaps a recorder had a batch in hand, and wakes when everything is back."""
        if stopped := at.other % 2 == 0:
            self.stop_a_recorder(at)
        self.lab.run(self.lab.redis.flushall())
        self.bring_back()
        if stopped:
            self.wake_the_recorder(at)

    def rebuild(self, at: At) -> None:
        self._recorded(self.sale.stream)  # what the old epoch's outbox holds is drained first
        self.bring_back()

    def bring_back(self) -> None:
        self.rebuild_event()
        for row in self.lab.run(self.lab.pool.fetch("SELECT id, state, until_ms FROM bookings")):
            had = self.sale.bookings[str(row["id"])]
            if had.state == "held":  # moved by the real time for which nobody could use it
                assert 0 <= row["until_ms"] - had.until < 60_000
                had.until = row["until_ms"]
        self.sale.bring_back()
        assert {*self.sale.holds} == {*self.sale.bookings}

    def stop_a_recorder(self, at: At) -> None:
        entries = self.lab.run(self.unrecorded())
        epoch, last = self.lab.run(self.cursor())
        self.stale = (epoch, last, fold(entries), [*self.sale.stream]) if entries else None

    def wake_the_recorder(self, at: At) -> None:
        """It may commit what is still next; anything else it must find refused."""
        if self.stale is None:
            return
        (epoch, last, batch, entries), self.stale = self.stale, None
        if self.commit_stale(epoch, last, batch):
            self._recorded(entries)

    # What must hold

    @invariant()
    def the_stores_are_as_the_plain_sale_says(self) -> None:
        if not hasattr(self, "program"):
            return
        redis, kept = self.lab.run(self._seen())
        assert redis == self._expected_of_redis()
        assert kept == self._expected_of_postgres()
        assert self.bank.asked == self.sale.bank

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        if not hasattr(self, "program") or self.rough:
            return
        sale = self.sale
        wishes = [one.wish for one in sale.holds.values() if one.has_places]
        had = sorted(seat for one in wishes for seat in one.seats if seat not in sale.sold_over)
        rows = {seat: mark for seat, mark in sale.rows.items() if seat not in sale.sold_over}
        assert had == sorted(seat for seat, mark in rows.items() if mark != ".")
        assert sale.free + sum(one.places for one in wishes) == PLACES
        to_come = {id_ for id_ in sale.bookings if sale.is_to_come(id_, "mark_sold")}
        for seat, owner in sale.claims.items():
            free = rows.get(seat) == "." and owner not in to_come
            assert not free, f"{seat} is free, and {owner} has it"
        places = sum(sale.bookings[id_].made.wish.places for id_ in to_come)
        assert sale.free + sale.claimed <= PLACES + places

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.lab.run(self.recorder.release())
            self.lab.run(self.conductor.release())


def machine_for(lab: Lab, conductor: type[Conductor] = Conductor) -> type[SaleMachine]:
    return type("Machine", (SaleMachine,), {"lab": lab, "conductor_kind": conductor})
