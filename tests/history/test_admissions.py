"""Admissions are held against what was in force: by `verify` and by the program under docs.

A sale with lanes, changes, stops, missed turns and hands is fair to both, and a sale by a program
without one of its defences to neither.
"""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from redis.asyncio import Redis

from booking_rush.booking.history.entries import GIVEN_BEFORE, Act, rule_act, state_act
from booking_rush.booking.history.in_force import in_force_act, in_force_of
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.line.changes import InForce
from booking_rush.lua.line.commands import PutBack
from tests.history.journaled_line import JournaledLine
from tests.history.verifiers import found_by_program, mistake_in

RULES = {
    "rate_per_second": 10, "active_max": 30, "claim_seconds": 4, "late_seconds": 300,
    "lanes": {"main": 1, "press": 3},
}  # fmt: skip


async def sell(program: Program, redis: Redis) -> list[Act]:
    """Sell an event whose rules, state and visitors change. Return the acts of its journal."""
    line = await JournaledLine(program, redis).begin(**RULES)
    await line.join_lane("main", *(f"m{n}" for n in range(120)))
    await line.join_lane("press", *(f"p{n}" for n in range(120)))
    await line.ticks(25)
    await line.leave("m60")
    await line.confirm(*(await line.are("admitted"))[::2])
    await line.ticks(60)  # the others are late, and the room is full
    await line.confirm(*(await line.are("late")))
    await line.ticks(20)
    await line.admit_by_hand("m80")
    await change_rules(line)
    await stop_and_go_on(line)
    await lose_and_put_back(line)
    return await line.read_outbox()


async def change_rules(line: JournaledLine) -> None:
    await line.set_rules(rate_per_second=40, active_max=60)
    await line.ticks(5)
    await line.set_rules(lanes={"main": 2}, rate_per_second=5)
    await line.ticks(10)
    await line.set_rules(queue_from=50, lanes={"main": 1, "press": 1})
    await line.ticks(3)
    await line.set_rules(queue_from=0, active_max=1)
    await line.ticks(10)  # what is not used is saved up, and no use at rate 0
    await line.set_rules(rate_per_second=0, active_max=200)
    await line.ticks(3)
    await line.set_rules(rate_per_second=20)
    await line.ticks(10)


async def stop_and_go_on(line: JournaledLine) -> None:
    await line.set_state("paused")
    await line.ticks(5)
    await line.set_state("open", is_stopped=True)
    await line.ticks(3)
    await line.admit_by_hand("m100")
    await line.set_state("draining")
    await line.ticks(5)
    await line.set_state("open")


async def lose_and_put_back(line: JournaledLine) -> None:
    """Let joins be unrecorded, a place be put back, and the clock be set back."""
    await line.join_lane("main", "unrecorded", recorded=False)
    left = await line.leave("m110", "removed", "tests")
    assert left.place is not None
    await line.ask(PutBack(left.place, "tests"))
    await line.ticks(3)
    line.now -= 3000
    await line.ticks(3)
    line.now -= 60_000
    await line.ticks(20)


async def test_what_was_fair_follows(program: Program, redis: Redis) -> None:
    acts = await sell(program, redis)

    assert mistake_in(acts) == found_by_program(acts) == ""
    assert {"late", "back", "removed", "left"} <= {act.what for act in acts}
    in_force = [found for act in acts if (found := in_force_of(act.why))]
    assert any(found.rate > found.rate_per_second for found in in_force)
    assert sum(act.what == "admitted" for act in acts) > 150


