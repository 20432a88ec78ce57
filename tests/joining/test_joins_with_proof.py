"""Joins that are asked for a proof of work, over HTTP and by a socket."""

from contextlib import suppress
from typing import Any

import httpx
import pytest

from booking_rush.errors import TooManyRequests
from booking_rush.queue.join_checks.proof_of_work import solve
from tests.support.clients import PATIENCE_S, Frame, Visitor, code_of
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
    async with httpx.AsyncClient(
        base_url=rushed.clients.base, follow_redirects=True, timeout=PATIENCE_S
    ) as browser:
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


async def test_a_join_is_checked_by_ban_limit_identity_proof_and_code_in_this_order(
    rushed: World,
) -> None:
    """Join with all of it wrong, and mend first what is refused first."""
    ada, operator = await rushed.visitor(), await rushed.operator()
    admin, wrong = "/api/v1/admin/events/demo", {"code": "NEVER-MADE-CODE", "proof": "x:y"}
    joining = (await rushed.services.rooms.room("demo")).joining
    banned = {"visitor": ada.id, "seconds": 3600, "reason": "a script"}
    ban = (await operator.post(f"{admin}/bans", json=banned)).json()["ban"]
    joining.identity = "token"
    limits = rushed.services.limits
    limits.enabled = True
    for _ in range(20):
        with suppress(TooManyRequests):
            await limits.take("join", ada.id, "127.0.0.1")

    codes = [code_of(await ada.http.post(QUEUE, json=wrong))]
    await operator.delete(f"{admin}/bans/{ban['id']}")
    codes.append(code_of(await ada.http.post(QUEUE, json=wrong)))
    limits.enabled = False
    codes.append(code_of(await ada.http.post(QUEUE, json=wrong)))
    joining.identity = "none"
    refused = (await ada.http.post(QUEUE, json=wrong)).json()
    right = {**wrong, "proof": solved(refused)}
    codes += [refused["code"], code_of(await ada.http.post(QUEUE, json=right))]

    assert codes == [
        "banned", "too_many_requests", "identity_required", "proof_required", "unknown_code",
    ]  # fmt: skip
