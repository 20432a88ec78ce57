"""Bans: of a visitor or a block, in force everywhere within a second, lifted by hand."""

from typing import Any

import httpx
import pytest

from booking_rush.booking.joining.ban_list import Banned
from booking_rush.booking.joining.bans import Bans
from booking_rush.lua.line.commands import FindPlace, JoinLine, Waiting
from booking_rush.queue.join_checks.address_blocks import block_digest
from booking_rush.server.protocol import frames
from tests.support.clients import Frame, Socket, until
from tests.support.world import World

QUEUE = "/api/v1/events/demo/queue"
BANS = "/api/v1/admin/events/demo/bans"


async def ban(operator: httpx.AsyncClient, **whom: Any) -> Frame:
    """Ban for an hour. Return the ban."""
    answer = await operator.post(BANS, json={"seconds": 3600, "reason": "a script", **whom})
    assert answer.status_code == 201, answer.text
    made: Frame = answer.json()["ban"]
    return made


async def test_a_banned_visitor_loses_the_place_and_gets_no_other(world: World) -> None:
    await world.event(state="paused")
    ada, bob = await world.visitor(), await world.visitor()
    operator = await world.operator()
    await ada.join()
    await bob.join()

    async with ada.socket() as socket:
        made = await ban(operator, visitor=ada.id)
        expired = await socket.until("queue.expired")
        refused = await socket.ask("queue.join")
    over_http = await ada.http.post(QUEUE, json={"proof": "x"})

    assert expired["reason"] == "removed"
    assert (refused["problem"]["code"], refused["problem"]["status"]) == ("banned", 403)
    assert refused["problem"]["until"] == made["until"]
    assert (over_http.status_code, over_http.json()["until"]) == (403, made["until"])
    assert (await bob.http.get(QUEUE)).status_code == 200
    assert made["visitor"] == ada.id


async def test_the_banned_may_not_connect(world: World) -> None:
    await world.event(state="paused")
    ada = await world.visitor()
    await ban(await world.operator(), visitor=ada.id)

    stream = await ada.http.get(f"{QUEUE}/stream")
    async with ada.refused() as connection:
        closed = await Socket(connection).closed()

    assert (stream.status_code, stream.json()["code"]) == (403, "banned")
    assert closed == frames.FORBIDDEN


async def test_a_ban_of_a_block_is_of_everybody_in_it(world: World) -> None:
    await world.event(state="paused")
    ada = await world.visitor()
    operator = await world.operator()
    await ada.join()

    async with ada.socket() as socket:
        made = await ban(operator, block="127.0.0.9/24")
        assert (await socket.until("queue.expired"))["reason"] == "removed"
    stranger = await world.visitor()

    assert made["block"] == "127.0.0.0/24"
    assert (await stranger.http.post(QUEUE)).json()["code"] == "banned"


async def test_a_ban_of_a_block_ends_the_places_of_those_who_are_not_connected(
    world: World,
) -> None:
    await world.event(state="paused")
    ada, operator = await world.visitor(), await world.operator()
    await ada.join()
    elsewhere = JoinLine("v_elsewhere", block=block_digest("192.0.2.1"))
    await world.services.rooms.batcher("demo").do(elsewhere)

    await ban(operator, block="127.0.0.0/16")

    assert (await ada.place()).status_code == 404
    found = await world.services.rooms.batcher("demo").do(FindPlace("v_elsewhere"))
    assert isinstance(found, Waiting)
    journal = (await operator.get("/api/v1/events/demo/journal")).json()["entries"]
    assert [entry["what"] for entry in journal].count("removed") == 1


