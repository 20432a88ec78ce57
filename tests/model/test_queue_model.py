"""Model test of the queue: in any order of events the real queue and the reference agree.

A state machine joins, from address blocks with their shares, leaves, confirms presence, ticks,
steps the clock back, records, empties Redis and rebuilds it, on a real Redis and a real Postgres;
two more draw lots, before the opening and by windows. Each mutant must make one of them fail.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from booking_rush.booking.recording import recorder as record_module
from booking_rush.booking.recording.batch import Batch
from booking_rush.booking.recording.recorder import Recorder
from tests.model.draw_machines import lottery_machine_for, windows_machine_for
from tests.model.model_lab import Lab, laboratory
from tests.model.queue_machine import ACTIONS, QueueMachine, machine_for
from tests.model.reference_queue import OBSERVED, RECENT
from tests.support.servers.stores import Store


@pytest.fixture
def lab(
    redis_server: Store, postgres_server: Store, monkeypatch: pytest.MonkeyPatch
) -> Generator[Lab]:
    monkeypatch.setattr(record_module, "BLOCK_MS", 0)  # no rule waits for entries
    with laboratory(redis_server, postgres_server, "model") as lab:
        for many, few in FEW.items():
            lab.text = without(lab.text, many, few)
        yield lab


# Bounds of the program, and small ones that a run of forty steps reaches.
FEW = {
    "local RECENT = 1000 -- numbers": f"local RECENT = {RECENT} -- numbers",
    "local OBSERVED, MISSED_MAX = 50,": f"local OBSERVED, MISSED_MAX = {OBSERVED},",
}


COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


def test_the_line_and_the_plain_line_agree(lab: Lab) -> None:
    found = settings(max_examples=80, stateful_step_count=40, **COMMON)

    run_state_machine_as_test(machine_for(lab), settings=found)


def test_a_lottery_and_the_plain_lottery_agree(lab: Lab) -> None:
    found = settings(max_examples=40, stateful_step_count=40, **COMMON)

    run_state_machine_as_test(lottery_machine_for(lab), settings=found)


def test_windows_and_the_plain_windows_agree(lab: Lab) -> None:
    found = settings(max_examples=40, stateful_step_count=40, **COMMON)

    run_state_machine_as_test(windows_machine_for(lab), settings=found)


# Mutants: each breaks one promise.


def without(text: str, part: str, instead: str) -> str:
    assert part in text, part
    return text.replace(part, instead)


def numbers_from_a_clock(lab: Lab) -> None:
    lab.text = without(
        lab.text,
        'memory.add(lane.counters, "given", 1)',
        "now % 1000000",
    )


def admission_in_two_steps(lab: Lab) -> None:
    """Use the count of active visitors of the tick before."""
    lab.text = without(
        lab.text,
        'local active = memory.number(stats, "active")\n',
        'local active = memory.number(bucket, "counted")\n'
        'memory.write(bucket, "counted", memory.number(stats, "active"))\n',
    )


def ahead_without_gone(lab: Lab) -> None:
    lab.text = without(
        lab.text,
        'if number == line.number(lane, "given") then return memory.size(lane.waiting) - 1 end',
        "if number then return number - 1 - line.head(lane) end",
    )


def a_place_told_before_it_is_recorded(lab: Lab) -> None:
    lab.text = without(
        lab.text,
        'if place.turn or max(place.number, place.index) > line.number(lane, "kept") then',
        "if false then",
    )


def a_recorder_that_commits_for_an_old_epoch(lab: Lab) -> None:
    class Careless(Recorder):
        async def commit(self, event: str, epoch: int, cursor: str, batch: Batch) -> None:
            now = await lab.pool.fetchval("SELECT epoch FROM recorded")
            await super().commit(event, now, cursor, batch)

    lab.recorder = Careless


def admitted_before_it_is_recorded(lab: Lab) -> None:
    lab.text = without(lab.text, 'line.number(queue.lane, "kept"), lobby', "math.huge, lobby")


def passes_that_a_loss_forgets(lab: Lab) -> None:
    lab.text = without(
        lab.text,
        '{ admitted = "unclaimed" }',
        '{ admitted = "waiting" }',
    )


def weights_ignored(lab: Lab) -> None:
    lab.text = without(
        lab.text,
        "queue.deficit + queue.weight, total + queue.weight",
        "queue.deficit + 1, total + 1",
    )


def uses_of_a_code_that_nobody_counts(lab: Lab) -> None:
    lab.text = without(lab.text, "memory.write(uses, id, used + 1)", "")


def later_comers_among_the_drawn(lab: Lab) -> None:
    """Let who joins while numbers are drawn believe that nobody of the lobby is ahead."""
    lab.text = without(
        lab.text,
        "if not lobby.is_settled(lane) and number > lobby.settled(lane) then",
        "if false then",
    )


def a_row_of_history_that_is_rewritten(lab: Lab) -> None:
    """Let each who was late have been admitted."""
    lab.run(lab.pool.execute(REWRITING))


def a_deferred_join_that_is_not_saved(lab: Lab) -> None:
    lab.run(lab.pool.execute(FORGETTING))


FORGETTING = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RETURN NULL;
    END $$;
    CREATE TRIGGER forget BEFORE INSERT ON deferred_joins FOR EACH ROW EXECUTE FUNCTION forget();
"""
REWRITING = """
    CREATE FUNCTION rewrite() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE journal SET what = 'admitted' WHERE what = 'late';
        RETURN NULL;
    END $$;
    CREATE TRIGGER rewrite AFTER INSERT ON journal EXECUTE FUNCTION rewrite();
"""

