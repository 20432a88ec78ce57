"""Visitors of benchmarks: tokens that are signed here, and their sockets in great number."""

import asyncio
from collections.abc import Iterator

from booking_rush.server.auth.visitor_tokens import VisitorTokens
from loadtest.client import Client, connect
from loadtest.environment import SECRET

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
