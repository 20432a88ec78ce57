"""Five hundred at once on two servers, while a tend duty is killed every second."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording.batch import read
from booking_rush.lua.client import connection as connect_module
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.proof_of_work import solve
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.runtime.ports import free_port
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import Frame, until
from tests.support.queue_history import History
from tests.support.servers.processes import Process, running
from tests.support.servers.stores import Store
from tests.support.world import SECRET, new_event, settings_for

VISITORS = 500
ACTIVE_MAX = 12
PATIENCE_S = 60.0


class QueuedVisitor:
    """A visitor on a socket; at random it leaves, stays silent, or returns after a missed turn."""

    def __init__(self, number: int, base: str) -> None:
        self.rng = random.Random(number)
        issued = VisitorTokens(SECRET).issue()
        self.id, self._token, self._base = issued.visitor, issued.token, base
        self.joined: int | None = None
        self.positions: list[int] = []
        self.admitted = 0
        self.done = self._leaves = False

    async def run(self) -> None:
        """Join, follow the place, be admitted, leave; reconnect when the socket ends."""
        url = f"{self._base}/ws/events/demo"
        headers = {"Authorization": f"Bearer {self._token}"}
        while not self.done:
            with suppress(OSError, WebSocketException, TimeoutError):
                async with connect(url, additional_headers=headers, open_timeout=30) as socket:
                    async for text in socket:
                        await self._handle(orjson.loads(text), socket)

    async def _handle(self, frame: Frame, socket: Any) -> None:
        match frame["type"]:
            case "welcome":  # also where a socket has ended before it said that the visitor left
                await self._send(socket, "queue.leave" if self._leaves else "queue.join")
            case "error" if frame["problem"]["code"] == "proof_required":
                proof = solve(frame["problem"]["challenge"], frame["problem"]["bits"])
                await self._send(socket, "queue.join", proof=proof)
            case "error":
                await asyncio.sleep(0.1)
                await self._send(socket, "queue.join")
            case "queue.joined" if frame["place"]["state"] in ("lobby", "waiting"):
                if self.joined is None:
                    self.joined = frame["place"]["ahead"]
                self.positions.append(frame["place"]["ahead"])
            case "queue.position":
                self.positions.append(frame["ahead"])
                if frame["ahead"] > 5 and self.rng.random() < 0.01:
                    await self._send(socket, "queue.leave")
            case "queue.admitted":
                self.admitted += 1
                if self.admitted > 1 or self.rng.random() < 0.8:
                    await asyncio.sleep(self.rng.uniform(0, 0.2))
                    await self._send(socket, "queue.leave")
            case "queue.expired" if frame["reason"] == "missed" and self.rng.random() < 0.5:
                await self._send(socket, "queue.claim")
            case "queue.left" | "queue.expired":
                self.done = True
                await socket.close()
            case _:
                pass

    async def _send(self, socket: Any, kind: str, **members: str) -> None:
        self._leaves = self._leaves or kind == "queue.leave"
        await socket.send(orjson.dumps({"type": kind, "id": "1", **members}).decode())


async def keep_killing(process: Process) -> None:
    """Kill a process and start it again, every second."""
    while True:
        await asyncio.sleep(1)
        process.kill()
        process.start()


async def history_of(redis: Redis) -> History:
    entries: Any = await redis.xrange(key("demo", 1, "outbox"))
    return History(read(entries))


async def test_order_bound_and_places_hold_whoever_dies(
    own_redis: Store, postgres_url: str, pool: Pool, folder: Path
) -> None:
    catalogue = Catalogue(pool)
    rules = {"rate_per_second": 40, "active_max": ACTIVE_MAX, "claim_seconds": 1}
    await catalogue.create(new_event(rules={**rules, "late_seconds": 5}), who="tests")
    settings = settings_for(own_redis.url, postgres_url, bind=f"127.0.0.1:{free_port()}")
    visitors = [QueuedVisitor(n, f"ws://{settings.bind}") for n in range(VISITORS)]
    duties = {
        "record": "work record",
        "tend_1": "work tend",
        "tend_2": "work tend",
        "serve_1": "serve --shared",
        "serve_2": "serve --shared",
    }
    async with connect_module.connect(own_redis.url) as redis:
        for option in ("stream-node-max-entries", "stream-node-max-bytes"):
            await redis.config_set(option, 0)  # nothing of the history is trimmed
        with running(settings, folder, **duties) as processes:
            lives = [asyncio.create_task(visitor.run()) for visitor in visitors]
            killing = asyncio.create_task(keep_killing(processes["tend_1"]))
            try:
                await _wait_until_all_joined(visitors, redis)
                await _act(catalogue, "open")
                await until(
                    lambda: sum(visitor.done for visitor in visitors) > 150, within_s=PATIENCE_S
                )
                await _act(catalogue, "pause")
                await _wait_until_positions_agree(visitors, redis)
                await _act(catalogue, "resume")
                await until(lambda: all(visitor.done for visitor in visitors), within_s=PATIENCE_S)
            finally:
                await cancel_and_wait([*lives, killing])
        history = await history_of(redis)

    assert history.numbers() == list(range(1, VISITORS + 1))
    assert history.admitted_from_the_line() == sorted(history.admitted_from_the_line())
    assert history.most_active() == ACTIVE_MAX
    at_joining = history.ahead_at_joining()
    for visitor in visitors:
        assert visitor.joined == at_joining[visitor.id]
        assert visitor.positions == sorted(visitor.positions, reverse=True), "a place grew"


async def _wait_until_all_joined(visitors: list[QueuedVisitor], redis: Redis) -> None:
    await until(
        lambda: all(visitor.joined is not None for visitor in visitors), within_s=PATIENCE_S
    )
    await _wait_until_positions_agree(visitors, redis)


async def _wait_until_positions_agree(visitors: list[QueuedVisitor], redis: Redis) -> None:
    """Wait until each visitor's last position is the one that the history gives."""

    async def agree() -> bool:
        ahead = (await history_of(redis)).ahead_now()
        return all(g.positions[-1] == ahead[g.id] for g in visitors if g.id in ahead)

    await until(agree, within_s=PATIENCE_S)


async def _act(catalogue: Catalogue, action: str) -> None:
    """Change the state in Postgres alone; the record duty applies it in Redis within a second."""
    await catalogue.act("demo", action, who="tests")
