"""A visitor's socket, from handshake to close, by the wire contract."""

import asyncio
import gc
from typing import Any

import asyncpg
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from booking_rush.booking.joining.joining import Joining
from booking_rush.queue.passes import verify
from booking_rush.server.web.uvicorn_protocols import Socket
from tests.support.world import World


async def test_the_walk_from_joining_to_being_admitted(world: World) -> None:
    await world.event(rules={"rate_per_second": 100})
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        welcome = socket.frames[0]
        joined = await socket.ask("queue.join")
        admitted = await socket.until("queue.admitted")

    assert welcome["type"] == "welcome"
    assert welcome["visitor"] == visitor.id
    assert welcome["event"] == "demo"
    [lane] = welcome["room"]["lanes"]
    assert (lane["lane"], lane["weight"], lane["waiting"], lane["share"]) == ("main", 1, 0, 0.0)
    assert (welcome["room"]["state"], welcome["room"]["fairness"]) == ("open", "arrival")
    assert "place" not in welcome
    assert joined["type"] == "queue.joined"
    assert (joined["place"]["number"], joined["place"]["ahead"]) == (1, 0)
    assert joined["place"]["state"] == "waiting"
    jwks = (await visitor.http.get("/.well-known/jwks.json")).json()
    claims = verify(admitted["pass"], jwks, event="demo", visitor=visitor.id)
    assert (claims["number"], claims["lane"]) == (1, "main")
    assert admitted["claim_by"] < admitted["expires_at"]


async def test_a_place_is_live(world: World) -> None:
    await world.event(state="paused")
    visitors = [await world.visitor() for _ in range(4)]
    for visitor in visitors[:3]:
        await visitor.join()

    async with visitors[3].socket() as socket:
        joined = await socket.ask("queue.join")
        assert joined["place"]["ahead"] == 3
        await visitors[1].http.delete("/api/v1/events/demo/queue")
        moved = await socket.until("queue.position")

    assert moved["ahead"] == 2
    assert set(moved) == {"type", "ahead", "waiting", "rate", "eta_seconds"}


async def test_who_reconnects_is_told_everything_at_once(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    place = await visitor.join()

    async with visitor.socket() as socket:
        welcome = socket.frames[0]

    assert welcome["place"]["number"] == place["number"]
    assert welcome["place"]["receipt"] == place["receipt"]
    assert welcome["room"]["state"] == "paused"


async def test_who_is_admitted_and_reconnects_has_the_same_pass(world: World) -> None:
    await world.event(rules={"rate_per_second": 100})
    visitor = await world.visitor()
    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        admitted = await socket.until("queue.admitted")

    async with visitor.socket() as socket:
        welcome = socket.frames[0]

    assert welcome["pass"] == admitted["pass"]
    assert welcome["expires_at"] == admitted["expires_at"]
    assert welcome["place"]["state"] == "admitted"


async def test_joining_when_already_admitted_answers_with_the_pass(world: World) -> None:
    await world.event(rules={"rate_per_second": 100})
    visitor = await world.visitor()
    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await socket.until("queue.admitted")

        again = await socket.ask("queue.join")
        claimed = await socket.ask("queue.claim")

    assert again["type"] == claimed["type"] == "queue.admitted"
    assert again["pass"] == claimed["pass"]


async def test_claiming_while_waiting_shows_the_place_and_without_one_refuses(
    world: World,
) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        refused = await socket.ask("queue.claim")
        await socket.ask("queue.join")
        claimed = await socket.ask("queue.claim")

    assert refused["type"] == "error"
    assert refused["problem"]["code"] == "not_in_line"
    assert claimed["type"] == "queue.joined"
    assert claimed["place"]["number"] == 1


async def test_leaving_is_answered_also_to_who_is_not_in_line(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        assert (await socket.ask("queue.leave"))["type"] == "queue.left"
        assert (await socket.ask("queue.leave"))["type"] == "queue.left"
        assert (await socket.ask("ping"))["type"] == "pong"

    assert [frame["type"] for frame in socket.frames].count("queue.left") == 2
    assert (await visitor.place()).status_code == 404


async def test_the_lobby_keeps_places_until_the_room_opens(world: World) -> None:
    await world.event(state="scheduled", rules={"rate_per_second": 100})
    visitor = await world.visitor()
    operator = await world.operator()

    async with visitor.socket() as socket:
        joined = await socket.ask("queue.join")
        opened = await operator.post("/api/v1/admin/events/demo/open")
        await socket.until("room.state", state="open")
        await socket.until("queue.admitted")

    assert (joined["place"]["state"], joined["place"]["number"]) == ("lobby", 1)
    assert joined["place"]["eta_seconds"] is None
    assert opened.status_code == 200


async def test_who_is_not_heard_of_is_late_and_comes_back_next(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "claim_seconds": 1})
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await socket.until("queue.admitted")
        missed = await socket.until("queue.expired")
        late = await socket.ask("queue.claim")
        admitted = await socket.until("queue.admitted")

    assert missed["reason"] == "missed"
    assert late["type"] == "queue.joined"
    assert late["place"]["state"] == "late"
    assert admitted["pass"]


async def test_a_pass_that_ends_is_told(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "pass_seconds": 1})
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await socket.until("queue.admitted")
        over = await socket.until("queue.expired")
        again = await socket.ask("queue.join")

    assert over["reason"] == "pass_over"
    assert again["place"]["number"] == 2


