"""Actions of operators, as visitors see them on a socket."""

import httpx

from tests.support.clients import Socket, until
from tests.support.world import World


async def test_a_broadcast_reaches_its_audience_and_who_connects_later(world: World) -> None:
    await world.event(rules={"rate_per_second": 1, "active_max": 1})
    operator = await world.operator()
    first, second, third = [await world.visitor() for _ in range(3)]

    async with first.socket() as admitted, second.socket() as waiting, third.socket() as outside:
        await admitted.ask("queue.join")
        await admitted.until("queue.admitted")
        await waiting.ask("queue.join")
        for number, audience in enumerate(("waiting", "admitted", "all")):
            answer = await operator.post(
                "/api/v1/admin/events/demo/broadcast",
                json={"text": f"to {audience}", "level": "info", "audience": audience},
                headers={"Idempotency-Key": str(number)},
            )
            assert answer.status_code == 202
        for socket in (admitted, waiting, outside):
            await socket.until("room.message", text="to all")

    def broadcasts(socket: Socket) -> list[str]:
        return [f["text"] for f in socket.frames if f["type"] == "room.message"]

    assert broadcasts(admitted) == ["to admitted", "to all"]
    assert broadcasts(waiting) == ["to waiting", "to all"]
    assert broadcasts(outside) == ["to all"]
    async with third.socket() as later:
        assert later.frames[0]["message"]["text"] == "to all"


async def test_a_message_that_redis_did_not_carry_is_read_within_a_second(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await world.services.rooms.broadcasts.save(
            "demo",
            text="by way of Postgres",
            level="info",
            audience="all",
            reach=None,
            who="x",
            key="1",
        )
        message = await socket.until("room.message")

    assert message["text"] == "by way of Postgres"
    assert set(message) == {"type", "id", "text", "level", "at"}


async def test_closing_ends_every_place_and_every_pass_within_a_second(world: World) -> None:
    """The waiting, the late and the admitted are all sent the end of their place."""
    await world.event(rules={"rate_per_second": 1, "active_max": 1, "claim_seconds": 60})
    operator = await world.operator()
    first, second = await world.visitor(), await world.visitor()

    async with first.socket() as admitted, second.socket() as waiting:
        await admitted.ask("queue.join")
        await admitted.until("queue.admitted")
        await waiting.ask("queue.join")
        answer = await operator.post("/api/v1/admin/events/demo/close")
        assert answer.status_code == 200
        for socket in (admitted, waiting):
            assert (await socket.until("queue.expired"))["reason"] == "removed"
            assert (await socket.ask("queue.claim"))["problem"]["code"] == "not_in_line"
        assert [f["type"] for f in admitted.frames].count("queue.expired") == 1
        assert [f["type"] for f in waiting.frames].count("queue.expired") == 1


async def test_a_removed_visitor_is_told(world: World) -> None:
    await world.event(state="paused")
    operator, visitor = await world.operator(), await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        answer = await operator.delete(f"/api/v1/admin/events/demo/visitors/{visitor.id}")
        removed = await socket.until("queue.expired")

    assert answer.status_code == 204
    assert removed["reason"] == "removed"


async def test_a_visitor_admitted_by_hand_is_told(world: World) -> None:
    await world.event(state="paused")
    operator = await world.operator()
    first, second = await world.visitor(), await world.visitor()
    await first.join()

    async with second.socket() as socket:
        await socket.ask("queue.join")
        answer = await operator.post(
            f"/api/v1/admin/events/demo/visitors/{second.id}/admit", json={"reason": "press"}
        )
        await socket.until("queue.admitted")

    assert answer.status_code == 200
    assert answer.json()["place"]["state"] == "admitted"
    assert (await first.place()).json()["place"]["ahead"] == 0


async def test_closing_ends_every_place(world: World) -> None:
    await world.event(state="paused")
    operator, visitor = await world.operator(), await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await operator.post("/api/v1/admin/events/demo/close", json={"reason": "storm"})
        state = await socket.until("room.state", state="closed")
        ended = await socket.until("queue.expired")
        refused = await socket.ask("queue.join")

    assert state["reason"] == "storm"
    assert ended["reason"] == "removed"
    assert refused["problem"]["code"] == "line_closed"


async def test_other_listeners_of_who_leaves_are_told(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        gone = await visitor.http.delete("/api/v1/events/demo/queue")
        await socket.until("queue.left")

    assert gone.status_code == 204


async def test_a_house_without_visitors_keeps_no_guest(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    async with visitor.socket() as socket:
        await socket.ask("queue.join")
    room = await world.services.rooms.room("demo")

    await until(lambda: room.subscribers() == [])


async def test_stream_and_socket_live_side_by_side(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with (
        visitor.socket() as socket,
        visitor.http.stream("GET", "/api/v1/events/demo/queue/stream") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: welcome"
        await socket.ask("queue.join")
        assert (await socket.ask("ping"))["type"] == "pong"
        assert isinstance(stream, httpx.Response)