# Programs without one of their defences: what the program has, what instead, and what is found.
MUTANTS = {
    "weights": (
        "queue.deficit + queue.weight, total + queue.weight", "queue.deficit + 1, total + 1",
        "was next",
    ),
    "rate": ("rate * max(0, now - at) / 1000", "2 * rate * max(0, now - at) / 1000", "the rate of"),
    "burst": ("max(1, rate * BURST_S)", "max(1, rate * 20)", "the rate of"),
    "active_max": (
        "return min(LIMIT, free, wanted),", "return min(LIMIT, wanted),", "of at most 30",
    ),
    "paused": ('if state ~= "open" and state ~= "draining" then', "if false then", "paused"),
    "stopped": ('if sale_is_stopped() then return 0, "stopped" end', "", "sale was stopped"),
    "stopped_for_hands": (
        'if sale_is_stopped() then return reply("sale_is_stopped") end\n    if place.turn',
        "if place.turn", "sale was stopped",
    ),
    "late_first": (
        'if turn == "back" or not late[b] then', "if not late[b] then", "a second late visitor",
    ),
    "late_last": ('if turn == "back" or not late[b] then', "if true then", "who was late was next"),
    "rate_zero": (
        "local most = rate > 0 and max(1, rate * BURST_S) or 0",
        "local most = max(1, rate * BURST_S)", "the rate of 0",
    ),
    "rates_that_nobody_set": (
        'rule("rate_per_second") / (1 -', '2 * rule("rate_per_second") / (1 -', "missed turns",
    ),
    "missed_turns_that_correct_nothing": (
        '      places.count_turn("missed")\n', "", "correct nothing",
    ),
}  # fmt: skip
# The program under docs does not count missed turns.
ONLY_OURS = {"missed_turns_that_correct_nothing"}


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_program_without_a_defence_is_found(name: str, redis: Redis) -> None:
    part, instead, why = MUTANTS[name]
    text = assemble()
    assert text.count(part) == 1, part

    acts = await sell(Program(redis, text.replace(part, instead)), redis)

    assert why in mistake_in(acts)
    assert bool(found_by_program(acts)) != (name in ONLY_OURS)


def where(acts: Sequence[Act], what: str, *, skipped: int = 20) -> int:
    """Return the index of an act that admission has gone on before, by nobody's hand."""
    found = [at for at, act in enumerate(acts) if act.what == what and not act.by]
    return found[skipped]


def earlier(acts: list[Act]) -> None:
    """Let somebody have been admitted five seconds before."""
    at = where(acts, "admitted")
    acts[at] = acts[at]._replace(at_ms=acts[at].at_ms - 5000)


def another_lane_first(acts: list[Act]) -> None:
    """Swap two admissions, of which one is of another lane."""
    at = where(acts, "admitted")
    while acts[at + 1].what != "admitted" or acts[at + 1].lane == acts[at].lane:
        at += 1
    acts[at], acts[at + 1] = acts[at + 1], acts[at]


def one_more(acts: list[Act]) -> None:
    """Let the next of a lane be admitted, too."""
    at = where(acts, "admitted")
    later = next(act for act in acts[at + 1 :] if act.what == "admitted")
    acts.insert(at + 1, later._replace(at_ms=acts[at].at_ms))


def no_rise(acts: list[Act]) -> None:
    """Let Redis not have said that a greater rate was in force."""
    rates = [found.rate_per_second if (found := in_force_of(act.why)) else 0 for act in acts]
    del acts[rates.index(40)]


def a_rate_of_its_own(acts: list[Act]) -> None:
    """Let Redis have said another rate than operators had set."""
    rates = [found.rate_per_second if (found := in_force_of(act.why)) else 0 for act in acts]
    at = rates.index(40)
    acts[at] = acts[at]._replace(why=acts[at].why.replace(":40", ":90"))


def one_less(acts: list[Act]) -> None:
    del acts[where(acts, "admitted")]


@pytest.mark.parametrize(
    "change", [earlier, another_lane_first, one_more, one_less, no_rise, a_rate_of_its_own]
)
async def test_one_row_that_was_changed_is_found(
    change: Callable[[list[Act]], None], program: Program, redis: Redis
) -> None:
    acts = list(await sell(program, redis))
    change(acts)

    assert mistake_in(acts) != ""
    assert found_by_program(acts) != ""


async def test_a_journal_of_before_says_what_is_not_checked(program: Program, redis: Redis) -> None:
    acts = [act for act in await sell(program, redis) if in_force_of(act.why) is None]

    assert mistake_in(acts) == found_by_program(acts) == ""
    assert mistake_in(acts, says_coverage=True).startswith("no entry says by which rules")


