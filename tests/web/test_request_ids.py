"""Request ids: a client's own is answered, bounded and harmless; else it is the trace id."""

import logging

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


async def test_the_log_of_a_failed_login_names_no_address(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    http = await world.clients.http()
    with caplog.at_level(logging.WARNING):
        await http.post("/api/v1/admin/login", json={"username": "admin", "password": "no"})

    assert "name=admin" in caplog.text
    assert "127.0.0.1" not in caplog.text
