"""Recovery in the middle of a draw: its order is that of the seed, wherever Redis was lost."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from booking_rush.booking.catalogue import draws
from booking_rush.booking.recording import recorder
from booking_rush.lua.client.program import FILES, Program
from booking_rush.lua.line.commands import JoinLine, Lobby
from booking_rush.postgres import Pool
from booking_rush.queue.lottery import lottery_draw
from tests.lottery.drawn_event import DrawnEvent
from tests.support.clients import until
from tests.support.store_agreement import journal_mistakes

RECORDED = [f"v_{index}" for index in range(1, 31)]
LEFT = "v_12"
NOT_RECORDED = "v_31"  # joined, and Postgres does not have it yet
PRESS = ["press_1", "press_2", "press_3"]  # of another lane, which is drawn by itself
LATER = ["later_1", "later_2"]
ROUNDS = 7  # of ticks and recordings: draws are fixed, have four pages and one, and are over

# Steps from the opening to the loss: a tick fixes the draw that is due, or draws a page of ten.
STEPS: dict[str, tuple[str, ...]] = {
    "before the draw": (),
    "fixed": ("tick",),
    "fixed and recorded": ("tick", "record"),
    "a lane given": ("tick", "record", "tick"),
    "a page given": ("tick", "record", "tick", "tick"),
    "a page recorded": ("tick", "record", "tick", "tick", "record"),
    "two pages, one recorded": ("tick", "record", "tick", "tick", "record", "tick"),
    "all given": ("tick", "record", *["tick"] * 5),
    "all recorded": ("tick", "record", *["tick"] * 5, "record"),
    "a second loss": ("tick", "record", "tick", "lose_redis", "tick", "record"),
}


@pytest.fixture
def event(pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> DrawnEvent:
    monkeypatch.setattr(lottery_draw, "PAGE", 10)
    monkeypatch.setattr(lottery_draw, "PAGES", 1)
    monkeypatch.setattr(recorder, "BLOCK_MS", 1)  # no step waits for entries
    return DrawnEvent(pool, redis)


async def draw_through_a_loss(event: DrawnEvent, steps: Sequence[str], loss: str) -> None:
    """Draw a lobby, recover after these steps, draw on, and hold all numbers against the seed."""
    await event.schedule(fairness="lottery", lanes={"main": 1, "press": 1})
    await event.join(*RECORDED)
    await event.join(*PRESS, lane="press")
    await event.leave(LEFT)
    await event.record()
    await event.join(NOT_RECORDED)
    await event.open()
    for step in steps:
        await getattr(event, step)()

    await getattr(event, loss)()
    await event.join(*LATER)
    for _ in range(ROUNDS):
        await event.advance()

    await assert_order_is_the_seeds(event)


async def assert_order_is_the_seeds(event: DrawnEvent) -> None:
    """Assert that everybody has the number of the seed, nobody another's, and later comers more."""
    rows, by_seed = await event.rows(), await event.numbers_by_seed()
    drawn = {name: row.number for name, row in rows.items() if row.index_ and name != LEFT}
    assert {*RECORDED, *PRESS} - {LEFT} <= drawn.keys()
    assert drawn == by_seed
    later = [rows[name].number for name in LATER]
    assert sorted(later) == later
    assert min(later) > max(drawn.values())
    living = [(row.lane, row.number) for row in rows.values() if row.state == "waiting"]
    assert len(set(living)) == len(living) == len(drawn) + len(LATER)
    assert event.told == {name: rows[name].number for name in event.told}
    assert event.told.keys() >= drawn.keys() | set(LATER)
    assert await journal_mistakes(event.pool, "demo") == []
    assert await event.pool.fetchval("SELECT drawn_at FROM events") is not None
    assert await event.pool.fetchval("SELECT count(*) FROM dead") == 0


@pytest.mark.parametrize("loss", ["lose_redis", "rebuild"])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
async def test_a_draw_goes_on_after_a_loss_as_if_there_had_been_none(
    event: DrawnEvent, steps: Sequence[str], loss: str
) -> None:
    await draw_through_a_loss(event, steps, loss)


@pytest.mark.parametrize("name", ["before the draw", "fixed", "two pages, one recorded"])
async def test_a_draw_goes_on_after_a_close_that_was_undone(event: DrawnEvent, name: str) -> None:
    await draw_through_a_loss(event, STEPS[name], "close_and_undo")


@pytest.mark.parametrize("is_page_recorded", [True, False])
async def test_windows_go_on_after_a_loss_as_if_there_had_been_none(
    event: DrawnEvent, is_page_recorded: bool
) -> None:
    await event.schedule(fairness="windows", window_seconds=1)
    await event.open()
    await event.join(*RECORDED)
    await event.leave(LEFT)
    await event.record()
    while not event.told:  # until a page of the first window is drawn
        await event.tick()
        if not event.told or is_page_recorded:
            await event.record()

    await event.lose_redis()
    await event.join(*LATER)
    await until(event.advance)

    rows, by_seed = await event.rows(), await event.numbers_by_seed()
    assert {name: row.number for name, row in rows.items() if name != LEFT} == by_seed
    assert await journal_mistakes(event.pool, "demo") == []


async def test_nobody_joins_a_window_that_has_a_draw_by_the_clock_of_another_redis(
    event: DrawnEvent,
) -> None:
    await event.schedule(fairness="windows", window_seconds=1)
    await event.open()
    await event.join("early")
    await until(event.advance)
    drawn = (await event.rows())["early"].window_

    await event.lose_redis()
    joining, earlier = JoinLine("late"), (drawn - 3) * 1000
    place = await event.program.ask("demo", await event.stamp(), joining, now_ms=earlier)

    assert isinstance(place, Lobby)
    assert place.window == drawn + 1


# Mutants: each breaks one promise.

Edit = Callable[[pytest.MonkeyPatch, Path], None]


def in_lobby(text: str, instead: str) -> Edit:
    """Return an edit of the lobby's Lua."""

    def edit(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        whole = FILES["lobby"].read_text()
        assert whole.count(text) == 1, text
        (folder / "lobby.lua").write_text(whole.replace(text, instead))
        monkeypatch.setitem(FILES, "lobby", folder / "lobby.lua")

    return edit


def bounds_of_who_is_left(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    fixed = "coalesce(draws.first, min(index_))"
    assert fixed in draws.WINDOWS
    monkeypatch.setattr(draws, "WINDOWS", draws.WINDOWS.replace(fixed, "min(index_)"))


MUTANTS: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "numbers given before the draw is recorded": (
        in_lobby("local ms, sequence = id_of(entry)", "do return true end\n  local ms, sequence"),
        ("tick", "tick", "tick"),
    ),
    "a page is forgotten": (
        in_lobby(
            "if is_fixed then write_draw(lane, window, first, last) end",
            "if is_fixed then write_draw(lane, window, first, last) "
            'memory.write(lane.counters, "drawn", first + 9) end',
        ),
        STEPS["a page given"],
    ),
    "a draw begins anew with who is left": (bounds_of_who_is_left, STEPS["a page recorded"]),
}


@pytest.mark.parametrize(("mutant", "steps"), MUTANTS.values(), ids=MUTANTS)
async def test_a_mutant_is_caught(
    event: DrawnEvent,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mutant: Edit,
    steps: Sequence[str],
) -> None:
    mutant(monkeypatch, tmp_path)
    event.program = Program(event.redis)

    with pytest.raises(AssertionError):
        await draw_through_a_loss(event, steps, "lose_redis")