async def test_a_journal_that_begins_in_the_middle_is_held_to_what_it_knows(
    program: Program, redis: Redis
) -> None:
    acts = await sell(program, redis)
    half = [Act("state", why=GIVEN_BEFORE, at_ms=1), *acts[len(acts) // 2 :]]

    assert mistake_in(half) == found_by_program(half) == ""
    assert "but for lanes" in mistake_in(half, says_coverage=True)


async def test_a_turn_that_is_missed_before_redis_says_what_is_in_force_again_is_counted() -> None:
    """In one tick after a loss: whoever does not come is late first, then the rate is told."""
    first = InForce(active_max=3, lanes={"main": 1}, queue_from=0, rate=2, rate_per_second=2,
                    state="open", anew=True)  # fmt: skip
    again = msgspec.structs.replace(first, missed=1, turns=1)
    acts = [
        rule_act({"active_max": 3, "lanes": {"main": 1}, "rate_per_second": 2}, by="tests"),
        Act("number", "v_ada", "main", 1, at_ms=1),
        in_force_act(first, 2),
        Act("admitted", "v_ada", "main", 1, at_ms=2),
        state_act("recovered", reason="epoch 2, 14 ms away"),
        Act("late", "v_ada", "main", 1, why="missed", at_ms=4),
    ]

    assert mistake_in([*acts, in_force_act(again, 5)]) == ""
    never = msgspec.structs.replace(first, missed=2, turns=2)
    assert "2 turns were missed, of 1" in mistake_in([*acts, in_force_act(never, 5)])


DEEP = "[" * 100_000
IN_FORCE = (
    'in force: {"active_max":2,"lanes":{"main":1},"queue_from":0,"rate":1,"rate_per_second":1,'
    '"state":"open"}'
)


@pytest.mark.parametrize(
    "acts",
    [
        [Act("window", "v_ada", "main")],
        [Act("rule", why="none")],
        [Act("rule", why=f'{{"lanes":{DEEP}')],
        [Act("rule", why='{"lanes":null}'), Act("state", why=IN_FORCE)],
        [Act("state", why="in force: {}")],
        [Act("state", why=f'in force: {{"lanes":{DEEP}')],
    ],
)
async def test_an_entry_that_cannot_be_read_is_said(acts: list[Act]) -> None:
    assert mistake_in(acts).startswith("entry ")
    assert found_by_program(acts).startswith("entry ")


async def test_what_was_saved_up_before_a_rate_that_only_a_hand_met_is_gone(
    program: Program, redis: Redis
) -> None:
    """Between two ticks: the rate is 0, somebody is admitted by hand, and the rate is as before."""
    line = await JournaledLine(program, redis).begin(rate_per_second=100)
    await line.ticks(10)
    await line.join_lane("main", *(f"v{n}" for n in range(60)))
    await line.set_rules(rate_per_second=0)
    await line.admit_by_hand("v50")
    await line.set_rules(rate_per_second=100)

    assert await line.ticks(1) == 10
    acts = await line.read_outbox()
    assert mistake_in(acts) == found_by_program(acts) == ""


async def test_a_late_place_that_is_put_back_is_missed_once(program: Program, redis: Redis) -> None:
    """As often as it would take until missed turns correct the rate, and on."""
    line = await JournaledLine(program, redis).begin(rate_per_second=10, claim_seconds=1)
    await line.join_lane("main", *(f"v{n}" for n in range(40)))
    await line.ticks(22)
    [first, *_] = await line.are("late")
    for _ in range(50):
        left = await line.leave(first, "removed", "tests")
        await line.ask(PutBack(left.place, "tests"))
    await line.ticks(5)
    acts = await line.read_outbox()

    assert sum(act.what == "back" for act in acts) == 50
    assert mistake_in(acts) == found_by_program(acts) == ""


async def test_what_is_in_force_is_told_once(program: Program, redis: Redis) -> None:
    line = await JournaledLine(program, redis).begin(rate_per_second=5)
    await line.ticks(20)
    await line.set_rules(pass_seconds=77)
    await line.ticks(20)

    [told] = [act for act in await line.read_outbox() if in_force_of(act.why)]
    assert msgspec.json.decode(told.why.partition(": ")[2])["rate"] == 5
