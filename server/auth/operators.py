"""Operators: accounts in Postgres, browser sessions, API keys, and the ranks of roles."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from booking_rush.booking import audit
from booking_rush.postgres import Pool
from booking_rush.server.protocol.problems import Forbidden, NotAuthenticated, TooManyRequests

T = TypeVar("T")
Role = Literal["viewer", "operator", "admin"]
RANK: dict[Role, int] = {"viewer": 0, "operator": 1, "admin": 2}

SESSION = "12 hours"
FAILURES_MAX = 10  # of one name within a minute; then its passwords are not checked
HASHING_MAX = 2  # at a time: 19 MiB and some 25 ms of a core each

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified for unknown names, so that the time of an answer does not tell which names exist.
_decoy_hash = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Operator:
    """An authenticated operator. `csrf` is empty for an API key: no browser sends one by itself."""

    name: str
    role: Role
    csrf: str = ""

    def require(self, role: Role) -> None:
        """Refuse an operator who has not at least this role.

        Raises:
            Forbidden: the role is too low.
        """
        if RANK[self.role] < RANK[role]:
            raise Forbidden(f"this wants the role {role}, {self.name} is {self.role}")


class Operators:
    """Accounts, sessions and API keys of operators in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._hashing = asyncio.Semaphore(HASHING_MAX)

    async def ensure(self, name: str, role: Role, password: str) -> bool:
        """Insert an account unless the name has one. Return whether it was inserted."""
        hashed = await self._in_thread(_hasher.hash, password)
        made = await self._pool.execute(
            """
            INSERT INTO operators (name, role, password) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO NOTHING
            """,
            name, role, hashed,
        )  # fmt: skip
        return made == "INSERT 0 1"

    async def new_key(self, name: str, role: Role) -> str:
        """Save and return a new API key for an account of this role; the last one ends."""
        key = f"rk_{secrets.token_urlsafe(32)}"
        await self._pool.execute(
            """
            INSERT INTO operators (name, role, key_digest) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET role = $2, key_digest = $3
            """,
            name, role, _digest(key),
        )  # fmt: skip
        return key

    async def log_in(self, name: str, password: str) -> tuple[str, Operator]:
        """Begin a session. Return its cookie and its operator.

        Raises:
            NotAuthenticated: no operator has this name and password.
            TooManyRequests: too many logins of this name failed within the last minute.
        """
        failures = await self._pool.fetchval(
            "SELECT count(*) FROM login_failures WHERE name = $1 AND at > now() - interval '1 min'",
            name,
        )
        if failures >= FAILURES_MAX:
            raise TooManyRequests("too many failed logins: wait a minute")
        row = await self._pool.fetchrow("SELECT * FROM operators WHERE name = $1", name)
        known = row["password"] if row and row["password"] else _decoy_hash
        if not await self._in_thread(_verify, known, password) or row is None:
            await self._record_failure(name)
            raise NotAuthenticated("no operator has this name and password")
        return await self._start_session(row["name"], row["role"])

    async def by_cookie(self, cookie: str) -> Operator:
        """Return the operator of a session.

        Raises:
            NotAuthenticated: there is no such session, or it is over.
        """
        row = await self._pool.fetchrow(
            """
            SELECT name, role, csrf FROM operator_sessions
            JOIN operators ON operators.name = operator_sessions.operator
            WHERE digest = $1 AND expires_at > now()
            """,
            _digest(cookie),
        )
        return _operator(row)

    async def log_out(self, cookie: str) -> None:
        """End a session."""
        await self._pool.execute("DELETE FROM operator_sessions WHERE digest = $1", _digest(cookie))

    async def by_key(self, key: str) -> Operator:
        """Return the operator of an API key.

        Raises:
            NotAuthenticated: no operator has this key.
        """
        row = await self._pool.fetchrow(
            "SELECT name, role, '' AS csrf FROM operators WHERE key_digest = $1", _digest(key)
        )
        return _operator(row)

    async def _start_session(self, name: str, role: Role) -> tuple[str, Operator]:
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM operator_sessions WHERE expires_at < now()")
            await connection.execute(
                f"""
                INSERT INTO operator_sessions (digest, operator, csrf, expires_at)
                VALUES ($1, $2, $3, now() + interval '{SESSION}')
                """,  # noqa: S608  a constant of this file
                _digest(cookie), name, csrf,
            )  # fmt: skip
            await audit.record(connection, name, "login")
        return cookie, Operator(name, role, csrf)

    async def _record_failure(self, name: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "DELETE FROM login_failures WHERE at < now() - interval '10 min'"
            )
            await connection.execute("INSERT INTO login_failures (name) VALUES ($1)", name)

    async def _in_thread(self, work: Callable[..., T], *arguments: str) -> T:
        async with self._hashing:
            return await asyncio.to_thread(work, *arguments)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _digest(secret: str) -> str:
    """Return the SHA-256 of a secret of high entropy, which needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _operator(row: asyncpg.Record | None) -> Operator:
    if row is None:
        raise NotAuthenticated
    return Operator(row["name"], row["role"], row["csrf"])
