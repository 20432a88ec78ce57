"""Benchmarks over HTTP: holds and their releases, and joins, against empty requests."""

import asyncio
import time

import msgspec

from loadtest.client import HttpClient
from loadtest.environment import FLOOR, duty_costs, percentiles, running_demo
from loadtest.reporting import report
from loadtest.visitors import act_for, tokens

CONNECTIONS = (64, 400)
SECONDS = 5.0
EVENT = "/api/v1/events/rush"
HOLD = b'{"section":"floor","quantity":1}'


async def holds_over_http() -> None:
    """Measure requests a second that hold a place and give it back, two processes, all duties.

    The ceiling is the same connections that ask for `/healthz`. `…_us` is CPU time a request.
    """
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("rush", [FLOOR], rate_per_second=10_000, active_max=100_000)
        for count in CONNECTIONS:
            clients = await asyncio.gather(
                *(_admitted(demo.base, token) for token in tokens(count))
            )
            before = demo.cpu_s()
            waits = await act_for(SECONDS, clients, _hold_and_release)
            spent = duty_costs(before, demo.cpu_s(), len(waits))
            floor = await act_for(SECONDS, clients, ask_health)
            report(f"holds over HTTP, {count}", per_second=int(len(waits) / SECONDS),
                   **{f"{k}_ms": v for k, v in percentiles(waits).items()}, **spent,
                   ceiling=int(len(floor) / SECONDS), ratio=len(waits) / len(floor))  # fmt: skip
            for client in clients:
                client.close()


async def joins_over_http() -> None:
    """Measure joins a second over HTTP, each answered once it is committed, by ever new visitors.

    The ceiling is the same connections that ask for `/healthz`.
    """
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("rush", rate_per_second=0)
        clients = [await HttpClient.connect(demo.base, "") for _ in range(CONNECTIONS[0])]
        left = iter(tokens(200_000))

        async def join(client: HttpClient, waits: list[float]) -> None:
            client.token = next(left)
            began = time.perf_counter()
            status, _ = await client.ask("POST", f"{EVENT}/queue")
            assert status == 201, status
            waits.append(time.perf_counter() - began)

        before = demo.cpu_s()
        waits = await act_for(SECONDS, clients, join)
        spent = duty_costs(before, demo.cpu_s(), len(waits))
        floor = await act_for(SECONDS, clients, ask_health)
        report("joins over HTTP", per_second=int(len(waits) / SECONDS),
               **{f"{k}_ms": v for k, v in percentiles(waits).items()}, **spent,
               ceiling=int(len(floor) / SECONDS), ratio=len(waits) / len(floor))  # fmt: skip


async def _admitted(base: str, token: str) -> HttpClient:
    """Connect a new visitor, join, and ask until there is a pass."""
    client = await HttpClient.connect(base, token)
    status, body = await client.ask("POST", f"{EVENT}/queue")
    while "pass" not in (answer := msgspec.json.decode(body)):
        assert status in (200, 201), body
        await asyncio.sleep(0.1)
        status, body = await client.ask("GET", f"{EVENT}/queue")
    client.booking_pass = answer["pass"]
    return client


async def _hold_and_release(client: HttpClient, waits: list[float]) -> None:
    client.turn += 1
    headers = f"Idempotency-Key: {client.turn}\r\nBooking-Pass: {client.booking_pass}\r\n"
    began = time.perf_counter()
    status, body = await client.ask("POST", f"{EVENT}/holds", HOLD, headers)
    waits.append(time.perf_counter() - began)
    assert status == 201, body
    hold = msgspec.json.decode(body)["hold"]["id"]
    began = time.perf_counter()
    await client.ask("DELETE", f"{EVENT}/holds/{hold}")
    waits.append(time.perf_counter() - began)


async def ask_health(client: HttpClient, waits: list[float]) -> None:
    """Send an empty request, the ceiling of what is measured over HTTP; append its seconds."""
    began = time.perf_counter()
    await client.ask("GET", "/healthz")
    waits.append(time.perf_counter() - began)
