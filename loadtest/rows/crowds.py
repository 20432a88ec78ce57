"""Benchmarks of a waiting crowd: memory, one frame to all, admissions, reconnects."""

import asyncio
import base64
import sys
import time

import msgspec

from loadtest.client import JOIN, Client
from loadtest.environment import RunningDemo, broadcast, percentiles, running_demo, set_rules
from loadtest.reporting import report
from loadtest.visitors import connect_all, sockets, tokens

WAITING = 10_000
WARM = 500  # sockets before memory is measured
QUIET_S, ADMITTING_S, RATE = 5.0, 8.0, 100
LAST_S = 60.0  # for the last byte
RECONNECTING = 10_000
MESSAGE = b'{"type":"room.message"'


async def waiting_crowd() -> None:
    """Measure a waiting socket's bytes and share of a core, a broadcast to all, and admissions."""
    async with running_demo(RUSH_WORKERS="1") as demo:
        await demo.event("crowd", rate_per_second=0, active_max=WAITING, claim_seconds=600)
        clients = await _waiting(demo, WARM)
        before = demo.serve_rss()
        clients += await _waiting(demo, WAITING - WARM)
        await asyncio.sleep(1)
        each = (demo.serve_rss() - before) / (WAITING - WARM)
        share = await _share(demo, QUIET_S)
        report("waiting sockets", count=WAITING, bytes_each=int(each), core=share)
        seconds, size = await _broadcast(demo, clients)
        await _admissions(demo, clients)
        for client in clients:
            client.transport.abort()
    bare_seconds = await _bare_broadcast(WAITING, size)
    report("one frame to all", count=WAITING, seconds=seconds, bare_seconds=bare_seconds,
           ratio=seconds / bare_seconds)  # fmt: skip


async def reconnects() -> None:
    """Measure how long it takes until everybody of a crowd that connects at once is welcome."""
    async with running_demo(RUSH_WORKERS="2") as demo:
        await demo.event("crowd", rate_per_second=0)
        given = list(tokens(RECONNECTING))
        for client in (first := await connect_all(demo.base, "crowd", given)):
            client.send(JOIN)
        await asyncio.gather(*(client.until(b"queue.joined") for client in first))
        for client in first:
            client.transport.abort()
        began = time.perf_counter()
        again = await connect_all(demo.base, "crowd", given)
        seconds = time.perf_counter() - began
        for client in again:
            client.transport.abort()
    report("reconnects", count=RECONNECTING, seconds=seconds,
           per_second=int(RECONNECTING / seconds))  # fmt: skip


async def _waiting(demo: RunningDemo, count: int) -> list[Client]:
    clients = await sockets(demo.base, "crowd", count)
    for client in clients:
        client.send(JOIN)
    await asyncio.gather(*(client.until(b"queue.joined") for client in clients))
    return clients


async def _share(demo: RunningDemo, seconds: float) -> float:
    """Return what share of a core serve takes for some seconds."""
    before = demo.cpu_s()["serve"]
    await asyncio.sleep(seconds)
    return (demo.cpu_s()["serve"] - before) / seconds


async def _broadcast(demo: RunningDemo, clients: list[Client]) -> tuple[float, int]:
    """Return the seconds from the operator's request to the last byte, and the frame's size."""
    async with demo.logged_in() as operator:
        arrived, began = _listen(clients, MESSAGE), time.perf_counter()
        await broadcast(operator, "crowd")
        async with asyncio.timeout(LAST_S):
            size = len(await arrived)
    return time.perf_counter() - began, size


async def _admissions(demo: RunningDemo, clients: list[Client]) -> None:
    """Measure from each admission in Redis until its frame is here, with the crowd behind."""
    delays: list[float] = []

    def listen(frame: bytes) -> None:
        if frame.startswith(b'{"type":"queue.admitted"'):
            delays.append(time.time() - _admitted_at(msgspec.json.decode(frame)["pass"]))

    for client in clients:
        client.listener = listen
    async with demo.logged_in() as operator:
        await set_rules(operator, "crowd", rate_per_second=RATE)
    share = await _share(demo, ADMITTING_S)
    report("admissions", count=len(delays),
           **{f"{k}_ms": v for k, v in percentiles(delays).items()}, core=share)  # fmt: skip


def _admitted_at(booking_pass: str) -> float:
    """Return `iat` of a pass, the moment of its admission."""
    claims = booking_pass.split(".")[1]
    padded = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    return float(msgspec.json.decode(padded)["iat"])


def _listen(clients: list[Client], wanted: bytes) -> asyncio.Future[bytes]:
    """Return the future of a frame of this kind, set when each client has one."""
    left = set(clients)
    done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def listener(client: Client, frame: bytes) -> None:
        if frame.startswith(wanted):
            left.discard(client)
            if not left and not done.done():
                done.set_result(frame)

    for client in clients:
        client.listener = lambda frame, client=client: listener(client, frame)
    return done


async def _bare_broadcast(count: int, size: int) -> float:
    """Return the seconds that a bare loop of writes takes for as many sockets, to the last byte."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.bare_server",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = int(await process.stdout.readline())
        clients = await connect_all(f"http://127.0.0.1:{port}", "crowd", ["bare"] * count)
        _, control = await asyncio.open_connection("127.0.0.1", port)
        arrived, began = _listen(clients, MESSAGE), time.perf_counter()
        control.write(b"GO %d" % size)
        async with asyncio.timeout(LAST_S):
            await arrived
        seconds = time.perf_counter() - began
        for client in clients:
            client.transport.abort()
        control.close()
        return seconds
    finally:
        process.stdin.close()
        await process.wait()
