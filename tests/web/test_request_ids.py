"""Request ids: a client's own is answered, bounded and harmless; else it is the trace id."""

import asyncio
import logging
from typing import Any

import orjson
import pytest

from tests.support.world import World

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("asked", ["a", "3f2b.4-Z_9", "x" * 64])
async def test_the_id_of_a_client_is_answered(world: World, asked: str) -> None:
    answer = await (await world.clients.http()).get("/healthz", headers={"X-Request-ID": asked})
    assert answer.headers["x-request-id"] == asked


@pytest.mark.parametrize("asked", ["", "x" * 65, "a b", "a\tb", "<script>", "é", "a,b"])
async def test_another_is_replaced_by_the_trace_id(world: World, asked: str) -> None:
    headers = [(b"X-Request-ID", asked.encode()), (b"traceparent", TRACEPARENT.encode())]
    answer = await (await world.clients.http()).get("/healthz", headers=headers)
    assert answer.headers["x-request-id"] == TRACE


async def test_a_problem_names_the_trace_and_its_answer_the_request(world: World) -> None:
    http = await world.clients.http()
    answer = await http.get("/api/v1/events/none", headers={"traceparent": TRACEPARENT})
    again = await http.get("/api/v1/events/none")

    assert answer.json()["trace_id"] == TRACE == answer.headers["x-request-id"]
    assert again.json()["trace_id"] == again.headers["x-request-id"] != TRACE


@pytest.mark.parametrize(
    "zeros", [f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01"]
)
async def test_a_traceparent_with_an_id_of_zeros_is_none(world: World, zeros: str) -> None:
    answer = await (await world.clients.http()).get("/api/v1/none", headers={"traceparent": zeros})

    assert answer.headers["x-request-id"] == answer.json()["trace_id"]
    assert answer.json()["trace_id"] not in (TRACE, "0" * 32)


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [("/" + "y" * 9000, "", 414), ("/", "x: " + "y" * 33_000 + "\r\n", 431), ("/ a b", "", 400)],
    ids=["long address", "large head", "no HTTP"],
)
async def test_an_answer_of_the_http_server_itself_has_them_too(
    world: World, target: str, header: str, status: int
) -> None:
    """As far as its head was read: what stands behind the mistake is never seen."""
    head = f"traceparent: {TRACEPARENT}\r\nX-Request-ID: mine\r\n" if header else ""
    body = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{head}{header}\r\n"
    answered, members, problem = await raw_answer(world.clients.base, body.encode())

    assert answered == status == problem["status"]
    assert members["content-type"] == "application/problem+json"
    if header:
        assert (members["x-request-id"], problem["trace_id"]) == ("mine", TRACE)
    else:
        assert members["x-request-id"] == problem["trace_id"] != TRACE


async def raw_answer(base: str, request: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Send bytes as they are. Return status, header fields and problem of the answer."""
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *fields = head.decode().split("\r\n")
    named = [field.split(": ", 1) for field in fields]
    return int(first.split()[1]), {name.lower(): value for name, value in named}, orjson.loads(body)


async def test_the_log_of_a_failed_login_names_no_address(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    http = await world.clients.http()
    with caplog.at_level(logging.WARNING):
        await http.post("/api/v1/admin/login", json={"username": "admin", "password": "no"})

    assert "name=admin" in caplog.text
    assert "127.0.0.1" not in caplog.text
