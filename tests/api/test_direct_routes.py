"""Requests that the route table answers itself are answered as the general application does."""

import time
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from booking_rush.server.auth.visitor_tokens import LIFE_S, VisitorTokens
from booking_rush.server.protocol.problems import NotAuthenticated
from tests.support.world import SECRET, World, open_world, settings_for

SHOP = "https://shop.example"  # a page of another origin, which only the general application serves
ITS_OWN = {
    "date",
    "trace-id",
    "traceparent",
    "vary",
    "content-length",
    "set-cookie",
    "x-request-id",
}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/v1/events/demo", {}),
    ("GET", "/api/v1/events/nothing", {}),
    ("GET", "/api/v1/events/demo/availability", {}),
    ("GET", "/api/v1/events/demo/queue", {}),
    ("POST", "/api/v1/events/demo/holds", {"json": {"seats": 1}}),
    ("POST", "/api/v1/events/demo/holds", {"content": b"{"}),
    ("POST", "/api/v1/admin/login", {"json": {"username": "admin", "password": "wrong"}}),
    ("DELETE", "/api/v1/events/demo", {}),
    ("GET", "/api/v1/events/demo/", {}),
    ("GET", "/nothing/at/all", {}),
    ("HEAD", "/healthz", {}),
    ("GET", "/healthz", {}),
]


async def test_both_ways_answer_alike(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> None:
    settings = settings_for(redis_url, postgres_url, allowed_origins=SHOP)
    async with open_world(redis, pool, settings) as world:
        await world.event()
        visitor = await world.visitor()
        for method, path, more in REQUESTS:
            direct = await visitor.http.request(method, path, **more)
            general = await visitor.http.request(method, path, headers={"Origin": SHOP}, **more)

            asked = f"{method} {path} {more}"
            assert general.headers["access-control-allow-origin"] == SHOP, asked
            assert general.status_code == direct.status_code, asked
            assert _comparable(general) == _comparable(direct), asked
            assert "Origin" in direct.headers["vary"], asked


async def test_a_limit_refuses_both_ways_alike_and_is_counted_by_route(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, limits_stand_still: None
) -> None:
    settings = settings_for(redis_url, postgres_url, allowed_origins=SHOP, limits="on")
    async with open_world(redis, pool, settings) as world:
        await world.event(state="paused")
        visitor = await world.visitor()
        asks, holds = "/api/v1/events/demo/holds", "/api/v1/events/{event}/holds"
        before = await _refused(visitor.http, holds)

        direct = [await visitor.http.post(asks) for _ in range(16)][-1]
        general = await visitor.http.post(asks, headers={"Origin": SHOP})

        assert (direct.status_code, general.status_code) == (429, 429)
        assert general.headers["access-control-allow-origin"] == SHOP
        assert {"retry-after", "ratelimit"} <= set(general.headers)
        after = await _refused(visitor.http, holds)
        assert after["rush_http_requests_total"] >= before["rush_http_requests_total"] + 2
        assert after["rush_refusals_total"] >= before["rush_refusals_total"] + 2
        assert after["unknown"] == before["unknown"]


async def test_a_refused_origin_is_counted_by_route(world: World) -> None:
    route, foreign = "/api/v1/events/{event}/queue", {"Origin": "https://elsewhere.example"}
    http = await world.clients.http()
    before = await _refused(http, route, 403, "origin_refused")

    await http.post("/api/v1/events/demo/queue", headers=foreign)

    after = await _refused(http, route, 403, "origin_refused")
    assert after == {name: count + (name != "unknown") for name, count in before.items()}


async def _refused(
    http: httpx.AsyncClient, route: str, status: int = 429, code: str = "too_many_requests"
) -> dict[str, float]:
    """Return how many refusals of a route are counted, and how many of no known route."""
    text = (await http.get("/metrics")).text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
    requests, refusals = "rush_http_requests_total", "rush_refusals_total"
    series = {
        requests: f'{requests}{{route="{route}",status="{status}"}}',
        refusals: f'{refusals}{{code="{code}",route="{route}"}}',
        "unknown": f'{requests}{{route="unknown",status="{status}"}}',
    }
    return {name: float(values.get(each, 0)) for name, each in series.items()}


def _comparable(answer: httpx.Response) -> tuple[dict[str, str], Any]:
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ITS_OWN and not name.startswith("access-control-")
    }
    body: Any = answer.text
    if answer.content and "json" in answer.headers.get("content-type", ""):
        body = {k: v for k, v in answer.json().items() if k not in ("trace_id", "server_time")}
    return headers, body


def test_a_token_that_was_verified_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = VisitorTokens(SECRET)
    issued = tokens.issue()
    assert tokens.read(issued.token) == tokens.read(issued.token) == issued.visitor

    later = time.time() + LIFE_S
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(NotAuthenticated):
        tokens.read(issued.token)
