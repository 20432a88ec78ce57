"""State machines of draws: a lottery before the line opens, and windows while it is open."""

from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from booking_rush.lua.line.commands import DrawPlaces
from tests.model.model_lab import ClockedProgram, Lab
from tests.model.queue_machine import ACTIONS, RULES, Draw, QueueMachine
from tests.model.reference_draws import ReferenceDraws
from tests.support.event_in_redis import EVENT, NOON
from tests.support.world import new_event

SEED = bytes(range(32))  # one for all runs: a run that is found again draws the same numbers


class DrawMachine(QueueMachine):
    """A state machine that draws between two rules of any kind."""

    reference: ReferenceDraws
    fairness: ClassVar[str]
    state: ClassVar[str]  # in which the event begins
    seed: ClassVar[str]  # the column of events that has it

    @initialize()
    def begin(self) -> None:
        self.stale, self.version = None, 1
        self.program = ClockedProgram(self.lab.redis, self.lab.text)
        self.recorder = self.new_recorder()
        rules: dict[str, Any] = {**RULES, "fairness": self.fairness}
        self.lab.run(self.start_event(new_event(rules=rules), self.state))
        self.lab.run(self.lab.pool.execute(f"UPDATE events SET {self.seed} = $1", SEED))
        self.reference = ReferenceDraws(NOON, rules, self.state, seed=SEED)
        self.recorded = self.reference.record()

    @precondition(lambda self: self.reference.due_draws())
    @rule(size=st.sampled_from([1, 1, 1, 2, 4]), is_sent_twice=st.booleans())
    def draw_a_page(self, size: int, is_sent_twice: bool) -> None:
        lane = self.reference.due_draws()[0]
        window, before, numbers, last = self.reference.draw_page(lane, size)
        page = DrawPlaces(lane, window, before, numbers)
        reply = self.lab.run(self.program.ask(EVENT, self.stamp, page))
        assert reply.drawn == last
        if is_sent_twice:
            again = self.lab.run(self.program.ask(EVENT, self.stamp, page))
            is_over = lane not in self.reference.due_draws()
            assert again.drawn == (0 if is_over else last)

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


class LotteryMachine(DrawMachine):
    """A state machine that begins before opening: who joins there is drawn."""

    fairness, state, seed = "lottery", "scheduled", "lottery_seed"

    def change_rules(self, draw: Draw) -> None:
        """Change rules of the open event: those before are fixed by the draw."""
        if self.reference.state not in ("scheduled", "drawing"):
            super().change_rules(draw)

    @precondition(lambda self: self.reference.state == "scheduled")
    @rule()
    def begin_to_draw(self) -> None:
        self.reference.state = "drawing"
        self._set_rules()

    @precondition(lambda self: self.is_drawn())
    @rule()
    def open(self) -> None:
        self.reference.state = "open"
        self._set_rules()

    def is_drawn(self) -> bool:
        reference = self.reference
        return reference.state == "drawing" and not any(reference.undrawn.values())


class WindowsMachine(DrawMachine):
    """A state machine of an open event: joins of one window are drawn together."""

    fairness, state, seed = "windows", "open", "window_key"


def lottery_machine_for(lab: Lab, actions: Sequence[str] = ACTIONS) -> type[LotteryMachine]:
    return type("Machine", (LotteryMachine,), {"lab": lab, "actions": actions})


def windows_machine_for(lab: Lab, actions: Sequence[str] = ACTIONS) -> type[WindowsMachine]:
    return type("Machine", (WindowsMachine,), {"lab": lab, "actions": actions})
