"""Broadcasts of operators: saved once a key, refused by field, and listed with who heard them."""

from typing import Any

import pytest

from booking_rush.server.rooms.broadcasts import Broadcasts
from tests.support.clients import code_of, until
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


async def test_messages_are_listed_with_their_reach_and_the_pages_that_heard_them(
    world: World,
) -> None:
    await world.event(state="paused")
    operator, one, other = await world.operator(), await world.visitor(), await world.visitor()

    async def page(**query: str) -> dict[str, Any]:
        found: dict[str, Any] = (await operator.get(f"{DEMO}/broadcasts", params=query)).json()
        return found

    async def heard() -> list[tuple[str, int, int]]:
        sent = (await page())["broadcasts"]
        return [(told["text"], told["reach"], told["heard"]) for told in sent]

    async with one.socket() as waiting, other.socket() as outside:
        await waiting.ask("queue.join")
        for key, audience in (("1", "waiting"), ("2", "all"), ("2", "all"), ("3", "admitted")):
            wish = {"text": audience, "audience": audience}
            await operator.post(f"{DEMO}/broadcast", json=wish, headers={"Idempotency-Key": key})
        await outside.until("room.message")

        async def all_counted() -> bool:
            return await heard() == [("admitted", 0, 0), ("all", 1, 2), ("waiting", 1, 1)]

        await until(all_counted)

    first = await page(limit="2")
    rest = await page(limit="2", after=first["next"])
    assert [told["text"] for told in first["broadcasts"]] == ["admitted", "all"]
    assert ([told["text"] for told in rest["broadcasts"]], rest["next"]) == (["waiting"], None)
    assert (
        rest["broadcasts"][0]["who"] == (await operator.get("/api/v1/admin/me")).json()["username"]
    )
    wrong = await operator.get(f"{DEMO}/broadcasts", params={"after": "x"})
    assert (wrong.status_code, code_of(wrong)) == (400, "invalid_request")


async def test_pages_that_come_back_to_a_process_that_has_started_are_not_counted_again(
    world: World,
) -> None:
    await world.event()
    fields: dict[str, Any] = {"text": "t", "level": "info", "audience": "all", "who": "x"}
    id_, _ = await world.services.rooms.broadcasts.save("demo", **fields, reach=None, key="1")
    started = Broadcasts(world.services.pool)
    await started.read_new()

    started.count(id_, 5)
    await started.save_counts()

    [sent] = await started.page("demo", limit=2, after=None)
    assert (sent.members()["heard"], sent.members()["reach"]) == (0, None)
