"""Server-Sent Events: the frames of the socket, for clients that only listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import orjson
import pytest

from booking_rush.server.sockets import sse
from booking_rush.server.sockets.sse import UNREAD_FRAMES_MAX, SendQueue
from booking_rush.server.web import uvicorn_protocols
from tests.support.clients import PATIENCE_S, Frame, until
from tests.support.world import World


async def events(stream: httpx.Response) -> AsyncIterator[tuple[str, Frame]]:
    """Yield (event, frame) of each event; a comment is (":", {})."""
    name = ""
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, orjson.loads(line.removeprefix("data: "))
        elif line.startswith(":"):
            yield ":", {}


async def test_the_walk_on_a_stream(world: World) -> None:
    await world.event(rules={"rate_per_second": 100})
    visitor = await world.visitor()
    kinds: list[str] = []

    async with (
        asyncio.timeout(PATIENCE_S),
        visitor.http.stream("GET", "/api/v1/events/demo/queue/stream") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for name, frame in events(stream):
            assert frame["type"] == name
            kinds.append(name)
            if name == "welcome":
                await visitor.http.post("/api/v1/events/demo/queue")
            if name == "queue.admitted":
                await visitor.http.delete("/api/v1/events/demo/queue")
            if name == "queue.left":
                break

    assert kinds[0] == "welcome"
    assert kinds[-2:] == ["queue.admitted", "queue.left"]


async def test_opening_a_stream_is_being_heard_of(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "claim_seconds": 1, "late_seconds": 60})
    visitor = await world.visitor()
    await visitor.join()
    room = await world.services.rooms.room("demo")

    async def is_late() -> bool:
        return (await world.services.rooms.stats(room)).late == 1

    await until(is_late)

    kinds: list[str] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        visitor.http.stream("GET", "/api/v1/events/demo/queue/stream") as stream,
    ):
        async for name, frame in events(stream):
            kinds.append(name)
            if name == "welcome":
                assert frame["place"]["state"] == "late"
            if name == "queue.admitted":
                break

    assert kinds == ["welcome", "queue.admitted"]


async def test_a_quiet_stream_says_that_it_lives(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "COMMENT_S", 0.05)
    await world.event(state="paused")
    visitor = await world.visitor()

    async with (
        asyncio.timeout(PATIENCE_S),
        visitor.http.stream("GET", "/api/v1/events/demo/queue/stream") as stream,
    ):
        async for name, _ in events(stream):
            if name == ":":
                break


async def test_a_stream_wants_a_token_and_an_event(world: World) -> None:
    await world.event()
    nobody, visitor = await world.clients.http(), await world.visitor()

    assert (await nobody.get("/api/v1/events/demo/queue/stream")).status_code == 401
    assert (await visitor.http.get("/api/v1/events/nothing/queue/stream")).status_code == 404


async def test_a_visitor_has_two_streams_and_the_newest_stay(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    room = await world.services.rooms.room("demo")
    async with AsyncExitStack() as stack:
        streams: list[httpx.Response] = []
        for _ in range(10):
            path = "/api/v1/events/demo/queue/stream"
            stream = await stack.enter_async_context(visitor.http.stream("GET", path))
            streams.append(stream)
            await until(lambda: len(room.subscribers_of(visitor.id)) == min(len(streams), 2))
        async with asyncio.timeout(PATIENCE_S):
            for older in streams[:8]:
                await older.aread()  # to its end
        assert len(room.subscribers_of(visitor.id)) == 2
        assert not any(stream.is_closed for stream in streams[8:])


async def test_head_opens_no_stream(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    answer = await visitor.http.head("/api/v1/events/demo/queue/stream")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("reads", [False, True])
async def test_a_stream_whose_client_does_not_read_is_aborted(
    reads: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who reads does for longer than that, and a machine may stand still for most of it.
    monkeypatch.setattr(uvicorn_protocols, "WRITE_S", 3.0 if reads else 0.3)
    await world.event(state="paused")
    visitor = await world.visitor()
    room = await world.services.rooms.room("demo")
    host, port = world.clients.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=4096)
    writer.write(
        b"GET /api/v1/events/demo/queue/stream HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer " + visitor.token.encode() + b"\r\n\r\n"
    )
    (subscriber,) = await until(lambda: room.subscribers_of(visitor.id))
    await until(lambda: subscriber.welcomed)
    reading = asyncio.create_task(reader.read() if reads else asyncio.sleep(0, b""))
    frame = b'{"type":"room.message","text":"' + b"x" * 100_000 + b'"}'
    for _ in range(200):
        if not room.subscribers_of(visitor.id):
            break
        subscriber.push(frame)
        await asyncio.sleep(0.02)
    if reads:
        assert room.subscribers_of(visitor.id)
    else:
        await until(lambda: not room.subscribers_of(visitor.id))
    writer.transport.abort()
    await asyncio.wait([reading])


async def test_a_listener_who_does_not_read_is_sent_away() -> None:
    queue = SendQueue()
    for _ in range(UNREAD_FRAMES_MAX + 10):
        queue.push(b'{"type":"queue.position"}')

    read = [event async for event in queue.events()]

    assert len(read) == UNREAD_FRAMES_MAX
    assert queue.behind() is False