Machine = Callable[[Lab, Sequence[str]], type[QueueMachine]]
# Mutants of one line: the machine that finds each, what the line has, and what instead.
EDITS: dict[str, tuple[Machine, str, str]] = {
    "numbers_that_no_share_counts": (machine_for, "  shares.count(block)\n", ""),
    "a_draw_before_postgres_has_it": (
        lottery_machine_for, 'if not entry or entry == "" then return not entry end',
        "do return true end",
    ),
    "a_window_that_is_drawn_while_it_lasts": (
        windows_machine_for, "if not next_first and not is_over(window) then", "if false then",
    ),
    "a_window_that_is_admitted_while_it_is_drawn": (
        windows_machine_for,
        'text_of(min(line.number(queue.lane, "kept"), lobby.settled(queue.lane)))',
        'text_of(line.number(queue.lane, "kept"))',
    ),
    "joins_of_a_window_that_has_its_draw": (
        windows_machine_for, 'number_of(lane, "window_min", 0))', "0)",
    ),
}  # fmt: skip


# Actions that find a mutant, where all actions together find it once in a hundred runs.
FOUND_BY: dict[str, tuple[str, ...]] = {
    "a_recorder_that_commits_for_an_old_epoch": (
        *("join",) * 3, "tick", *("lose_redis_and_recover",) * 2,
    ),
    "a_deferred_join_that_is_not_saved": (*("join",) * 6, *("tick",) * 2, "record"),
    "later_comers_among_the_drawn": (*("join",) * 6, *("tick",) * 2, "record"),
    "ahead_without_gone": (*("join",) * 4, *("leave",) * 2, "record"),
    "numbers_that_no_share_counts": (*("join",) * 10, "tick", "leave"),
    "a_window_that_is_admitted_while_it_is_drawn": ("join", "tick"),
    "joins_of_a_window_that_has_its_draw": ("join", *("tick",) * 3),
}  # fmt: skip


MUTANTS: list[Callable[[Lab], None]] = [
    numbers_from_a_clock,
    admission_in_two_steps,
    ahead_without_gone,
    a_place_told_before_it_is_recorded,
    a_recorder_that_commits_for_an_old_epoch,
    admitted_before_it_is_recorded,
    passes_that_a_loss_forgets,
    weights_ignored,
    uses_of_a_code_that_nobody_counts,
    a_row_of_history_that_is_rewritten,
    a_deferred_join_that_is_not_saved,
]


@pytest.mark.parametrize(
    ("mutant", "machine"),
    [
        *((mutant, machine_for) for mutant in MUTANTS),
        (later_comers_among_the_drawn, lottery_machine_for),
    ],
)
def test_a_mutant_is_caught(mutant: Callable[[Lab], None], machine: Machine, lab: Lab) -> None:
    mutant(lab)
    assert_is_caught(machine(lab, FOUND_BY.get(mutant.__name__, ACTIONS)))


@pytest.mark.parametrize("name", EDITS)
def test_a_mutant_of_one_line_is_caught(name: str, lab: Lab) -> None:
    machine, part, instead = EDITS[name]
    lab.text = without(lab.text, part, instead)
    assert_is_caught(machine(lab, FOUND_BY.get(name, ACTIONS)))


def assert_is_caught(machine: type[QueueMachine]) -> None:
    """Assert that some run of a machine fails, by what it asserts and by nothing else."""
    found = settings(
        max_examples=400,
        stateful_step_count=40,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        derandomize=True,
        **COMMON,
    )

    with pytest.raises(BaseException) as caught:  # noqa: PT011  hypothesis wraps what it finds
        run_state_machine_as_test(machine, settings=found)
    assert isinstance(caught.value, AssertionError), caught.value
