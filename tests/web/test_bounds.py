"""Bounds at the door: floods of one client against a real server process, and honest ones beside.

Each flood is bounded, and over loopback. Its client ends as the bound says, the server's memory
stays flat, and a socket that is open all the while is still answered.
"""

import asyncio
import contextlib
import re
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from booking_rush.server.runtime.ports import free_port
from booking_rush.server.web import uvicorn_http
from tests.support.clients import PATIENCE_S, Clients, Socket, Visitor, code_of, until, until_ready
from tests.support.servers.processes import running
from tests.support.world import World, serving, settings_for

GROWTH_MAX = 24 * 1024 * 1024  # bytes of a server that one flood may add; it was 300 to 430 MB
FLOOD = 48 * 1024 * 1024
SLOWER_MAX = 25  # times an honest ping's own quiet time, in the same run, on a shared machine


@dataclass(slots=True)
class Raw:
    """One connection, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        """Send bytes, as far as the server takes them."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            for part in parts:
                self.writer.write(part)
                async with asyncio.timeout(PATIENCE_S):
                    await self.writer.drain()

    async def flood(self, part: bytes, size: int = FLOOD) -> None:
        """Send a part again and again, until so many bytes were sent or the connection ends."""
        packet = part * max(1, 65_536 // len(part))
        with contextlib.suppress(ConnectionError, TimeoutError):
            for _ in range(size // len(packet)):
                self.writer.write(packet)
                async with asyncio.timeout(PATIENCE_S):
                    await self.writer.drain()

    async def answer(self) -> bytes:
        """Return what the server says until it closes the connection."""
        said = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while part := await self.reader.read(65_536):
                    said += part
        return said

    async def status(self) -> int:
        """Return the status of the answer that ends the connection; 0: it ended without one."""
        said = await self.answer()
        return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.1 ") else 0


@asynccontextmanager
async def raw(base: str) -> AsyncGenerator[Raw]:
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = (
    b"POST /api/v1/admin/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)

UPGRADE = (
    b"GET /ws/events/demo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
FLOODS: dict[str, tuple[bytes, bytes, set[int]]] = {
    "many header fields": (GET, b"a: b\r\n", {431, 0}),
    "large header fields": (GET, b"x: " + b"y" * 4000 + b"\r\n", {431, 0}),
    "one header without end": (GET + b"x: ", b"y", {431, 0}),
    "a name without end": (GET, b"y", {431, 0}),
    "a URL without end": (b"GET /", b"y", {414, 0}),
    "empty lines": (b"", b"\r\n", {431, 0}),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n", {400, 0}),
    "one trailer without end": (CHUNKED + b"0\r\nx: ", b"y", {400, 0}),
    "an extension without end": (CHUNKED + b"1;x=", b"y", {400, 0}),
    "a body without end": (CHUNKED, b"10000\r\n" + b"y" * 65_536 + b"\r\n", {413, 0}),
    "requests before answers": (b"", GET + b"\r\n", {200, 400, 0}),
}


@dataclass(slots=True)
class Quiet:
    """A server process, its memory, and an honest socket with its pings."""

    base: str
    process: psutil.Process
    socket: Socket

    async def pings(self, until_done: Callable[[], bool]) -> float:
        """Ping until something is done, ten times at least. Return the median in seconds."""
        took: list[float] = []
        while len(took) < 10 or not until_done():
            began = time.monotonic()
            assert (await self.socket.ask("ping"))["type"] == "pong"
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
        return statistics.median(took)

    async def endures(self, flood: Awaitable[Any]) -> Any:
        """Let a flood run beside pings. Return its outcome, after checking the bounds."""
        quiet = await self.pings(lambda: True)
        memory = self.process.memory_info().rss
        task = asyncio.ensure_future(flood)
        busy = await self.pings(task.done)
        assert self.process.memory_info().rss - memory < GROWTH_MAX
        assert busy < max(quiet, 0.01) * SLOWER_MAX
        return task.result()


@pytest.fixture
async def quiet(
    world: World, redis_url: str, postgres_url: str, folder: Path
) -> AsyncGenerator[Quiet]:
    await world.event(state="paused")
    port = free_port()
    settings = settings_for(redis_url, postgres_url, bind=f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"
    with running(settings, folder, serve="serve") as processes:
        await until_ready(base)
        async with AsyncExitStack() as stack:
            visitor = await Clients(base, stack).visitor()
            socket = await stack.enter_async_context(visitor.socket())
            yield Quiet(base, psutil.Process(processes["serve"].pid), socket)


async def test_a_body_is_refused_by_the_size_that_its_head_names(world: World) -> None:
    """A client that waits for the answer before it sends is not left waiting."""
    async with raw(world.clients.base) as client:
        client.writer.write(
            CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: 70000")
        )
        assert (await client.reader.readline()).startswith(b"HTTP/1.1 413 ")


async def test_no_flood_over_http_grows_the_server_or_holds_up_the_others(quiet: Quiet) -> None:
    async def run(begin: bytes, part: bytes) -> int:
        async with raw(quiet.base) as client:
            await client.send(begin)
            await client.flood(part)
            return await client.status()

    for name, (begin, part, expected) in FLOODS.items():
        assert await quiet.endures(run(begin, part)) in expected, name


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"x: " + b"y" * 33_000 + b"\r\n\r\n", 431),
        (GET + b"x: " + b"y" * 31_000 + b"\r\nConnection: close\r\n\r\n", 200),
        (GET + b"a: b\r\n" * 100 + b"\r\n", 431),
        (GET + b"a: b\r\n" * 98 + b"Connection: close\r\n\r\n", 200),
        (b"GET /" + b"y" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"y" * 8191 + b" HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", 404),
        (CHUNKED + b"2\r\n{}\r\n0\r\na: b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (UPGRADE + b"Content-Length: 3\r\n\r\nabc", 400),
        (UPGRADE + b"Cookie: a=" + b"x" * 8_200 + b"\r\n\r\n", 431),
        (UPGRADE.replace(b"/demo", b"/demo?a=" + b"x" * 8_140) + b"\r\n", 431),
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/0.9\r\nHost: a\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"identity") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"chunked\r\nTransfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a/?x=\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n", 200),
        (b"no HTTP at all\r\n\r\n", 400),
    ],
)
async def test_a_request_is_bounded(sent: bytes, status: int, world: World) -> None:
    async with raw(world.clients.base) as client:
        await client.send(sent)
        assert await client.status() == status


async def test_a_refusal_of_the_parser_is_a_problem_like_any_other(world: World) -> None:
    client = await world.clients.http()
    long = await client.get("/" + "y" * 8200)
    assert (long.status_code, code_of(long)) == (414, "url_too_long")
    large = await client.get("/healthz", headers={"X-Large": "y" * 40_000})
    assert (large.status_code, code_of(large)) == (431, "head_too_large")
    assert (await client.get("/healthz")).status_code == 200


async def test_a_body_has_a_deadline_and_leaves_no_trace(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(uvicorn_http, "BODY_S", 0.3)
    head = CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: 100")
    metrics = await world.clients.http()

    async def cut_off() -> float:
        text = (await metrics.get("/metrics")).text
        found = re.search(r'login",status="499"} (\S+)', text)
        return float(found[1]) if found else 0.0

    async def are_counted() -> bool:
        return await cut_off() == before + 2

    before = await cut_off()
    async with raw(world.clients.base) as client:
        await client.send(head + b"{")
        assert await client.answer() == b""
    async with raw(world.clients.base) as client:
        await client.send(head + b"{")
    await until(are_counted)
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_redirect_stays_on_this_host(redis_url: str, postgres_url: str) -> None:
    settings = settings_for(redis_url, postgres_url, allowed_hosts="*")
    async with (
        serving(settings) as (base, _, _),
        httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client,
    ):
        for path in ("/static", "/admin/", "/admin/?a=b"):
            found = await client.get(path, headers={"Host": "evil.example"})
            assert 300 <= found.status_code < 400
            location = found.headers["location"]
            assert location[0] == "/" != location[1], location


async def test_near_the_limit_of_open_files_the_server_sheds_and_recovers(
    world: World, redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(state="paused")
    async with AsyncExitStack() as stack:
        settings = settings_for(redis_url, postgres_url)
        base, _, server = await stack.enter_async_context(serving(settings))
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
            issued = (await client.post("/api/v1/visitors")).json()
            client.cookies.clear()
            url = base.replace("http", "ws", 1)
            visitor = Visitor(issued["visitor"], issued["token"], client, url)
            few = len(server.server_state.connections)
            for wing in ("uvicorn_http", "uvicorn_protocols"):
                name = f"booking_rush.server.web.{wing}.connections_max"
                monkeypatch.setattr(name, lambda spare=64, part=0.1: few + (spare == 32))

            async with raw(base) as other:
                await until(lambda: len(server.server_state.connections) > few)
                refused = await client.get("/api/v1/events")
                assert (refused.status_code, code_of(refused)) == (503, "busy")
                await other.send(GET + b"Connection: close\r\n\r\n")
                assert await other.status() == 200
            monkeypatch.undo()
            await until(lambda: len(server.server_state.connections) <= few)
            assert (await client.get("/api/v1/events")).status_code == 200
            async with visitor.socket() as socket:
                assert (await socket.ask("ping"))["type"] == "pong"
