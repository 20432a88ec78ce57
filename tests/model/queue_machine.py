"""State machine of the queue: each rule runs on the real stores and on the reference model."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import rule_act
from booking_rush.booking.recording.batch import Batch, fold
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua import commands as lua
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.queue.rules import rules_of
from tests.model.model_lab import ClockedProgram, Lab, ModelLab
from tests.model.reference_queue import Answer, Deferral, ReferenceQueue
from tests.support.event_in_redis import EVENT, NOON, read_place
from tests.support.store_agreement import journal_mistakes
from tests.support.world import new_event

Draw = Callable[[st.SearchStrategy[Any]], Any]

NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")
VISITORS = st.sampled_from(NAMES)
STEPS_S = st.sampled_from([0, 0.1, 0.5, 1, 4, 11, 31, 61, -0.5, -3, -60])
LANES = {"main": 1, "press": 3}
JOINS = st.sampled_from([("main", ""), ("main", ""), ("press", ""), ("press", "code")])
BLOCKS = st.sampled_from(["", "", "b1", "b1", "b2"])
CHANGED_STATES = st.sampled_from(["open", "open", "paused", "draining"])
USES = 2
# Methods of the machine, the likelier the more often they stand here.
ACTIONS = (
    *("join",) * 10, *("tick",) * 6, *("leave",) * 3, *("record",) * 3,
    *("confirm_presence", "admit_by_hand", "change_rules") * 2,
    *("stop_a_recorder_with_a_batch", "wake_the_stopped_recorder") * 2,
    "lose_redis_and_recover", "rebuild",
)  # fmt: skip
RULES: dict[str, Any] = {
    "lanes": LANES,
    "proof_bits_max": 0,
    "rate_per_second": 2,
    "active_max": 3,
    "waiting_max": 5,
    "claim_seconds": 10,
    "late_seconds": 30,
    "late_max": 2,
    "pass_seconds": 60,
    "queue_from": 0,
    "join_share_max": 0.4,
    "window_seconds": 2,
}
RULE_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "rate_per_second": st.sampled_from([0, 0.5, 2, 7]),
        "active_max": st.integers(0, 4),
        "queue_from": st.integers(0, 2),
        "late_seconds": st.sampled_from([0, 30]),
        "waiting_max": st.integers(0, 6),
        "lanes": st.sampled_from([LANES, {"main": 5, "press": 2}, {"main": 1}]),
        "join_share_max": st.sampled_from([0.2, 0.4, 1]),
    },
)


class QueueMachine(ModelLab[ClockedProgram], RuleBasedStateMachine):
    """A state machine that runs each rule on both queues, and compares their answers."""

    actions: ClassVar[Sequence[str]] = ACTIONS

    @initialize()
    def begin(self) -> None:
        self.reference = ReferenceQueue(NOON, dict(RULES))
        self.recorded = self.reference.record()
        self.stale: tuple[int, str, Batch] | None = None
        self.version = 1
        self.program = ClockedProgram(self.lab.redis, self.lab.text)
        self.recorder = self.new_recorder()
        self.lab.run(self.start_event(new_event(rules=RULES)))

    def new_recorder(self) -> Recorder:
        return self.lab.recorder(self.lab.pool, self.lab.redis, self.program, "machine")

    def ask(self, command: lua.Command[Any]) -> Answer:
        """Run one command in Redis. Return its reply as the reference model writes it."""
        return self.ask_all([command])[0]

    def ask_all(self, commands: Sequence[lua.Command[Any]]) -> list[Answer]:
        replies = self.lab.run(self.program.run(EVENT, self.stamp, commands))
        return [self._answer_of(reply) for reply in replies]

    def _answer_of(self, reply: Any) -> Answer:
        match reply:
            case line_commands.Waiting():
                return ("waiting", reply.lane, reply.number, not reply.entry, reply.ahead)
            case line_commands.Admitted():
                is_recorded = not reply.entry
                told = (reply.lane, reply.number, is_recorded)
                return ("admitted", *told, reply.wave, reply.deadline_ms)
            case line_commands.Lobby():
                if not reply.index:  # the join is deferred
                    return ("lobby", reply.lane, reply.number, None, 0, 0)
                drawn_by = (reply.index, reply.window)
                return ("lobby", reply.lane, reply.number, not reply.entry, *drawn_by)
            case line_commands.Late():
                return ("late", reply.lane, reply.number, not reply.entry)
            case _:
                return (lua.tag_of_type(type(reply).__name__),)

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Run one action. One rule for all: hypothesis would leave some rules out of a run."""
        getattr(self, data.draw(st.sampled_from(self.actions)))(data.draw)

    def join(self, draw: Draw) -> None:
        visitor, (lane, code), block = draw(VISITORS), draw(JOINS), draw(BLOCKS)
        command = line_commands.JoinLine(visitor, lane=lane, code=code, uses=USES, block=block)
        assert self.ask(command) == self.reference.join(visitor, lane, code, USES, block)
        if draw(st.booleans()):
            self.record()

    def leave(self, draw: Draw) -> None:
        visitor = draw(VISITORS)
        assert self.ask(line_commands.LeaveLine(visitor, "left")) == self.reference.leave(visitor)

    def confirm_presence(self, draw: Draw) -> None:
        visitor = draw(VISITORS)
        assert self.ask(
            line_commands.ClaimPass(visitor, connecting=False)
        ) == self.reference.confirm_presence(visitor)

    def admit_by_hand(self, draw: Draw) -> None:
        visitor = draw(VISITORS)
        assert self.ask(line_commands.AdmitVisitor(visitor, "why")) == self.reference.admit_by_hand(
            visitor
        )

    def tick(self, draw: Draw) -> None:
        self.reference.now += int(draw(STEPS_S) * 1000)
        self.program.now_ms = self.reference.now
        advanced = self.lab.run(self.program.ask(EVENT, self.stamp, line_commands.AdmitNext()))
        assert advanced.admitted == self.reference.tick()
        due = advanced.draw and msgspec.structs.astuple(advanced.draw)
        assert due == self.reference.due_draw()

    def change_rules(self, draw: Draw) -> None:
        self.reference.rules.update(draw(RULE_CHANGES))
        self.reference.state = draw(CHANGED_STATES)
        self._set_rules()

    def _set_rules(self) -> None:
        self.reference.apply_rules()
        rules = rules_of(dict(self.reference.rules))
        self.version = self.lab.run(self._save_rules(rules))
        command = events_commands.SetRules(
            self.version,
            self.reference.state,  # type: ignore[arg-type]
            rules.numbers(),
            rules.lanes,
        )
        self.ask(command)
        self.recorded.rules, self.recorded.state = dict(self.reference.rules), self.reference.state

    async def _save_rules(self, rules: Any) -> int:
        """Save rules and state in Postgres. Return the version, which a recovery counts up, too."""
        async with self.lab.pool.acquire() as connection, connection.transaction():
            version: int = await connection.fetchval(
                "UPDATE events SET rules = $1, state = $2, version = version + 1 RETURNING version",
                msgspec.json.encode(rules).decode(),
                self.reference.state,
            )
            act = rule_act(msgspec.to_builtins(rules), by="machine")
            await journal.append(connection, EVENT, [act])
        return version

    def record(self, draw: Draw | None = None) -> None:
        self.lab.run(self._record())
        self.recorded = self.reference.record()
        self.postgres_has_every_place_that_was_sent()
        self.postgres_has_the_deferred_joins()

    async def _record(self) -> None:
        self.recorder = self.new_recorder()
        newest: Any = await self.lab.redis.xrevrange(key(EVENT, self.epoch, "outbox"), count=1)
        while newest and (await self.cursor())[1] != newest[0][0].decode():
            await self.recorder.run_once()
        await self.recorder.run_once()

    def lose_redis_and_recover(self, draw: Draw) -> None:
        """Empty Redis and rebuild it, perhaps while a stopped recorder holds a batch."""
        one_is_stopped = draw(st.booleans())
        if one_is_stopped:
            self.stop_a_recorder_with_a_batch(draw)
        self.lab.run(self.lab.redis.flushall())
        self._rebuild()
        if one_is_stopped:
            self.wake_the_stopped_recorder(draw)

    def rebuild(self, draw: Draw) -> None:
        self.recorded = self.reference.record()  # the old epoch's outbox is drained first
        self._rebuild()

    def _rebuild(self) -> None:
        self.rebuild_event()
        self.reference = self.recorded.rebuilt(self.reference.now)
        self.postgres_has_every_place_that_was_sent()
        self.lab.run(self._adopt_deadlines())
        self.recorded = self.reference.record()
        self.postgres_has_the_deferred_joins()

    async def _adopt_deadlines(self) -> None:
        """Take deadlines over from Redis: a rebuild extends them by its own duration, < 60 s."""
        for deadlines in (self.reference.active, self.reference.late):
            for visitor, deadline in deadlines.items():
                found = await read_place(self.lab.redis, self.epoch, visitor)
                assert found is not None
                assert 0 <= found.deadline - deadline < 60_000
                deadlines[visitor] = found.deadline

    def stop_a_recorder_with_a_batch(self, draw: Draw) -> None:
        self.stale = self.lab.run(self._read_ahead())

    async def _read_ahead(self) -> tuple[int, str, Batch] | None:
        entries = await self.unrecorded()
        return (*await self.cursor(), fold(entries)) if entries else None

    def wake_the_stopped_recorder(self, draw: Draw) -> None:
        """Let it commit its batch: refused unless that is still the next one."""
        if self.stale is None:
            return
        stale, self.stale = self.stale, None
        if self.commit_stale(*stale):
            self.record()

    @invariant()
    def places_agree_with_the_reference(self) -> None:
        if not hasattr(self, "program"):
            return
        found = self.ask_all([line_commands.FindPlace(visitor) for visitor in NAMES])
        assert found == [self.reference.find_place(visitor) for visitor in NAMES]

    def postgres_has_every_place_that_was_sent(self) -> None:
        """Check that each place that may be sent is in Postgres, and how it came there follows."""
        rows = self.lab.run(self.lab.pool.fetch("SELECT visitor, lane, number FROM places"))
        lanes, recorded = self.reference.lanes, self.reference.recorded
        places = {(v, lanes[v], number) for v, number in self.reference.numbers.items()}
        sent = {place for place in places if place[2] <= recorded[place[1]]}
        assert sent <= {(row["visitor"], row["lane"], row["number"]) for row in rows}
        self.journal_follows()

    def postgres_has_the_deferred_joins(self) -> None:
        """Check that Postgres has the joins that wait for a number, and no others."""
        names = ", ".join(Deferral._fields)
        rows = self.lab.run(self.lab.pool.fetch(f"SELECT {names} FROM deferred_joins"))
        assert {row["visitor"]: tuple(row) for row in rows} == self.reference.deferred

    def journal_follows(self) -> None:
        assert self.lab.run(journal_mistakes(self.lab.pool, EVENT)) == []

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.lab.run(self.recorder.release())


def machine_for(lab: Lab, actions: Sequence[str] = ACTIONS) -> type[QueueMachine]:
    return type("Machine", (QueueMachine,), {"lab": lab, "actions": actions})
