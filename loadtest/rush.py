"""A rush: many join at once over sockets and watch their places while others are let in.

`make load` runs a small one; `make load ARGS="--sockets 5000 --rate 200"` a larger.
"""

import argparse
import asyncio
import contextlib
import time

import httpx
import orjson
import uvloop

from loadtest.client import Client, connect
from loadtest.stage import Stage, line, percentiles, staged

JOIN = b'{"type":"queue.join","id":"1"}'
AT_ONCE = 100


class Watcher:
    """One visitor: when they joined, what they were told, when they were let in."""

    def __init__(self, stage: Stage, client: httpx.AsyncClient) -> None:
        self.told_s: float | None = None
        self.positions = 0
        self.grew = 0
        self.admitted = False
        self._stage = stage
        self._client = client
        self._socket: Client | None = None

    async def open(self, event: str) -> None:
        """Become somebody, with a socket."""
        issued = (await self._client.post(f"{self._stage.base}/api/v1/visitors")).json()
        self._socket = await connect(self._stage.base, event, issued["token"])

    async def live(self) -> None:
        """Join, and watch until let in."""
        assert self._socket is not None
        began, ahead = time.perf_counter(), 10**9
        self._socket.send(JOIN)
        while not self.admitted:
            frame = orjson.loads(await self._socket.receive())
            if frame["type"] == "queue.joined":
                self.told_s = time.perf_counter() - began
                ahead = frame["place"]["ahead"]
            elif frame["type"] == "queue.position":
                self.positions += 1
                self.grew += frame["ahead"] > ahead
                ahead = frame["ahead"]
            self.admitted = frame["type"] == "queue.admitted"


async def rush(sockets: int, rate: float, seconds: float) -> None:
    """Open the sockets, let everybody join at once, and watch for some seconds."""
    async with staged() as stage, httpx.AsyncClient(timeout=60) as client:
        await stage.event("rush", rate_per_second=rate, active_max=sockets, claim_seconds=3600)
        watchers = [Watcher(stage, client) for _ in range(sockets)]
        began = time.perf_counter()
        for at in range(0, sockets, AT_ONCE):
            await asyncio.gather(*(watcher.open("rush") for watcher in watchers[at : at + AT_ONCE]))
        line("sockets opened", count=sockets, per_second=sockets / (time.perf_counter() - began))
        before, began = stage.cpu_s(), time.perf_counter()
        lives = [asyncio.create_task(watcher.live()) for watcher in watchers]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*lives)
        await _report(watchers, stage, before, time.perf_counter() - began)
        for life in lives:
            life.cancel()


async def _report(
    watchers: list[Watcher], stage: Stage, before: dict[str, float], lasted_s: float
) -> None:
    told = [watcher.told_s for watcher in watchers if watcher.told_s is not None]
    line(
        "told their place", count=len(told), **{f"{k}_ms": v for k, v in percentiles(told).items()}
    )
    line("positions", count=sum(w.positions for w in watchers), grew=sum(w.grew for w in watchers))
    line("let in", count=sum(w.admitted for w in watchers), seconds=lasted_s)
    spent = {name: after - before[name] for name, after in stage.cpu_s().items()}
    line("share of a core", **{name: used / lasted_s for name, used in spent.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(rush(options.sockets, options.rate, options.seconds))
