"""State machine of a lottery: the lobby, its draw in pages, and the line that opens after it."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from booking_rush.lua.line.commands import DrawPlaces
from booking_rush.queue.lottery.draw import LOTTERY
from tests.model.model_lab import ClockedProgram, Lab
from tests.model.queue_machine import RULES, Draw, QueueMachine
from tests.model.reference_lottery import ReferenceLottery
from tests.support.event_in_redis import EVENT, NOON
from tests.support.world import new_event

LOTTERY_RULES = {**RULES, "fairness": "lottery"}


def is_open(machine: "LotteryMachine") -> bool:
    return machine.reference.state not in ("scheduled", "drawing")


class LotteryMachine(QueueMachine):
    """A state machine that begins before opening, and draws between two rules of any kind."""

    reference: ReferenceLottery

    @initialize()
    def begin(self) -> None:
        self.stale, self.version = None, 1
        self.program = ClockedProgram(self.lab.redis, self.lab.text)
        self.recorder = self.new_recorder()
        self.lab.run(self.start_event(new_event(rules=LOTTERY_RULES), "scheduled"))
        seed = self.lab.run(self.lab.pool.fetchval("SELECT lottery_seed FROM events"))
        self.reference = ReferenceLottery(NOON, dict(LOTTERY_RULES), "scheduled", seed=seed)
        self.recorded = self.reference.record()

    def change_rules(self, draw: Draw) -> None:
        """Change rules of the open event: those before are fixed by the draw."""
        if is_open(self):
            super().change_rules(draw)

    @precondition(lambda self: self.reference.state == "scheduled")
    @rule()
    def begin_to_draw(self) -> None:
        self.reference.state = "drawing"
        self._set_rules()

    @precondition(lambda self: self.reference.due_draws())
    @rule(size=st.integers(1, 4), is_sent_twice=st.booleans())
    def draw_a_page(self, size: int, is_sent_twice: bool) -> None:
        lane = self.reference.due_draws()[0]
        before, numbers, last = self.reference.draw_page(lane, size)
        page = DrawPlaces(lane, LOTTERY, before, numbers)
        reply = self.lab.run(self.program.ask(EVENT, self.stamp, page))
        assert reply.drawn == last
        if is_sent_twice:
            again = self.lab.run(self.program.ask(EVENT, self.stamp, page))
            assert again.drawn == (last if lane in self.reference.draws else 0)

    @precondition(lambda self: self.reference.state == "drawing" and not self.reference.draws)
    @rule()
    def open(self) -> None:
        self.reference.state = "open"
        self._set_rules()

    def postgres_has_every_place_that_was_sent(self) -> None:
        """Check that the place of each index that may be told is in Postgres."""
        rows = self.lab.run(self.lab.pool.fetch("SELECT visitor, lane, index_, number FROM places"))
        kept = {(row["visitor"], row["lane"], row["index_"] or row["number"]) for row in rows}
        reference = self.reference
        for visitor, number in reference.numbers.items():
            if reference.is_recorded(visitor):
                turn = reference.indexes.get(visitor) or number
                assert (visitor, reference.lanes[visitor], turn) in kept
        self.journal_follows()


def lottery_machine_for(lab: Lab) -> type[LotteryMachine]:
    return type("Machine", (LotteryMachine,), {"lab": lab})
