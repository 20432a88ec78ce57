"""Limits of requests: by visitor and by address, as real Redis counts them."""

import pytest
from redis.asyncio import Redis

from booking_rush.booking.joining.rate_limits import LIMITS, RateLimits
from booking_rush.booking.joining.socket_bounds import SocketBounds
from booking_rush.errors import Busy, TooManyRequests
from booking_rush.lua.client.connection import connect
from booking_rush.server.limits.route_limits import class_of
from booking_rush.server.protocol import frames
from tests.support.clients import Socket
from tests.support.world import World

QUEUE = "/api/v1/events/demo/queue"


async def taken(limits: RateLimits, visitor: str, address: str, most: int = 1000) -> int:
    """Take joins until one is refused. Return how many were not."""
    for count in range(most):
        try:
            await limits.take("join", visitor, address)
        except TooManyRequests:
            return count
    return most


async def test_a_visitor_has_a_burst_and_then_waits(redis: Redis, limits_stand_still: None) -> None:
    limits = RateLimits(redis, enabled=True)
    of_visitor, _ = LIMITS["join"]
    assert of_visitor is not None

    count = await taken(limits, "v_ada", "192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        await limits.take("join", "v_ada", "192.0.2.2")

    assert count == of_visitor.burst
    assert 0 < (refused.value.retry_after_s or 0) <= 3
    assert refused.value.headers["RateLimit"].startswith('"join";r=0;t=')
    assert refused.value.headers["RateLimit-Policy"] == '"join";q=20;w=60'


async def test_an_address_has_a_limit_whoever_comes_from_it(
    redis: Redis, limits_stand_still: None
) -> None:
    limits = RateLimits(redis, enabled=True)
    burst = LIMITS["join"][1].burst
    refused = 0
    for n in range(burst + 20):
        try:
            await limits.take("join", f"v_{n}", "2001:db8::1" if n % 2 else "2001:db8::2")
        except TooManyRequests:
            refused += 1

    assert refused == 20
    assert await limits.take("join", "v_other", "2001:db8:0:1::1") is not None
    assert await limits.take("rest", "v_0", "2001:db8::1") is not None


async def test_a_refused_request_takes_nothing_of_the_other_limit(
    redis: Redis, limits_stand_still: None
) -> None:
    limits = RateLimits(redis, enabled=True)
    await taken(limits, "v_ada", "192.0.2.1")
    for _ in range(100):
        with pytest.raises(TooManyRequests):
            await limits.take("join", "v_ada", "192.0.2.9")

    left = await limits.take("join", "v_bob", "192.0.2.9")

    assert left is not None
    assert left.left == 9  # of the visitor's ten: the address has more


async def test_nobody_is_limited_where_redis_is_away() -> None:
    async with connect("redis://127.0.0.1:1/0") as nowhere:
        assert await RateLimits(nowhere, enabled=True).take("join", "v_ada", "") is None


async def test_limits_are_off_unless_they_are_set(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()

    answers = [await visitor.http.post(QUEUE) for _ in range(25)]

    assert {answer.status_code for answer in answers} == {200, 201}
    assert "RateLimit" not in answers[0].headers


async def test_the_wire_says_the_limit_on_both_channels(
    world: World, limits_stand_still: None
) -> None:
    await world.event(state="paused")
    world.services.limits.enabled = True
    visitor = await world.visitor()

    looked = await visitor.http.get(QUEUE)
    codes = [(await visitor.http.post(QUEUE)).status_code for _ in range(14)]
    refused = await visitor.http.post(QUEUE)
    async with visitor.socket() as socket:
        frame = await socket.ask("queue.join")

    assert looked.headers["RateLimit-Policy"] == '"rest";q=100;w=60'
    assert codes[:10] == [201, *[200] * 9]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) <= 3
    assert "RateLimit" in refused.headers
    assert frame["problem"]["code"] == "too_many_requests"


async def test_sockets_of_one_address_are_bounded(world: World) -> None:
    await world.event(state="paused")
    world.services.sockets = SocketBounds(2)
    visitors = [await world.visitor() for _ in range(3)]

    async with visitors[0].socket(), visitors[1].socket(), visitors[2].refused() as connection:
        turned_away = Socket(connection)
        assert await turned_away.closed() == frames.OVERLOADED
        assert turned_away.frames[-1]["retry_after_ms"] >= 500
    async with visitors[2].socket():
        pass


def test_bounds_count_by_address_and_count_down() -> None:
    bounds = SocketBounds(1)
    bounds.add("192.0.2.1")
    bounds.add("192.0.2.2")
    with pytest.raises(Busy):
        bounds.add("192.0.2.1")
    bounds.remove("192.0.2.1")
    bounds.add("192.0.2.1")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/v1/visitors", "visitors"),
        ("POST", "/api/v1/events/demo/queue", None),
        ("GET", "/api/v1/events/demo/queue", "rest"),
        ("GET", "/api/v1/events/demo/queue/stream", "connect"),
        ("POST", "/api/v1/events/demo/holds", "hold"),
        ("POST", "/api/v1/events/demo/holds/x/checkout", "hold"),
        ("GET", "/api/v1/admin/events", None),
        ("POST", "/api/v1/payments/bank/webhook", None),
        ("GET", "/healthz", None),
        ("GET", "/static/dist/event.js", None),
    ],
)
def test_routes_have_classes(method: str, path: str, name: str | None) -> None:
    assert class_of(method, path) == name
