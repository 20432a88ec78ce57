"""Handshakes that open no socket: each is answered with a problem, and counted by its status."""

import asyncio
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from booking_rush.server.protocol import frames
from booking_rush.server.web import handshake
from tests.support.clients import Socket
from tests.support.world import World

HEAD = {
    "Host": "127.0.0.1",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def denied(world: World, path: str, **headers: str) -> Response:
    """Begin a handshake that is refused. Return the answer."""
    given = {"X-Request-ID": "mine", **{name.replace("_", "-"): headers[name] for name in headers}}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{world.clients.socket_url}{path}", additional_headers=given):
            pass
    return refused.value.response


async def counted(world: World, status: int) -> float:
    """Return how many refused handshakes `/metrics` counts with this status."""
    text = (await (await world.clients.http()).get("/metrics")).text
    series = f'rush_http_requests_total{{route="websocket",status="{status}"}} '
    lines = [line for line in text.splitlines() if line.startswith(series)]
    return float(lines[0].removeprefix(series)) if lines else 0.0


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/ws/events/demo", {"Origin": "https://elsewhere.example"}, 403, "origin_refused"),
        ("/ws/admin/events/demo", {"Origin": "null"}, 403, "origin_refused"),
        ("/ws/nowhere", {}, 404, "not_found"),
    ],
)
async def test_a_refused_handshake_is_a_problem_with_the_clients_id(
    world: World, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    before = await counted(world, status)

    answer = await denied(world, path, **headers)

    problem = orjson.loads(answer.body or b"")
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert await counted(world, status) == before + 1


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("evil.example", 421, "host_refused"),
        ("127.0.0.1\r\nHost: 127.0.0.1", 400, "malformed"),
        ("evil.example/127.0.0.1", 400, "malformed"),
    ],
    ids=["another's", "two", "none"],
)
async def test_a_handshake_names_us_as_its_host(
    world: World, host: str, status: int, code: str
) -> None:
    found, members, problem = await raw_handshake(world, HEAD | {"Host": host})

    assert (found, problem["status"], problem["code"]) == (status, status, code)
    assert members["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Version": "8"},
        {"Connection": "upgrade, keep-alive, \u00e9"},
    ],
    ids=["a short key", "no key", "an old version", "no token"],
)
async def test_a_handshake_that_is_none_is_a_problem_too(
    world: World, wrong: dict[str, str]
) -> None:
    status, members, problem = await raw_handshake(world, HEAD | wrong | {"X-Request-ID": "mine"})

    assert (status, problem["status"], problem["code"]) == (400, 400, "malformed")
    assert problem["detail"].startswith("Failed to open a WebSocket connection")
    assert members["content-type"] == "application/problem+json"
    assert members["x-request-id"] == "mine"


async def test_a_mistake_of_ours_is_a_problem_without_its_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any) -> bool:
        raise AssertionError("a secret")

    monkeypatch.setattr(handshake, "_accept", break_down)
    status, members, problem = await raw_handshake(world, HEAD)

    assert (status, problem["code"]) == (500, "internal")
    assert problem["trace_id"] == members["x-request-id"]
    assert "secret" not in str(problem)


async def test_an_open_socket_has_the_request_id_in_its_handshake(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    headers = {"Authorization": f"Bearer {visitor.token}", "X-Request-ID": "mine"}

    async with connect(
        f"{world.clients.socket_url}/ws/events/demo", additional_headers=headers
    ) as connection:
        assert connection.response is not None
        assert connection.response.headers["x-request-id"] == "mine"


async def test_a_server_that_stops_sends_newcomers_on_at_once(world: World) -> None:
    """A proxy's connection that is still open may bring a handshake after the drain has begun."""
    await world.event(state="paused")
    visitor = await world.visitor()
    world.services.draining.set()

    async with visitor.refused() as connection:
        socket = Socket(connection)
        assert await socket.closed() == frames.RESTARTING

    assert [frame["type"] for frame in socket.frames] == ["server.restarting"]


async def raw_handshake(
    world: World, head: dict[str, str]
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Send a handshake as it is. Return status, header fields and problem of the answer."""
    host, port = world.clients.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    try:
        writer.write(f"GET /ws/events/demo HTTP/1.1\r\n{fields}\r\n".encode())
        answer, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = answer.decode().split("\r\n")
    named = [line.split(": ", 1) for line in lines]
    return int(first.split()[1]), {name.lower(): value for name, value in named}, orjson.loads(body)
