"""Bad requests: every route with every method and malformed input, and no answer 5xx but 503."""

from itertools import product

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from booking_rush.server.app import ROUTES, V1, A, E
from tests.support.clients import code_of
from tests.support.world import World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW")
EVENTS = ("demo", "nothing", "Demo", "a" * 65, "%00", "%2e%2e", "de%6do", "{demo}", "☃", "demo ")
BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"a":1}',
    b'{"\\u0000":"\\ud800"}',
    b"[" * 20_000,
    b'{"text":"\\u0000","reason":"\\u0000"}',
    b"1" * 5000,
)


@pytest_asyncio.fixture
async def methods_of(world: World) -> dict[str, set[str]]:
    """The paths of the routes, with what may be asked of each."""
    await world.event(state="paused")
    found: dict[str, set[str]] = {}
    for route in ROUTES:
        path = getattr(route, "path", "")
        if path.startswith("/") and path != "/static" and not path.endswith("/stream"):
            found.setdefault(path, set()).update(getattr(route, "methods", None) or {"GET"})
    return found


async def test_no_request_gives_a_5xx_but_a_503(
    methods_of: dict[str, set[str]], world: World
) -> None:
    """A method that a path does not have is refused whatever the event: it is tried with one."""
    operator, visitor = await world.operator(), await world.visitor()
    seen: dict[int, int] = {}
    for client, (path, methods), method in product(
        (operator, visitor.http), sorted(methods_of.items()), METHODS
    ):
        events = EVENTS if "{event}" in path and method in methods else EVENTS[:1]
        for number, event in enumerate(events):
            where = path.replace("{event}", event).replace("{visitor}", "v_%00%ff☃")
            answer = await client.request(
                method,
                where,
                content=BODIES[(number + len(where)) % len(BODIES)],
                headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
            )
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            assert answer.status_code < 500 or answer.status_code == 503, (method, where)
            if answer.status_code >= 400 and method != "HEAD":
                code_of(answer)
    assert seen[404] > 50
    assert seen[405] > 50
    assert seen[400] > 50


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported_media_type"),
        ({}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Type": "application/json"}, b"{", 400, "malformed"),
        ({"Content-Type": "application/json"}, b"", 400, "malformed"),
        ({"Content-Type": "application/json"}, b'{"username":1}', 400, "invalid_request"),
        ({"Content-Type": "application/json; charset=utf-8"}, b"[]", 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b" " * 65_537, 413, "too_large"),
    ],
)
async def test_bodies_are_refused_by_name(
    headers: dict[str, str], body: bytes, status: int, code: str, world: World
) -> None:
    client = await world.clients.http()

    answer = await client.post(f"{V1}/admin/login", content=body, headers=headers)

    assert answer.status_code == status
    assert code_of(answer) == code


async def test_unknown_fields_are_named(world: World) -> None:
    client = await world.clients.http()

    answer = await client.post(
        f"{V1}/admin/login", json={"username": "a", "password": "b", "role": "admin"}
    )

    [error] = answer.json()["errors"]
    assert "role" in error["why"]


async def test_unknown_addresses_and_methods(world: World) -> None:
    client = await world.clients.http()

    nowhere = await client.get("/api/v2/events")
    method = await client.put("/api/v1/events")

    assert (nowhere.status_code, code_of(nowhere)) == (404, "not_found")
    assert (method.status_code, code_of(method)) == (405, "method_not_allowed")
    assert "GET" in method.headers["allow"]


async def test_a_trace_of_the_callers_is_kept(world: World) -> None:
    client = await world.clients.http()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = await client.get(
        "/api/v1/events/nothing", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )

    assert answer.json()["trace_id"] == trace


async def test_every_answer_carries_the_headers_of_a_careful_house(world: World) -> None:
    client = await world.clients.http()

    for path in ("/", "/api/v1/events", "/nowhere", "/static/nothing.js"):
        headers = (await client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


async def test_health_readiness_and_metrics(world: World, redis: Redis) -> None:
    await world.event()
    client = await world.clients.http()

    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    text = (await client.get("/metrics")).text
    assert "rush_http_requests_total" in text

    world.services.draining.set()
    stopping = await client.get("/readyz")
    assert stopping.status_code == 503
    world.services.draining.clear()


def test_the_routes_are_the_contracts() -> None:
    """Every route of the contract about lines and operators exists."""
    wanted = {
        f"{V1}/visitors", f"{V1}/events", E, f"{E}/chart", f"{E}/queue", f"{E}/queue/stream",
        "/.well-known/jwks.json", "/healthz", "/readyz", "/metrics", "/", "/events/{event}",
        "/admin", f"{V1}/admin/login", f"{V1}/admin/events", A, f"{A}/open", f"{A}/pause",
        f"{A}/resume", f"{A}/drain", f"{A}/close", f"{A}/rules", f"{A}/broadcast", f"{A}/stats",
        f"{A}/visitors/{{visitor}}/admit", f"{A}/visitors/{{visitor}}", f"{V1}/admin/audit",
    }  # fmt: skip
    assert wanted <= {getattr(route, "path", "") for route in ROUTES}
