"""Codes and lanes end to end: made by operators, used to join, told on the wire, recovered."""

import asyncio
import re

import httpx
import pytest

from booking_rush.queue.join_checks.code_words import LETTERS, canonical
from booking_rush.server.app import V1
from tests.support.clients import code_of, until
from tests.support.world import World

QUEUE = f"{V1}/events/demo/queue"
DEMO = f"{V1}/admin/events/demo"
LANES = {"main": 1, "press": 3}


@pytest.fixture
async def operator(world: World) -> httpx.AsyncClient:
    """An operator of an event with two lanes that nobody is admitted to."""
    await world.event(state="paused", rules={"lanes": LANES})
    return await world.operator()


async def made(operator: httpx.AsyncClient, **body: object) -> list[str]:
    """Make codes for the press. Return them."""
    answer = await operator.post(f"{DEMO}/codes", json={"lane": "press"} | body)
    assert answer.status_code == 201, answer.text
    codes: list[str] = answer.json()["codes"]
    return codes


async def join(world: World, code: str) -> httpx.Response:
    return await (await world.visitor()).http.post(QUEUE, json={"code": code})


async def test_a_code_opens_its_lane_however_it_is_written(
    operator: httpx.AsyncClient, world: World
) -> None:
    first, second, third = await made(operator, count=3)

    plain = await (await world.visitor()).http.post(QUEUE)
    places = [
        (await join(world, first)).json()["place"],
        (await join(world, second.lower())).json()["place"],
        (await join(world, f" {third.replace('-', ' ')}")).json()["place"],
    ]

    assert plain.json()["place"]["lane"] == "main"
    assert [(place["lane"], place["number"]) for place in places] == [
        ("press", 1), ("press", 2), ("press", 3),
    ]  # fmt: skip
    assert places[2]["ahead"] == 2
    assert places[2]["waiting"] == 4


async def test_codes_are_words_that_nobody_mistakes(operator: httpx.AsyncClient) -> None:
    codes = await made(operator, count=200)

    assert len({canonical(code) for code in codes}) == 200
    assert all(re.fullmatch(rf"([{LETTERS}]{{4}}-?){{3}}", code) for code in codes)
    assert not set("01OIL") & set(LETTERS)
    assert len(LETTERS) ** 12 > 2**50


async def test_a_code_is_used_up_by_so_many_at_once(
    operator: httpx.AsyncClient, world: World
) -> None:
    [code] = await made(operator, count=1, uses=3)
    visitors = [await world.visitor() for _ in range(8)]

    answers = await asyncio.gather(
        *(visitor.http.post(QUEUE, json={"code": code}) for visitor in visitors)
    )
    again = [await visitor.http.post(QUEUE, json={"code": code}) for visitor in visitors]

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {code_of(answer) for answer in answers if answer.status_code == 409} == {"code_used_up"}
    assert [answer.status_code for answer in again] == [
        200 if answer.status_code == 201 else 409 for answer in answers
    ]
    listed = (await operator.get(f"{DEMO}/codes")).json()
    assert listed == {
        "codes": [{"code": code, "lane": "press", "uses": 3, "used": 3}], "next": None,
    }  # fmt: skip


async def test_who_leaves_comes_back_with_the_same_code(
    operator: httpx.AsyncClient, world: World
) -> None:
    [code] = await made(operator, count=1)
    visitor = await world.visitor()
    await visitor.http.post(QUEUE, json={"code": code})
    await visitor.http.delete(QUEUE)

    back = await visitor.http.post(QUEUE, json={"code": code})

    assert (back.status_code, back.json()["place"]["number"]) == (201, 2)
    assert code_of(await join(world, code)) == "code_used_up"


@pytest.mark.parametrize("code", ["NEVER-MADE-CODE", "-", "☂", "a.b.c", "x" * 4000])
async def test_an_unknown_code_gives_no_place_and_takes_none(
    code: str, operator: httpx.AsyncClient, world: World
) -> None:
    visitor = await world.visitor()

    refused = await visitor.http.post(QUEUE, json={"code": code})
    joined = await visitor.http.post(QUEUE)
    again = await visitor.http.post(QUEUE, json={"code": code})

    assert (refused.status_code, code_of(refused)) == (404, "unknown_code")
    assert (joined.status_code, again.status_code) == (201, 200)
    assert again.json()["place"]["number"] == 1


async def test_a_socket_joins_with_a_code(operator: httpx.AsyncClient, world: World) -> None:
    [code] = await made(operator, codes=["early bird 2027"])
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        refused = await socket.ask("queue.join", code="late bird 2027")
        joined = await socket.ask("queue.join", code="EARLYBIRD2O27")

    assert refused["problem"]["code"] == "unknown_code"
    assert joined["place"]["lane"] == "press"
    assert code == "early bird 2027"


async def test_uses_survive_a_recovery(operator: httpx.AsyncClient, world: World) -> None:
    [code] = await made(operator, count=1, uses=2)
    first = await world.visitor()
    await first.http.post(QUEUE, json={"code": code})
    await first.http.delete(QUEUE)
    second = await join(world, code)

    await world.services.redis.flushall()
    third = await world.visitor()

    async def is_back() -> bool:
        return (await third.http.post(QUEUE, json={"code": code})).status_code == 409

    await until(is_back)
    assert second.status_code == 201
    assert (await first.http.post(QUEUE, json={"code": code})).json()["place"]["number"] == 3