async def test_ping_is_not_being_heard_of(world: World) -> None:
    await world.event(rules={"rate_per_second": 100, "claim_seconds": 1})
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join")
        await socket.until("queue.admitted")
        assert (await socket.ask("ping"))["type"] == "pong"
        assert (await socket.until("queue.expired"))["reason"] == "missed"


async def test_positions_come_at_most_once_a_second_and_never_grow(world: World) -> None:
    """The rate is raised once two were seen: a machine that stands still has one for all."""
    await world.event(rules={"rate_per_second": 4, "active_max": 1000})
    others = [await world.visitor() for _ in range(60)]
    visitor, operator = await world.visitor(), await world.operator()
    await asyncio.gather(*(other.join() for other in others))

    async with visitor.socket() as socket:
        joined = await socket.ask("queue.join")
        began = asyncio.get_running_loop().time()
        for _ in range(2):
            await socket.until("queue.position")
        await operator.patch("/api/v1/admin/events/demo/rules", json={"rate_per_second": 1000})
        await socket.until("queue.admitted")
        seconds = asyncio.get_running_loop().time() - began

    seen = [frame["ahead"] for frame in socket.frames if frame["type"] == "queue.position"]
    assert len(seen) <= seconds + 1
    assert len(set(seen)) == len(seen) >= 2
    assert sorted(seen, reverse=True) == seen
    assert seen[0] <= joined["place"]["ahead"]


@pytest.mark.parametrize(
    "away",
    [
        RedisConnectionError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.DeadlockDetectedError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_store_that_is_away_is_told_alike_over_both_channels(
    away: Exception, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise away

    await world.event()
    visitor = await world.visitor()
    monkeypatch.setattr(Joining, "join", fail)

    async with visitor.socket() as socket:
        told = await socket.ask("queue.join")
    answered = await visitor.http.post("/api/v1/events/demo/queue")

    assert (told["problem"]["code"], told["problem"]["status"]) == ("try_again", 503)
    assert (answered.json()["code"], answered.status_code) == ("try_again", 503)


async def test_a_waiting_socket_keeps_nothing_of_its_handshake(world: World) -> None:
    """Ten thousand wait: an attribute too many is 1.6 KB of each, its headers are 2 KB."""
    await world.event()
    visitor = await world.visitor()

    async with visitor.socket():
        [kept] = [one for one in gc.get_objects() if type(one) is Socket and not one.disconnected]
        conn: Any = kept.conn

        assert vars(kept) == {}
        assert not kept.scope
        request = conn.parser.gi_frame.f_locals["request"]
        assert list(request.headers.raw_items()) == []
