"""Commands of many sockets through two serve processes, against pings on the same sockets."""

import asyncio
import time
from itertools import count

import msgspec

from loadtest.client import PING, Client, admitted, timed
from loadtest.environment import FLOOR, duty_costs, percentiles, running_demo
from loadtest.reporting import report
from loadtest.visitors import act_for

SOCKETS = (64, 400)
SECONDS = 6.0

_turns = count()  # of keys, no visitor may use one for two wishes


async def holds_of_sockets() -> None:
    """Measure commands a second of sockets that hold a place and give it back, all duties beside.

    The ceiling is the same number of sockets that ping. `…_us` is CPU time a command.
    """
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("rush", [FLOOR], rate_per_second=10_000, active_max=100_000)
        for sockets in SOCKETS:
            clients = await asyncio.gather(*(admitted(demo.base, "rush") for _ in range(sockets)))
            before = demo.cpu_s()
            waits = await act_for(SECONDS, clients, _hold_and_release)
            spent = duty_costs(before, demo.cpu_s(), len(waits))
            pings = await act_for(SECONDS, clients, _ping)
            shown = {f"{k}_ms": v for k, v in percentiles(waits).items()}
            report(f"holds of {sockets} sockets", per_second=int(len(waits) / SECONDS), **shown,
                   **spent, pings=int(len(pings) / SECONDS),
                   ratio=len(waits) / len(pings))  # fmt: skip
            for client in clients:
                client.transport.close()


async def _hold_and_release(client: Client, waits: list[float]) -> None:
    began = time.perf_counter()
    client.send(
        b'{"type":"hold.create","id":"2","key":"k%d","section":"floor","quantity":1}' % next(_turns)
    )
    frame = msgspec.json.decode(await client.until(b"hold.created"))
    waits.append(time.perf_counter() - began)
    release = b'{"type":"hold.release","id":"3","hold":"%s"}' % frame["hold"]["id"].encode()
    waits.append(await timed(client, release, b"hold.released"))


async def _ping(client: Client, waits: list[float]) -> None:
    waits.append(await timed(client, PING, b"pong"))
