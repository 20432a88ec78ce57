"""Rules of an event (rates, bounds, seconds), and the actions that each state allows."""

from typing import Annotated, Any

import msgspec

from booking_rush.errors import Refusal
from booking_rush.lua.commands import EventState
from booking_rush.queue.join_checks.identity import IdentityRule
from booking_rush.queue.lanes import AGAIN, MAIN, EventName, Weights, only_main
from booking_rush.queue.lottery.order import WINDOW_SECONDS, Fairness

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
SecondsAtLeast1 = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Rate = (
    Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    | Annotated[float, msgspec.Meta(ge=0, le=100_000)]
)


Share = Annotated[int, msgspec.Meta(ge=0, le=1)] | Annotated[float, msgspec.Meta(ge=0.001, le=1)]
OrderOfTheLine = Annotated[
    Fairness,
    msgspec.Meta(
        description="Of a new event `lottery` where `opens_at` is given, otherwise `arrival`."
    ),
]
RATE_MIN = 0.01  # one visitor in 100 seconds; 0 admits nobody beyond `queue_from`


def by_arrival() -> Fairness:
    """Return the order of stored rules that name none; a new event always names one."""
    return "arrival"


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules that an operator may set; durations are whole seconds."""

    rate_per_second: Rate = 500
    active_max: Count = 5000
    waiting_max: Count = 1_000_000
    claim_seconds: SecondsAtLeast1 = 30
    late_seconds: Seconds = 300
    late_max: Count = 10_000
    lanes: Weights = msgspec.field(default_factory=only_main)
    again_from: EventName | None = None
    pass_seconds: SecondsAtLeast1 = 300
    hold_seconds: SecondsAtLeast1 = 600
    payment_seconds: SecondsAtLeast1 = 300
    payment_attempts_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    tickets_per_visitor_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    extensions_max: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 10
    hold_total_seconds: SecondsAtLeast1 = 1800
    churn_max: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    queue_from: Count = 0
    proof_bits_max: Annotated[int, msgspec.Meta(ge=0, le=24)] = 20
    identity: IdentityRule = "none"
    join_share_max: Share = 0.02
    fairness: OrderOfTheLine = msgspec.field(default_factory=by_arrival)
    window_seconds: Annotated[int, msgspec.Meta(ge=1, le=60)] = WINDOW_SECONDS

    @property
    def admits_nobody(self) -> bool:
        """Return whether an operator has turned admission off."""
        return self.rate_per_second == 0 or self.active_max == 0

    def numbers(self) -> dict[str, float]:
        """Return the rules that the moves read: numbers, and 1 for the kind of draw."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        numbers = {name: value for name, value in fields.items() if isinstance(value, int | float)}
        draws = {name: int(self.fairness == name) for name in ("lottery", "windows")}
        return {**numbers, **draws}


def rules_of(fields: dict[str, Any]) -> Rules:
    """Return the rules of decoded JSON; a field that is missing has its default.

    The lane `main` is always there, and `again` as soon as an event is named whose receipts open
    it.

    Raises:
        msgspec.ValidationError: a field is unknown, or a value out of its bounds.
    """
    rules = msgspec.convert(fields, Rules)
    always = {MAIN: 1} | ({AGAIN: 1} if rules.again_from else {})
    return msgspec.structs.replace(rules, lanes=always | rules.lanes)


def check_rate(rules: Rules) -> None:
    """Check what the types cannot express. Stored rules are not checked: they must stay readable.

    Raises:
        msgspec.ValidationError: visitors are admitted, but more slowly than RATE_MIN.
    """
    if 0 < rules.rate_per_second < RATE_MIN:
        raise msgspec.ValidationError(
            f"Expected 0, or a number of at least {RATE_MIN} - at `$.rate_per_second`"
        )


class WrongState(Refusal):
    """The event's state does not allow that."""

    code, status = "wrong_state", 409


# Rules by which people have joined once the event is open: they stay as they are.
OF_THE_ORDER = ("fairness", "window_seconds")


def check_order(current: Rules, new: Rules, state: EventState) -> None:
    """Check that the rules of the order change only before opening.

    Raises:
        WrongState: the event is not scheduled any more.
    """
    for name in OF_THE_ORDER:
        if state != "scheduled" and getattr(current, name) != getattr(new, name):
            raise WrongState(f"{name} cannot be changed: the event is {state}")


# action → (from which states, to which)
ACTIONS: dict[str, tuple[frozenset[EventState], EventState]] = {
    "open": (frozenset({"scheduled"}), "open"),
    "pause": (frozenset({"open"}), "paused"),
    "resume": (frozenset({"paused"}), "open"),
    "drain": (frozenset({"open", "paused"}), "draining"),
    "close": (frozenset({"scheduled", "drawing", "open", "paused", "draining"}), "closed"),
}


def next_state(action: str, state: EventState) -> EventState:
    """Return the state after an operator's action.

    Raises:
        WrongState: the action does not fit the state.
    """
    allowed, then = ACTIONS[action]
    if state not in allowed:
        raise WrongState(f"{action} wants {' or '.join(sorted(allowed))}, the event is {state}")
    return then