async def test_lanes_are_told_in_welcome_state_and_stats(
    operator: httpx.AsyncClient, world: World
) -> None:
    [code] = await made(operator, count=1)
    visitor = await world.visitor()

    async with visitor.socket() as socket:
        await socket.ask("queue.join", code=code)
        await operator.post(f"{DEMO}/resume")
        state = await socket.until("room.state")
        await socket.until("queue.admitted")

    async def shares() -> bool:
        stats = (await operator.get(f"{DEMO}/stats")).json()["stats"]
        return [(one["lane"], one["share"]) for one in stats["lanes"]] == [
            ("main", 0), ("press", 1),
        ]  # fmt: skip

    assert [one["lane"] for one in socket.frames[0]["room"]["lanes"]] == ["main", "press"]
    assert [one["weight"] for one in state["lanes"]] == [1, 3]
    await until(shares)


async def test_each_lane_tells_the_wait_of_who_would_join_it(world: World) -> None:
    rules = {"lanes": LANES, "rate_per_second": 0.01, "active_max": 100}
    await world.event(rules=rules)
    operator = await world.operator()
    [code] = await made(operator, count=1, uses=3)
    assert await (await world.visitor()).admitted()
    for own in ("", "", code):
        body = {"code": own} if own else None
        assert (await (await world.visitor()).http.post(QUEUE, json=body)).status_code == 201

    async def waits() -> dict[str, list[int]] | None:
        async with (await world.visitor()).socket() as socket:
            lanes = socket.frames[0]["room"]["lanes"]
        are_all = [one["waiting"] for one in lanes] == [2, 1]
        return {one["lane"]: one["eta_seconds"] for one in lanes} if are_all else None

    found = await until(waits)

    assert found["main"][0] == 100 * (2 + 1 + 1)  # two ahead, and one of the press before
    assert found["press"][0] < found["main"][0]


async def test_codes_come_as_csv_and_in_pages(operator: httpx.AsyncClient) -> None:
    answer = await operator.post(
        f"{DEMO}/codes",
        json={"lane": "press", "count": 3, "uses": 2},
        headers={"Accept": "text/csv"},
    )

    head, *rows = answer.text.splitlines()
    assert (answer.status_code, head, len(rows)) == (201, "code,lane,uses", 3)
    page = (await operator.get(f"{DEMO}/codes?limit=2")).json()
    rest = (await operator.get(f"{DEMO}/codes?limit=2&after={page['next']}")).json()
    listed = [f"{one['code']},{one['lane']},{one['uses']}" for one in page["codes"] + rest["codes"]]
    assert (listed, rest["next"]) == (rows, None)

    as_csv = {"Accept": "text/csv"}
    file = await operator.get(f"{DEMO}/codes?limit=2", headers=as_csv)
    last = await operator.get(f"{DEMO}/codes?limit=2&after={page['next']}", headers=as_csv)
    head, *lines = file.text.splitlines()
    assert (file.headers["content-type"].split(";")[0], head) == ("text/csv", "code,lane,uses,used")
    assert file.headers["link"] == f'<?after={page["next"]}>; rel="next"'
    assert "link" not in last.headers
    assert lines + last.text.splitlines()[1:] == [f"{row},0" for row in rows]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lane": "vip", "count": 1}, "lane"),
        ({"lane": "press"}, "count"),
        ({"lane": "press", "count": 0}, "count"),
        ({"lane": "press", "count": 1, "uses": 0}, "uses"),
        ({"lane": "press", "codes": []}, "codes"),
        ({"lane": "press", "codes": ["ABC-DEF", "abcdef"]}, "codes"),
        ({"lane": "press", "codes": ["=SUM(A1)"]}, "codes"),
    ],
)
async def test_wrong_codes_are_refused_by_field(
    body: dict[str, object], field: str, operator: httpx.AsyncClient
) -> None:
    answer = await operator.post(f"{DEMO}/codes", json=body)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert field in answer.json()["errors"][0]["field"]
    assert (await operator.get(f"{DEMO}/codes")).json()["codes"] == []


async def test_the_same_words_again_are_no_mistake_and_others_uses_are(
    operator: httpx.AsyncClient,
) -> None:
    await made(operator, codes=["FRIENDS"])

    assert await made(operator, codes=["friends"]) == ["friends"]
    answer = await operator.post(
        f"{DEMO}/codes", json={"lane": "press", "codes": ["friends", "others"], "uses": 5}
    )

    assert answer.status_code == 400
    assert len((await operator.get(f"{DEMO}/codes")).json()["codes"]) == 1


async def test_making_codes_is_in_the_audit_without_the_codes(
    operator: httpx.AsyncClient,
) -> None:
    await made(operator, codes=["FRIENDS"])

    [entry] = [
        one
        for one in (await operator.get(f"{V1}/admin/audit")).json()["entries"]
        if one["what"] == "codes"
    ]
    assert entry["detail"] == {"lane": "press", "uses": 1, "count": 1}
