"""Lanes of an event: their names and weights, and what a tick says of them."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from booking_rush.lua.client.pubsub import LaneTick

MAIN = "main"  # the lane of everybody
AGAIN = "again"  # the lane of those who got nothing in the event that the rule `again_from` names
LANES_MAX = 32

EventName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
LaneName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
Weight = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Weights = Annotated[dict[LaneName, Weight], msgspec.Meta(min_length=1, max_length=LANES_MAX)]


def only_main() -> dict[str, int]:
    """Return the weights of an event with one lane."""
    return {MAIN: 1}


def lane_members(
    weights: Mapping[str, int],
    lanes: Mapping[str, LaneTick],
    eta: Callable[[int, str], tuple[int, int] | None],
) -> list[dict[str, Any]]:
    """Return `[{lane, weight, waiting, share, eta_seconds}]` by name, as rules and last tick say.

    `share` is of the last 1,000 admissions. `eta` forecasts the wait behind so many of a lane: here
    behind all of it. A lane that the rules name no more is told while the tick has it: somebody may
    wait in it.
    """
    total = sum(lane.admitted for lane in lanes.values()) or 1
    members = list[dict[str, Any]]()
    for name in sorted({*weights, *lanes}):
        lane = lanes.get(name, LaneTick(0, 0, 0))
        members.append(
            {
                "lane": name,
                "weight": weights.get(name, 1),
                "waiting": lane.waiting,
                "share": round(lane.admitted / total, 4),
                "eta_seconds": eta(lane.waiting, name),
            }
        )
    return members


def turns_before(ahead: int, name: str, lanes: Mapping[str, LaneTick]) -> int:
    """Return how many of all lanes are admitted before a place with `ahead` others of its lane.

    While it advances by `ahead` + 1, each other lane in which somebody waits advances by as much
    times the ratio of their weights, or is empty before.
    """
    if len(lanes) == 1 and name in lanes:  # as nearly every event has it
        return ahead
    own = lanes[name].weight if name in lanes else 1
    others = (lane for other, lane in lanes.items() if other != name)
    return ahead + sum(min(one.waiting, (ahead + 1) * one.weight // own) for one in others)
