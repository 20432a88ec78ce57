"""Export of an event: the body that creates the same event, under another id if one likes."""

from typing import Any

import msgspec
import pytest

from booking_rush.server.app import V1
from tests.support.world import World, new_event

FULL: dict[str, Any] = {
    "opens_at": "2030-04-01T08:00:00Z",
    "venue": {"name": "โรงละคร", "address": "1 Old Street"},
    "theme": {"accent": "#0a6b57"},
    "rules": {"rate_per_second": 7},
}


@pytest.mark.parametrize("fields", [{}, FULL, {"sections": []}], ids=["plain", "full", "empty"])
async def test_an_exported_event_is_created_again(world: World, fields: dict[str, Any]) -> None:
    operator = await world.operator()
    body: dict[str, Any] = {**msgspec.to_builtins(new_event("demo")), **fields}
    created = await operator.post(f"{V1}/admin/events", json=body)
    assert created.status_code == 201, created.text

    answer = await operator.get(f"{V1}/admin/events/demo/export")
    exported = answer.json()
    again = await operator.post(f"{V1}/admin/events", json={**exported, "id": "again"})

    assert 'filename="demo.json"' in answer.headers["content-disposition"]
    assert again.status_code == 201, again.text
    second = (await operator.get(f"{V1}/admin/events/again/export")).json()
    assert second == {**exported, "id": "again"}
