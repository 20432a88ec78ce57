"""Visitors of benchmarks: tokens that are signed here, their sockets, and what they all do."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from booking_rush.server.auth.visitor_tokens import VisitorTokens
from loadtest.client import Client, connect
from loadtest.environment import SECRET

C = TypeVar("C")

CONCURRENT_MAX = 64


def tokens(count: int) -> Iterator[str]:
    """Sign the tokens of so many new visitors, as a demo of `running_demo` would."""
    issuer = VisitorTokens(SECRET)
    return (issuer.issue().token for _ in range(count))


async def sockets(base: str, event: str, count: int) -> list[Client]:
    """Open a socket for each of so many new visitors."""
    return await connect_all(base, event, list(tokens(count)))


async def connect_all(base: str, event: str, given: list[str]) -> list[Client]:
    """Open a socket for each token, some at a time, as a proxy would."""
    turn = asyncio.Semaphore(CONCURRENT_MAX)

    async def one(token: str) -> Client:
        async with turn:
            return await connect(base, event, token)

    return await asyncio.gather(*map(one, given))


async def act_for(
    seconds: float, clients: Sequence[C], act: Callable[[C, list[float]], Awaitable[None]]
) -> list[float]:
    """Let each client act again and again. Return the waits in seconds that the acts append."""
    waits: list[float] = []
    over = time.perf_counter() + seconds

    async def one(client: C) -> None:
        while time.perf_counter() < over:
            await act(client, waits)

    await asyncio.gather(*map(one, clients))
    return waits
