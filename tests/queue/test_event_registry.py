"""New events: every process answers their first call like any other."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from booking_rush.postgres import Pool
from booking_rush.queue import event_registry
from booking_rush.server.protocol import frames
from tests.support.clients import PATIENCE_S, Clients, Frame, Visitor, code_of
from tests.support.world import World, new_event, open_world, serving, settings_for

EVENTS = 20


async def create_and_open(operator: httpx.AsyncClient, event: str) -> None:
    """Create an event over HTTP, and put it on sale."""
    body = msgspec.json.encode(new_event(event))
    headers = {"Content-Type": "application/json"}
    made = await operator.post("/api/v1/admin/events", content=body, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["event"]["state"] == "scheduled"
    opened = await operator.post(f"/api/v1/admin/events/{event}/open")
    assert opened.json()["event"]["state"] == "open"


async def join_over_socket(visitor: Visitor, event: str) -> tuple[Frame, Frame]:
    """Open a socket and join at once. Return the welcome and the answer."""
    async with visitor.socket(event) as socket:
        return socket.frames[0], await socket.ask("queue.join")


async def test_an_event_just_created_answers_its_first_calls_at_every_process(
    world: World, redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_registry, "FIRST_LOAD_S", PATIENCE_S)  # it judges no speed
    operator = await world.operator()
    async with AsyncExitStack() as stack:
        serve = serving(settings_for(redis_url, postgres_url))
        base, _, _ = await stack.enter_async_context(serve)
        there = Clients(base, stack)
        ada, bob = await there.visitor(), await there.visitor()
        for event in (f"new-{number}" for number in range(EVENTS)):
            await create_and_open(operator, event)
            (welcome, answer), joined, shown = await asyncio.gather(
                join_over_socket(ada, event),
                bob.http.post(f"/api/v1/events/{event}/queue"),
                bob.http.get(f"/api/v1/events/{event}"),
            )

            assert welcome["room"]["state"] == "open"
            assert answer["type"] in ("queue.joined", "queue.admitted"), answer
            assert joined.status_code == 201, joined.text
            assert shown.json()["event"]["state"] == "open"


async def test_an_event_that_nobody_loads_is_busy_and_not_recovering(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_registry, "FIRST_LOAD_S", 0.05)
    async with open_world(
        redis, pool, settings_for(redis_url, postgres_url), duties=False
    ) as world:
        await world.catalogue.create(new_event("demo"), who="tests")
        ada = await world.visitor()

        answer = await ada.http.post("/api/v1/events/demo/queue")
        shown = await ada.http.get("/api/v1/events/demo")
        with pytest.raises(ConnectionClosed) as closed:
            await join_over_socket(ada, "demo")

        assert (answer.status_code, code_of(answer)) == (503, "busy")
        assert shown.json()["event"]["state"] == "scheduled"
        assert closed.value.rcvd
        assert closed.value.rcvd.code == frames.OVERLOADED
