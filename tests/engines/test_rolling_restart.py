"""Two servers behind haproxy, replaced one after the other under load: nobody notices.

ROLLING="2000 200" makes it as many sockets and holds a second; by itself it is 300 and 100. A line
says how many holds a second were asked for and made, the machine's load, and what part of a core
the clients used. All of it together takes one core at 2000 and 200, the clients a fifth of that:
where there is less, because others work, that is what was measured. A drain takes a second for each
100 sockets (k8s/ gives it 20): each that is moved costs a TLS handshake, here and in the proxy.
"""

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.postgres import Pool
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.runtime.ports import free_port
from booking_rush.tasks import cancel_and_wait
from loadtest.client import JOIN, HttpClient, open_socket
from tests.support.clients import PATIENCE_S, Frame, until, until_ready
from tests.support.crowds.sale_event import is_on_sale, standing
from tests.support.servers.haproxy import Edge, haproxy
from tests.support.servers.processes import Process, running
from tests.support.world import SECRET, new_event, settings_for

SOCKETS, HOLDS_PER_SECOND = map(int, os.environ.get("ROLLING", "300 100").split())
BUYERS = max(50, HOLDS_PER_SECOND // 2)
DRAIN_S = max(3, SOCKETS // 100)
START_S = 90.0  # of a server, on a machine that does much else
DUTIES = {"record": "work record", "tend": "work tend"}
# Each buyer holds and gives back for a long while, and all of them have one address.
RULES = {
    "rate_per_second": 1000, "active_max": 5000, "hold_seconds": 600,
    "churn_max": 0, "proof_bits_max": 0, "join_share_max": 1,
}  # fmt: skip


class Site(NamedTuple):
    """Two servers behind a proxy: an event on sale, and one whose line does not move."""

    edge: Edge
    servers: list[tuple[Process, str]]


@pytest.fixture
async def site(redis_url: str, postgres_url: str, pool: Pool, folder: Path) -> AsyncGenerator[Site]:
    catalogue, edge = Catalogue(pool), Edge(folder, free_port())
    sections = [standing(100_000)]
    await catalogue.create(new_event(sections=sections, rules=RULES), who="tests")
    still = {**RULES, "rate_per_second": 0}
    await catalogue.create(new_event("still", sections=sections, rules=still), who="tests")
    for event in ("demo", "still"):
        await catalogue.act(event, "open", who="tests")
    first = settings_for(
        redis_url, postgres_url, bind=f"127.0.0.1:{free_port()}", drain_seconds=DRAIN_S,
        public_url=edge.url, trusted_proxies="127.0.0.0/8",
    )  # fmt: skip
    second = msgspec.structs.replace(first, bind=f"127.0.0.1:{free_port()}")
    with (
        running(first, folder, **DUTIES, serve_1="serve") as ones,
        running(second, folder, serve_2="serve") as others,
    ):
        for one in (first, second):
            await until_ready(f"http://{one.bind}", within_s=START_S)
            await until(partial(is_on_sale, f"http://{one.bind}"), within_s=START_S)
        async with haproxy(edge, first.bind, second.bind):
            await until(lambda: asyncio.to_thread(both_up, edge))
            servers = [(ones["serve_1"], first.bind), (others["serve_2"], second.bind)]
            yield Site(edge, servers)


@dataclass
class Watcher:
    """A visitor who waits in the still line on a socket, which is opened again as it ends."""

    site: Site
    number: int = 0
    welcomes: int = 0
    tries: int = 0  # to open a socket
    is_here: bool = False  # on a socket that was welcomed
    wrong: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.token = VisitorTokens(SECRET).issue().token

    async def run(self) -> None:
        while True:
            pause_s = 0.2
            self.tries += 1
            with suppress(OSError, TimeoutError):
                pause_s = await self._watch()
            self.is_here = False
            await asyncio.sleep(pause_s)

    async def _watch(self) -> float:
        """Wait on one socket until it ends. Return the seconds that it said to wait."""
        edge = self.site.edge
        async with asyncio.timeout(PATIENCE_S):
            client = await open_socket(edge.url, "still", self.token, edge.trust)
        try:
            while True:
                frame: Frame = msgspec.json.decode(await client.receive())
                if frame["type"] in ("server.restarting", "server.busy"):
                    return float(frame["retry_after_ms"]) / 1000
                if frame["type"] == "welcome":
                    self._check(frame.get("place"), is_new=not self.number)
                    client.send(JOIN)
                elif frame.get("re") == "1":
                    self._check(frame.get("place"))
                    self.welcomes += 1
                    self.is_here = True
        finally:
            client.transport.close()

    def _check(self, place: Frame | None, *, is_new: bool = False) -> None:
        number = place["number"] if place else 0
        if self.number and number != self.number:
            self.wrong.append(f"number {number} after {self.number}")
        elif not number and not is_new:
            self.wrong.append("no place after joining")
        self.number = self.number or number


@dataclass
class Answers:
    """Answers to the holders: the holds by the key of their request, and what must not be."""

    asked: int = 0  # how many holds
    holds: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    statuses: Counter[int] = field(default_factory=Counter[int])
    wrong: list[str] = field(default_factory=list[str])
    lost: Counter[str] = field(default_factory=Counter[str])

    def take(self, status: int, head: bytes, body: bytes) -> None:
        self.statuses[status] += 1
        is_ours = status == 503 and b"\r\nretry-after:" in head
        if status >= 500 and not is_ours:
            self.wrong.append(f"{status}: {body[:200]!r}")


class Holder:
    """A visitor who holds a place on the floor and gives it back, again and again."""

    def __init__(self, site: Site, answers: Answers) -> None:
        issued = VisitorTokens(SECRET).issue()
        self._site = site
        self._token = issued.token
        self._answers = answers
        self._keys = (f"{issued.visitor} {n}" for n in itertools.count())
        self._pass = ""
        self._client: HttpClient | None = None

    async def admit(self) -> None:
        await self._ask("POST", "queue")

        async def pass_of() -> str | None:
            _, body = await self._ask("GET", "queue")
            found: str | None = msgspec.json.decode(body).get("pass")
            return found

        self._pass = f"Booking-Pass: {await until(pass_of)}\r\n"

    async def hold_and_release(self) -> None:
        key = next(self._keys)
        status, body = await self._ask("POST", "holds", key, b'{"section":"floor","quantity":1}')
        if status == 503:
            return  # the outcome is unknown; the next one says whether there is a hold
        assert status in (201, 409), body
        hold = msgspec.json.decode(body)["hold"]["id"]
        if status == 201:
            self._answers.holds.setdefault(key, set()).add(hold)
        await self._ask("DELETE", f"holds/{hold}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _ask(
        self, method: str, path: str, key: str = "", body: bytes = b""
    ) -> tuple[int, bytes]:
        """Ask until an answer comes; all of it may be repeated."""
        headers = self._pass + (f"Idempotency-Key: {key}\r\n" if key else "")
        edge = self._site.edge
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    if self._client is None:
                        self._client = await HttpClient.connect(edge.url, self._token, edge.trust)
                    answered = await self._client.ask(
                        method, f"/api/v1/events/demo/{path}", body, headers
                    )
            except (OSError, EOFError) as error:
                self._answers.lost[type(error).__name__] += 1
                self.close()
                continue
            self._answers.take(answered[0], self._client.head, answered[1])
            return answered


async def hold_steadily(holders: list[Holder], answers: Answers) -> None:
    """Hold at the rate, and make up for what was late; who is not back yet is not asked again."""
    free, running_ = list(holders), set[asyncio.Task[None]]()
    began = time.monotonic()

    async def turn(holder: Holder) -> None:
        await holder.hold_and_release()
        free.append(holder)

    try:
        while True:
            for task in [task for task in running_ if task.done()]:
                running_.remove(task)
                task.result()
            if free and answers.asked < (time.monotonic() - began) * HOLDS_PER_SECOND:
                answers.asked += 1
                running_.add(asyncio.create_task(turn(free.pop(random.randrange(len(free))))))
            else:
                await asyncio.sleep(0.002)
    finally:
        await cancel_and_wait(running_)


async def replace(site: Site, process: Process, bind: str) -> None:
    """Stop a server as an orchestrator does, and start its successor, until the proxy has it."""
    assert await asyncio.to_thread(process.stop, DRAIN_S + 30) == 0
    process.start()
    await until_ready(f"http://{bind}", within_s=START_S)
    await until(lambda: asyncio.to_thread(both_up, site.edge), within_s=START_S)


def both_up(edge: Edge) -> bool:
    return edge.servers_up() == 2


@pytest.mark.timeout(600)
async def test_servers_are_replaced_under_load(site: Site, pool: Pool) -> None:
    answers = Answers()
    watchers = [Watcher(site) for _ in range(SOCKETS)]
    holders = [Holder(site, answers) for _ in range(BUYERS)]
    waiting = [asyncio.create_task(watcher.run()) for watcher in watchers]
    await asyncio.gather(*(holder.admit() for holder in holders))
    await until(lambda: all(watcher.welcomes for watcher in watchers), within_s=60)

    began, worked = time.monotonic(), time.process_time()
    holding = asyncio.create_task(hold_steadily(holders, answers))
    try:
        for process, bind in site.servers:
            before, welcomes = len(answers.holds), sum(one.welcomes for one in watchers)
            await replace(site, process, bind)
            enough = before + HOLDS_PER_SECOND
            await until(lambda: holding.done() or len(answers.holds) >= enough)  # noqa: B023
            await until(lambda: sum(one.welcomes for one in watchers) > welcomes)  # noqa: B023
        await until(lambda: all(one.is_here for one in watchers), within_s=60)
        assert not holding.done(), holding.exception()
    finally:
        await cancel_and_wait([holding, *waiting])
        for holder in holders:
            holder.close()
    seconds, busy_s = time.monotonic() - began, time.process_time() - worked
    made, moved = len(answers.holds), sum(one.welcomes - 1 for one in watchers)
    print(
        f"{made} holds in {seconds:.1f} s: {made / seconds:.0f} a second, "
        f"{answers.asked / seconds:.0f} asked for; {moved} sockets moved in "
        f"{sum(one.tries for one in watchers) - SOCKETS} tries; load "
        f"{os.getloadavg()[0]:.0f}; clients busy {busy_s / seconds:.2f}; "
        f"{dict(answers.statuses)} {dict(answers.lost)}"
    )
    assert answers.wrong == []
    assert [watcher.wrong for watcher in watchers if watcher.wrong] == []
    assert len({watcher.number for watcher in watchers}) == SOCKETS
    assert all(len(found) == 1 for found in answers.holds.values())
    every = {hold for found in answers.holds.values() for hold in found}
    assert len(every) == len(answers.holds) > 0
    for process, _ in site.servers:
        assert "Traceback" not in process.log.read_text()
