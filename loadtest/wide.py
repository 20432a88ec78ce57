"""Benchmark of width: 100,000 waiting sockets, positions live, and a message to the last of them.

make bench-wide                          ends after five minutes at the latest
make bench-wide ARGS="--sockets 12000"   fewer
"""

import argparse
import asyncio
import json
import random
import sys
import time

import uvloop

from loadtest.client import JOIN, Client, connect
from loadtest.environment import RunningDemo, broadcast, duties_cpu_s, running_demo, set_rules
from loadtest.reporting import report
from loadtest.visitors import CONCURRENT_MAX, tokens

PROCESSES = 6  # serve processes, and as many generators: a process may open 20,000 files
SOCKETS_MAX = 17_000 * PROCESSES  # of 18,000 that fit; the kernel spreads them only nearly evenly
RATE, POSITIONS_S = 50, 15.0
CHUNK = 1_000
TRIES, AGAIN_S = 20, 5.0  # of a socket that is turned away, as a client that comes back
MESSAGE_S = 60.0  # from the first socket that has a message to the last
LIMIT_S = 280.0
MESSAGE, POSITION = b'{"type":"room.message"', b'{"type":"queue.position"'
JOINED, REFUSED = b'{"type":"queue.joined"', b'{"type":"error"'


async def wide(count: int) -> None:
    """Measure memory, CPU, positions and the last byte of a message with so many sockets."""
    async with running_demo(RUSH_WORKERS=str(PROCESSES)) as demo:
        await demo.event("wide", rate_per_second=0, active_max=count, claim_seconds=3600)
        empty = demo.serve_rss()
        began = time.perf_counter()
        generators = [await _generator(demo, count // PROCESSES) for _ in range(PROCESSES)]
        try:
            opened = sum(await asyncio.gather(*map(_opened, generators)))
            seconds, rss = time.perf_counter() - began, demo.serve_rss()
            report("sockets opened, joined", count=opened, seconds=seconds)
            report("memory of serve", gb=rss / 1e9, bytes_each=(rss - empty) // opened)
            began_at, shares = await _measure(demo)
            ends = await asyncio.gather(*map(_end, generators))
        finally:
            for generator in generators:
                if generator.returncode is None:
                    generator.kill()
                await generator.wait()
    positions = sum(e["positions"] / (e["last"] - e["listens"]) for e in ends)
    report("positions live", frames_per_second=int(positions),
           **{f"{duty}_core": share for duty, share in shares.items()})  # fmt: skip
    report("a message to all", reached=sum(e["reached"] for e in ends),
           last_byte_s=max(e["last"] for e in ends) - began_at,
           turned_away=sum(e["turned_away"] for e in ends))  # fmt: skip


async def _measure(demo: RunningDemo) -> tuple[float, dict[str, float]]:
    """Admit for a while, then send the message. Return when it was asked for, and CPU shares."""
    async with demo.logged_in() as operator:
        await set_rules(operator, "wide", rate_per_second=RATE)
        before = demo.cpu_s()
        await asyncio.sleep(POSITIONS_S)
        spent = duties_cpu_s(before, demo.cpu_s())
        shares = {duty: seconds / POSITIONS_S for duty, seconds in spent.items()}
        began_at = time.time()
        await broadcast(operator, "wide")
    return began_at, shares


async def _generator(demo: RunningDemo, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.wide", "--generate", demo.base, "--sockets", str(count),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _opened(generator: asyncio.subprocess.Process) -> int:
    """Return how many sockets a generator opened, each of which has its place."""
    assert generator.stdout is not None
    line = await generator.stdout.readline()
    if not line:
        sys.exit("bench-wide: a generator ended before its sockets were open; it says why above")
    return int(line)


async def _end(generator: asyncio.subprocess.Process) -> dict[str, float]:
    assert generator.stdout is not None
    found: dict[str, float] = json.loads(await generator.stdout.readline())
    return found


async def generate(base: str, count: int) -> None:
    """Open sockets and join, print their number; once all have the message, print what came.

    MESSAGE_S after the first has it, it is printed in any case: `reached` says how many have it.
    """
    clients: list[Client] = []
    found = {"positions": 0, "reached": 0, "turned_away": 0, "listens": 0.0, "last": 0.0}
    turn = asyncio.Semaphore(CONCURRENT_MAX)

    async def enter(token: str) -> Client:
        for number in range(TRIES):
            try:
                async with turn:
                    return await _entered(base, token)
            except ConnectionError:
                found["turned_away"] += 1
                await asyncio.sleep(random.uniform(0.5, min(AGAIN_S, 1.0 + number)))
        raise ConnectionError(f"turned away {TRIES} times, with {len(clients)} sockets open")

    for at in range(0, count, CHUNK):
        opened = await asyncio.gather(*map(enter, tokens(min(CHUNK, count - at))))
        clients += opened
        print(f"    {len(clients):,} of {count:,}", file=sys.stderr, flush=True)
    done = asyncio.Event()

    def listen(frame: bytes) -> None:
        if frame.startswith(POSITION):
            found["positions"] += 1
        elif frame.startswith(MESSAGE):
            if not found["reached"]:
                asyncio.get_running_loop().call_later(MESSAGE_S, done.set)
            found["reached"] += 1
            found["last"] = time.time()
            if found["reached"] == count:
                done.set()

    for client in clients:
        client.frames.clear()
        client.listener = listen
    found["listens"] = time.time()
    print(len(clients), flush=True)
    await done.wait()
    print(json.dumps(found), flush=True)
    for client in clients:
        client.transport.abort()


async def _entered(base: str, token: str) -> Client:
    """Open a socket and join.

    Raises:
        ConnectionError: the socket was closed, or the join refused: who is busy asks to come again.
    """
    client = await connect(base, "wide", token)
    client.send(JOIN)
    while not (frame := await client.receive()).startswith(JOINED):
        if frame.startswith(REFUSED):
            client.transport.abort()
            raise ConnectionError(frame.decode())
    return client


async def _bounded(count: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        await wide(count)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=100_000)
    parser.add_argument("--generate", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.generate and not PROCESSES <= options.sockets <= SOCKETS_MAX:
        parser.error(f"--sockets from {PROCESSES} to {SOCKETS_MAX}: files a process are limited")
    run = generate(options.generate, options.sockets) if options.generate else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run or _bounded(options.sockets))