@pytest.mark.parametrize("whom", ["visitor", "block"])
async def test_a_ban_that_is_asked_for_again_is_the_same_ban(world: World, whom: str) -> None:
    await world.event(state="paused")
    ada, operator = await world.visitor(), await world.operator()
    banned = {"visitor": ada.id, "block": "127.0.0.0/16"}[whom]
    first = await ban(operator, **{whom: banned})
    again = await ban(operator, **{whom: banned})
    listed = (await operator.get(BANS)).json()["bans"]

    await operator.delete(f"{BANS}/{first['id']}")

    assert first["id"] == again["id"]
    assert listed == [again]
    assert (await ada.http.post(QUEUE)).status_code == 201


async def test_a_lifted_ban_lets_join_again_and_all_is_journaled(world: World) -> None:
    await world.event(state="paused")
    ada = await world.visitor()
    operator = await world.operator()
    made = await ban(operator, visitor=ada.id)
    listed = (await operator.get(BANS)).json()

    lifted = await operator.delete(f"{BANS}/{made['id']}")
    again = await operator.delete(f"{BANS}/{made['id']}")
    joined = await ada.http.post(QUEUE)

    entries = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    assert listed["bans"] == [made]
    assert listed["next"] is None
    assert (await operator.get(BANS)).json()["bans"] == []
    assert lifted.status_code == 204
    assert (again.status_code, again.json()["code"]) == (404, "unknown_ban")
    assert joined.status_code == 201
    assert [entry["what"] for entry in entries[:2]] == ["unban", "ban"]
    assert entries[1]["detail"]["whom"] == ada.id


async def test_another_process_reads_a_ban_and_its_end(world: World) -> None:
    await world.event()
    operator = await world.operator()
    other = Bans(world.services.pool)
    await other.read_new()
    made = await ban(operator, visitor="v_ada")

    read = await other.read_new()
    with pytest.raises(Banned):
        other.check("demo", "v_ada", "unknown")
    other.check("other", "v_ada", "unknown")
    await operator.delete(f"{BANS}/{made['id']}")
    await other.read_new()

    assert [str(ban.id) for ban in read] == [made["id"]]
    other.check("demo", "v_ada", "unknown")


async def test_a_ban_ends_by_itself(world: World) -> None:
    await world.event(state="paused")
    ada = await world.visitor()
    await ban(await world.operator(), visitor=ada.id, seconds=1)

    async def joins() -> bool:
        return (await ada.http.post(QUEUE)).status_code == 201

    assert (await ada.http.post(QUEUE)).status_code == 403
    await until(joins)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"visitor": "v_ada", "block": "10.0.0.0/8"},
        {"block": "0.0.0.0/0"},
        {"block": "2000::/3"},
        {"block": "10.0.0.1"},
        {"block": "nonsense"},
        {"visitor": "ada"},
        {"visitor": "v_ada", "seconds": 0},
        {"visitor": "v_ada", "reason": ""},
        {"visitor": "v_ada", "why": "x"},
    ],
)
async def test_a_ban_that_makes_no_sense_is_refused(world: World, body: Any) -> None:
    await world.event(state="paused")
    operator = await world.operator()

    answer = await operator.post(BANS, json={"seconds": 60, "reason": "a script", **body})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await operator.get(BANS)).json()["bans"] == []


async def test_a_ban_says_before_how_many_places_it_ends(world: World) -> None:
    await world.event(state="paused")
    ada, bob = await world.visitor(), await world.visitor()
    for visitor in (ada, bob):
        await visitor.join()
    operator = await world.operator()

    async def reach(**whom: str) -> Any:
        answer = await operator.get(f"{BANS}/reach", params=whom)
        return answer.json()["visitors"] if answer.status_code == 200 else answer.json()["code"]

    assert [await reach(visitor=ada.id), await reach(visitor="v_nobody")] == [1, 0]
    assert [await reach(block="127.0.0.0/16"), await reach(block="192.0.2.0/24")] == [2, 0]
    assert await reach(block="127.0.0.9/32") is None
    assert [await reach(block="x"), await reach(visitor="x")] == ["invalid_request"] * 2
    assert (await operator.get(BANS)).json()["bans"] == []
