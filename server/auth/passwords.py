"""Passwords of operators: hashed by argon2id, a few at a time, with a bounded wait."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from booking_rush.errors import TooManyRequests

T = TypeVar("T")

HASHING_MAX = 2  # at a time: 19 MiB and some 25 ms of a core each
WAITING_MAX = 20  # for a hash; more are refused at once
KNOWN_WAITING_MAX = 40  # when a browser waits on which an operator has logged in before

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified for unknown names, so that the time of an answer does not tell which names exist. Nobody
# has kept its password, and to make one at each start would cost every process a tenth of a second.
DECOY_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$"
    "AQe9WF3QswzuDCzHvxsOXQ$Wxg53UbIpMNRT3EhZHpLepVXzn+pwkVyiyHAU7e92lY"
)


class TooManyLogins(TooManyRequests):
    """Too many logins at once: try again in a moment."""

    code, status, retry_after_s = "too_many_requests", 429, 1


class Passwords:
    """Hashes and verifies passwords in threads, HASHING_MAX at a time in this process."""

    def __init__(self) -> None:
        self._hashing = asyncio.Semaphore(HASHING_MAX)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and its costs."""
        return await self._in_thread(_hasher.hash, password)

    async def verify(self, hashed: str | None, password: str, *, is_known: bool) -> bool:
        """Return whether a password has this hash; without one it takes as long, and has not.

        Raises:
            TooManyLogins: WAITING_MAX wait already, or KNOWN_WAITING_MAX for a known browser.
        """
        if self._waiting >= HASHING_MAX + (KNOWN_WAITING_MAX if is_known else WAITING_MAX):
            raise TooManyLogins
        return await self._in_thread(_verify, hashed or DECOY_HASH, password) and bool(hashed)

    async def _in_thread(self, work: Callable[..., T], *arguments: str) -> T:
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
