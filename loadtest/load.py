"""Load test: many visitors join at once over sockets, and follow their places until admitted.

`make load` runs a small one, `make load ARGS="--sockets 5000 --rate 200"` a larger one.
"""

import argparse
import asyncio
import contextlib
import time

import httpx
import orjson
import uvloop

from loadtest.client import JOIN, Client, connect
from loadtest.environment import RunningDemo, percentiles, running_demo
from loadtest.reporting import report

CONCURRENT_MAX = 100


class WaitingVisitor:
    """One visitor: how long its join took, the positions it was sent, whether it was admitted."""

    def __init__(self, demo: RunningDemo, client: httpx.AsyncClient) -> None:
        self.answered_s: float | None = None
        self.positions = 0
        self.grew = 0
        self.admitted = False
        self._demo = demo
        self._client = client
        self._socket: Client | None = None

    async def open(self, event: str) -> None:
        """Get a visitor's token, and open a socket."""
        issued = (await self._client.post(f"{self._demo.base}/api/v1/visitors")).json()
        self._socket = await connect(self._demo.base, event, issued["token"])

    async def run(self) -> None:
        """Join, and read positions until admitted."""
        assert self._socket is not None
        began, ahead = time.perf_counter(), 10**9
        self._socket.send(JOIN)
        while not self.admitted:
            frame = orjson.loads(await self._socket.receive())
            if frame["type"] == "queue.joined":
                self.answered_s = time.perf_counter() - began
                ahead = frame["place"]["ahead"]
            elif frame["type"] == "queue.position":
                self.positions += 1
                self.grew += frame["ahead"] > ahead
                ahead = frame["ahead"]
            self.admitted = frame["type"] == "queue.admitted"


async def load(sockets: int, rate: float, seconds: float) -> None:
    """Open the sockets, let all join at once, and run for some seconds."""
    async with running_demo() as demo, httpx.AsyncClient(timeout=60) as client:
        await demo.event("rush", rate_per_second=rate, active_max=sockets, claim_seconds=3600)
        visitors = [WaitingVisitor(demo, client) for _ in range(sockets)]
        began = time.perf_counter()
        for at in range(0, sockets, CONCURRENT_MAX):
            await asyncio.gather(
                *(visitor.open("rush") for visitor in visitors[at : at + CONCURRENT_MAX])
            )
        report("sockets opened", count=sockets, per_second=sockets / (time.perf_counter() - began))
        before, began = demo.cpu_s(), time.perf_counter()
        runs = [asyncio.create_task(visitor.run()) for visitor in visitors]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*runs)
        await _report(visitors, demo, before, time.perf_counter() - began)
        for run in runs:
            run.cancel()


async def _report(
    visitors: list[WaitingVisitor], demo: RunningDemo, before: dict[str, float], lasted_s: float
) -> None:
    answered = [visitor.answered_s for visitor in visitors if visitor.answered_s is not None]
    report(
        "places sent",
        count=len(answered),
        **{f"{k}_ms": v for k, v in percentiles(answered).items()},
    )
    report(
        "positions", count=sum(w.positions for w in visitors), grew=sum(w.grew for w in visitors)
    )
    report("admitted", count=sum(w.admitted for w in visitors), seconds=lasted_s)
    spent = {name: after - before[name] for name, after in demo.cpu_s().items()}
    report("share of a core", **{name: used / lasted_s for name, used in spent.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(load(options.sockets, options.rate, options.seconds))
