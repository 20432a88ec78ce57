"""Rules that can never work where they are set: refused by field; what may be meant is not."""

from typing import Any

import msgspec
import pytest

from tests.support.clients import code_of
from tests.support.world import World, new_event

ADMIN = "/api/v1/admin"
DEMO = f"{ADMIN}/events/demo"


@pytest.mark.parametrize(
    ("rules", "field", "why"),
    [
        ({"again_from": "last-year"}, "again_from", "last-year"),
    ],
)
async def test_rules_that_can_never_work_here_are_refused_by_field(
    rules: dict[str, Any], field: str, why: str, world: World
) -> None:
    await world.event()
    operator = await world.operator()

    body = msgspec.to_builtins(new_event("other")) | {"rules": rules}

    changed = await operator.patch(f"{DEMO}/rules", json=rules)
    made = await operator.post(f"{ADMIN}/events", json=body)

    for refused, name in ((changed, field), (made, f"rules.{field}")):
        assert (refused.status_code, code_of(refused)) == (400, "invalid_request")
        [error] = refused.json()["errors"]
        assert (error["field"], why in error["why"]) == (name, True)
    assert (await operator.get(f"{ADMIN}/events/other")).status_code == 404


async def test_a_stored_rule_that_cannot_work_any_more_blocks_no_other(world: World) -> None:
    await world.event(rules={"identity": "subject", "hold_seconds": 900})
    operator = await world.operator()

    changed = await operator.patch(f"{DEMO}/rules", json={"hold_total_seconds": 100})
    assert changed.status_code == 200, "no hold lives longer than that: it may be meant"
    off = await operator.patch(f"{DEMO}/rules", json={"identity": "none", "again_from": None})
    assert off.json()["rules"]["identity"] == "none"
