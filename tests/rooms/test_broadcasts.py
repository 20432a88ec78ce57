"""Broadcasts of operators: saved once a key, and refused by field."""

from typing import Any

import pytest

from tests.support.clients import code_of
from tests.support.world import World

DEMO = "/api/v1/admin/events/demo"


async def test_a_broadcast_is_kept_once_a_key(world: World) -> None:
    await world.event()
    operator = await world.operator()
    wish = {"text": "Doors at seven.", "level": "warning", "audience": "all"}

    first, again = [
        await operator.post(f"{DEMO}/broadcast", json=wish, headers={"Idempotency-Key": "1"})
        for _ in range(2)
    ]
    other = await operator.post(
        f"{DEMO}/broadcast", json={**wish, "text": "No."}, headers={"Idempotency-Key": "1"}
    )

    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert other.status_code == 422
    assert code_of(other) == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("key", "body", "status", "code"),
    [
        (None, {"text": "a"}, 400, "idempotency_key_missing"),
        ("", {"text": "a"}, 400, "invalid_request"),
        ("k" * 65, {"text": "a"}, 400, "invalid_request"),
        ("k", {}, 400, "invalid_request"),
        ("k", {"text": ""}, 400, "invalid_request"),
        ("k", {"text": "\0"}, 400, "invalid_request"),
        ("k", {"text": "a", "level": "loud"}, 400, "invalid_request"),
        ("k", {"text": "a", "audience": "ghosts"}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_broadcast_is_refused(
    key: str | None, body: dict[str, Any], status: int, code: str, world: World
) -> None:
    await world.event()
    operator = await world.operator()
    headers = {} if key is None else {"Idempotency-Key": key}

    answer = await operator.post(f"{DEMO}/broadcast", json=body, headers=headers)

    assert answer.status_code == status
    assert code_of(answer) == code
