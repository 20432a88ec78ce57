"""Joins that are asked for a proof of work, over HTTP and by a socket."""

from typing import Any

import httpx
import pytest

from booking_rush.queue.join_checks.proof_of_work import solve
from tests.support.clients import Frame, Visitor
from tests.support.world import World

QUEUE = "/api/v1/events/demo/queue"


@pytest.fixture
async def rushed(world: World) -> World:
    """An event of which Redis has measured a rush of joins just now."""
    await world.event(state="paused", rules={"proof_bits_max": 10})
    await world.measure_rush()
    return world


def solved(problem: Frame) -> str:
    """Return the proof of the challenge in a problem."""
    assert (problem["code"], problem["status"]) == ("proof_required", 428), problem
    return solve(problem["challenge"], problem["bits"])


async def proof_for(visitor: Visitor) -> str:
    return solved((await visitor.http.post(QUEUE)).json())


async def test_a_join_over_http_answers_the_challenge(rushed: World) -> None:
    visitor = await rushed.visitor()

    refused = await visitor.http.post(QUEUE)
    joined = await visitor.http.post(QUEUE, json={"proof": solved(refused.json())})
    again = await visitor.http.post(QUEUE)

    assert refused.status_code == 428
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["bits"] == 10
    assert joined.status_code == 201
    assert (again.status_code, again.json()["place"]["number"]) == (200, 1)


async def test_a_join_by_a_socket_answers_the_challenge(rushed: World) -> None:
    visitor = await rushed.visitor()

    async with visitor.socket() as socket:
        refused = await socket.ask("queue.join")
        joined = await socket.ask("queue.join", proof=solved(refused["problem"]))

    assert refused["type"] == "error"
    assert joined["type"] == "queue.joined"
    assert joined["place"]["number"] == 1


async def test_a_proof_is_no_good_to_anybody_else_or_twice(rushed: World) -> None:
    ada, bob = await rushed.visitor(), await rushed.visitor()
    proof = await proof_for(ada)

    stolen = await bob.http.post(QUEUE, json={"proof": proof})
    await ada.http.post(QUEUE, json={"proof": proof})
    await ada.http.delete(QUEUE)
    again = await ada.http.post(QUEUE, json={"proof": proof})

    assert [answer.json()["code"] for answer in (stolen, again)] == ["proof_required"] * 2
    assert again.json()["challenge"] != proof.partition(":")[0]


async def test_without_scripts_the_page_says_so(rushed: World) -> None:
    async with httpx.AsyncClient(base_url=rushed.clients.base, follow_redirects=True) as browser:
        page = await browser.post("/events/demo/join")

    assert "Very many people are joining" in page.text


@pytest.mark.parametrize(
    "body",
    [{"proof": ""}, {"proof": 5}, {"proof": None}, {"proof": "x" * 201}, {"password": "x"}, []],
)
async def test_a_join_with_an_unreadable_member_is_refused(world: World, body: Any) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    answer = await visitor.http.post(QUEUE, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await visitor.http.get(QUEUE)).status_code == 404


async def test_a_join_without_need_of_a_proof_takes_any_line_of_text(world: World) -> None:
    await world.event(state="paused")

    answer = await (await world.visitor()).http.post(QUEUE, json={"proof": "of nothing"})

    assert answer.status_code == 201
