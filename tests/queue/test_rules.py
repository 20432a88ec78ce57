"""Rules of an event: defaults, bounds, and the actions that each state allows."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec import inspect

from booking_rush.queue.rules import Rules, WrongState, check_order, next_state, rules_of


def test_rules_have_the_contracts_defaults() -> None:
    assert msgspec.to_builtins(Rules()) == {
        "rate_per_second": 500,
        "active_max": 5000,
        "waiting_max": 1_000_000,
        "claim_seconds": 30,
        "late_seconds": 300,
        "late_max": 10_000,
        "lanes": {"main": 1},
        "again_from": None,
        "pass_seconds": 300,
        "hold_seconds": 600,
        "payment_seconds": 300,
        "payment_attempts_max": 3,
        "tickets_per_visitor_max": 10,
        "extensions_max": 10,
        "hold_total_seconds": 1800,
        "churn_max": 3,
        "queue_from": 0,
        "join_share_max": 0.02,
        "identity": "none",
        "proof_bits_max": 20,
        "fairness": "arrival",
        "window_seconds": 2,
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
        {"lanes": {"main": 0}},
        {"lanes": {"Press": 2}},
        {"lanes": {"press": 1001}},
        {"lanes": {f"lane-{n}": 1 for n in range(33)}},
        {"fairness": "chance"},
        {"speed": 5},
    ],
)
def test_rules_out_of_bounds_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        rules_of(dict(fields))


@pytest.mark.parametrize("name", ["fairness", "window_seconds"])
def test_the_rules_of_the_order_change_before_opening_alone(name: str) -> None:
    rules = rules_of({})
    other = rules_of({"fairness": "windows", "window_seconds": 5})
    changed = msgspec.structs.replace(rules, **{name: getattr(other, name)})

    check_order(rules, changed, "scheduled")
    check_order(rules, rules, "open")
    with pytest.raises(WrongState, match=f"{name} cannot be changed"):
        check_order(rules, changed, "open")


def test_moves_read_the_numbers_among_the_rules() -> None:
    numbers = rules_of({"rate_per_second": 0.5}).numbers()

    assert numbers["rate_per_second"] == 0.5
    assert "lanes" not in numbers
    assert "fairness" not in numbers
    assert (numbers["lottery"], numbers["windows"]) == (0, 0)


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


def test_every_number_has_finite_bounds() -> None:
    def numbers(type_: inspect.Type) -> Iterator[inspect.IntType | inspect.FloatType]:
        match type_:
            case inspect.IntType() | inspect.FloatType():
                yield type_
            case inspect.UnionType(types=types):
                for one in types:
                    yield from numbers(one)
            case inspect.StructType(fields=fields):
                for field in fields:
                    yield from numbers(field.type)
            case _:
                pass

    found = list(numbers(inspect.type_info(Rules)))
    assert len(found) > 10
    assert all(number.ge is not None and number.le is not None for number in found)
