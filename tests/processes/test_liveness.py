"""Liveness: a process whose loop does not turn says so, even where its event loop hangs."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import suppress

import httpx
import pytest

from booking_rush.server.processes import health_port
from booking_rush.server.runtime import loops
from booking_rush.server.runtime.liveness import STUCK_S, Liveness
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import until
from tests.support.world import World


class Clock:
    """A clock that a test sets, and the liveness that goes by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.liveness = Liveness(self)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the liveness that loops write and health endpoints read."""
    clock = Clock()
    monkeypatch.setattr("booking_rush.server.runtime.loops.LIVENESS", clock.liveness)
    monkeypatch.setattr("booking_rush.server.web.health.LIVENESS", clock.liveness)
    return clock


@pytest.fixture
def port(clock: Clock) -> Generator[str]:
    server = health_port.start_health_port("127.0.0.1:0", clock.liveness)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def test_a_loop_that_hangs_is_named_and_one_that_turns_again_is_not(
    port: str, clock: Clock
) -> None:
    hangs, runs = asyncio.Event(), 0

    async def run_once() -> None:
        nonlocal runs
        runs += 1
        await hangs.wait()

    task = asyncio.create_task(loops.forever("tend", run_once, idle_s=0.01))
    await until(lambda: runs == 1)
    async with httpx.AsyncClient(base_url=port) as client:
        clock.now = STUCK_S
        assert (await client.get("/healthz")).status_code == 200
        clock.now = STUCK_S + loops.BACK_OFF_S_MAX + 0.1
        sick = await client.get("/healthz")
        hangs.set()
        await until(lambda: runs > 1)
        well = await client.get("/healthz")
        await cancel_and_wait([task])
        clock.now *= 10
        ended = await client.get("/healthz")

    assert (sick.status_code, sick.json()) == (503, {"status": "stuck: tend"})
    assert (well.status_code, ended.status_code) == (200, 200)


def test_an_event_loop_that_hangs_is_told_by_the_thread(port: str, clock: Clock) -> None:
    is_hanging, goes_on = threading.Event(), threading.Event()

    async def hang() -> None:
        is_hanging.set()
        goes_on.wait(30)

    async def run() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(loops.forever("tend", hang, idle_s=60), 0.01)

    thread = threading.Thread(target=asyncio.run, args=[run()])
    thread.start()
    assert is_hanging.wait(30)
    clock.now = 60 + STUCK_S + 0.1
    answer = httpx.get(f"{port}/healthz")
    goes_on.set()
    thread.join()

    assert (answer.status_code, answer.json()) == (503, {"status": "stuck: tend"})


async def test_a_serve_process_tells_it_too(clock: Clock, world: World) -> None:
    http = await world.clients.http()
    assert (await http.get("/healthz")).status_code == 200

    forever = asyncio.Event()
    task = asyncio.create_task(loops.forever("stands", forever.wait, idle_s=0))
    await asyncio.sleep(0)
    clock.now += 1000
    answer = await http.get("/healthz")
    await cancel_and_wait([task])

    assert answer.status_code == 503
    assert "stands" in answer.json()["status"]
    assert "hear" not in answer.json()["status"], (
        "a subscription is one run for as long as it lasts"
    )


def test_the_port_shows_metrics_and_nothing_else(port: str) -> None:
    assert "rush_loop_seconds" in httpx.get(f"{port}/metrics").text
    assert httpx.get(f"{port}/anything").status_code == 404


def test_an_address_of_ipv6_is_served() -> None:
    server = health_port.start_health_port("[::1]:0", Liveness())
    answer = httpx.get(f"http://[::1]:{server.server_port}/healthz")
    server.shutdown()
    server.server_close()

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readiness_has_an_end_where_a_store_hangs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One paused event or one recovering event is nothing that all traffic needs."""
    await world.event()
    http = await world.clients.http()
    await until(lambda: world.services.rooms.events.is_read)
    assert (await http.get("/readyz")).status_code == 200

    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.services.redis, "ping", hang)
    monkeypatch.setattr("booking_rush.server.web.health.READY_S", 0.01)
    answer = await http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "a store is away: TimeoutError"}
