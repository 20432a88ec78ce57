"""The pure parts of the line: views, forecasts, watermarks, rules."""

import asyncio
import random

import msgspec
import pytest

from booking_rush.errors import Recovering, TryAgain
from booking_rush.lua.client.pubsub import LaneTick
from booking_rush.queue import watermark as watermark_module
from booking_rush.queue.forecast import Pace, forecast
from booking_rush.queue.lane_view import LaneView
from booking_rush.queue.rules import Rules, WrongState, next_state, rules_of
from booking_rush.queue.watermark import Watermark


def test_ahead_counts_who_still_waits_whatever_happened() -> None:
    """A view fed with every departure agrees with counting the line itself."""
    chance = random.Random(7)
    for _ in range(200):
        waiting, view = set(range(1, 60)), LaneView()
        for number in chance.sample(range(1, 60), 50):
            waiting.discard(number)
            view.drop(number, min(waiting) - 1)
            for other in waiting:
                assert view.ahead(other) == sum(before < other for before in waiting)
                assert view.waits(other)
            assert not view.waits(number)


def test_a_view_that_missed_news_says_so_at_the_next_tick() -> None:
    view = LaneView()
    view.drop(5, 1)

    assert not view.tick(LaneTick(head=1, gone=2, waiting=7))
    view.learn([4, 5])
    assert view.tick(LaneTick(head=1, gone=2, waiting=7))
    assert view.ahead(6) == 2


def test_an_older_head_does_not_move_a_view_back() -> None:
    view = LaneView()
    view.tick(LaneTick(head=9, gone=0, waiting=3))
    view.drop(0, 4)

    assert view.head == 9


def test_pace_is_what_ticks_count_over_half_a_minute() -> None:
    pace = Pace()
    for second in range(60):
        pace.note(second * 1000, 10 * second if second < 40 else 400)

    assert pace.per_second() == pytest.approx(110 / 30)


def test_pace_is_unknown_at_first_and_after_a_step_back() -> None:
    pace = Pace()
    pace.note(10_000, 5)
    assert pace.per_second() is None
    pace.note(20_000, 50)
    assert pace.per_second() == 4.5
    pace.note(15_000, 50)
    assert pace.per_second() is None


@pytest.mark.parametrize(
    ("ahead", "free", "rate", "pace", "seconds"),
    [
        (0, 100, 10, None, 1),
        (99, 100, 10, None, 10),
        (199, 100, 10, 5, 30),
        (199, 100, 10, None, None),
        (0, 0, 10, 0.0, None),
        (5, 0, 0, 2, None),
        (9, 0, 1, 50, 10),
    ],
)
def test_a_forecast_is_free_room_at_the_rate_and_the_rest_at_the_pace(
    ahead: int, free: float, rate: float, pace: float | None, seconds: int | None
) -> None:
    found = forecast(ahead, free=free, rate=rate, pace=pace)

    assert (found[0] if found else None) == seconds
    if found:
        assert found[1] >= found[0]


# Watermark


async def test_who_waits_for_an_entry_goes_on_when_it_is_reached() -> None:
    mark = Watermark()
    early, late = (asyncio.ensure_future(mark.reach(entry)) for entry in ("5-1", "12-0"))
    await asyncio.sleep(0)

    mark.move("9-0")
    await early
    assert not late.done()
    mark.move("12-0")
    await late


async def test_a_watermark_never_goes_back_and_compares_numbers() -> None:
    mark = Watermark()
    mark.move("100-2")
    mark.move("99-9")

    await mark.reach("100-2")
    await mark.reach("")


async def test_a_new_epoch_refuses_who_waited_in_the_old_one() -> None:
    mark = Watermark()
    mark.move("50-0")
    waits = asyncio.ensure_future(mark.reach("60-0"))
    await asyncio.sleep(0)

    mark.restart(Recovering())

    with pytest.raises(Recovering):
        await waits
    assert not asyncio.ensure_future(mark.reach("40-0")).done()  # the old mark counts no more


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark_module, "PATIENCE_S", 0.01)

    with pytest.raises(TryAgain):
        await Watermark().reach("1-0")


# Rules


def test_rules_have_the_contracts_defaults() -> None:
    assert msgspec.to_builtins(Rules()) == {
        "rate_per_second": 500,
        "active_max": 5000,
        "waiting_max": 1_000_000,
        "claim_seconds": 30,
        "late_seconds": 300,
        "late_max": 10_000,
        "lanes": {"main": 1},
        "pass_seconds": 300,
        "hold_seconds": 600,
        "payment_seconds": 300,
        "payment_attempts_max": 3,
        "tickets_per_visitor_max": 10,
        "extensions_max": 10,
        "queue_from": 0,
        "fairness": "arrival",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"rate_per_second": -1},
        {"rate_per_second": "5"},
        {"rate_per_second": None},
        {"active_max": 1.5},
        {"active_max": 10**9},
        {"claim_seconds": 0},
        {"lanes": {"main": 1, "press": 2}},
        {"fairness": "chance"},
        {"speed": 5},
    ],
)
def test_rules_out_of_bounds_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        rules_of(dict(fields))


def test_fairness_is_arrival_until_there_is_a_lottery() -> None:
    assert rules_of({"fairness": "lottery"}).fairness == "arrival"


def test_moves_read_the_numbers_among_the_rules() -> None:
    numbers = rules_of({"rate_per_second": 0.5}).numbers()

    assert numbers["rate_per_second"] == 0.5
    assert "lanes" not in numbers
    assert "fairness" not in numbers


STATES = ("scheduled", "drawing", "open", "paused", "draining", "closed")
ALLOWED = {
    ("open", "scheduled"): "open",
    ("pause", "open"): "paused",
    ("resume", "paused"): "open",
    ("drain", "open"): "draining",
    ("drain", "paused"): "draining",
    **{("close", state): "closed" for state in STATES if state != "closed"},
}


@pytest.mark.parametrize("action", ["open", "pause", "resume", "drain", "close"])
@pytest.mark.parametrize("state", STATES)
def test_an_action_fits_its_states_and_no_other(action: str, state: str) -> None:
    if (action, state) in ALLOWED:
        assert next_state(action, state) == ALLOWED[action, state]  # type: ignore[arg-type]
    else:
        with pytest.raises(WrongState):
            next_state(action, state)  # type: ignore[arg-type]
