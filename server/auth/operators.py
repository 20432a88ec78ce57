"""Operators: accounts in Postgres, browser sessions, API keys, and the ranks of roles."""

import logging
import secrets
from dataclasses import dataclass
from typing import Literal, NamedTuple

import asyncpg

from booking_rush.booking import audit
from booking_rush.errors import TooManyRequests
from booking_rush.postgres import Pool
from booking_rush.server.auth.login_limits import LoginLimits, Origin, Tries
from booking_rush.server.auth.operator_secrets import digest_of, new_secret
from booking_rush.server.auth.passwords import Passwords, TooManyLogins
from booking_rush.server.auth.second_factors import CodeRequired, SecondFactors
from booking_rush.server.protocol.problems import Forbidden, NotAuthenticated

log = logging.getLogger(__name__)

Role = Literal["viewer", "operator", "admin"]
RANK: dict[Role, int] = {"viewer": 0, "operator": 1, "admin": 2}

SESSION = "12 hours"
DEVICES_MAX = 20  # known browsers of one operator; the ones seen longest ago are forgotten


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


class Session(NamedTuple):
    """A session that began: its cookie, the browser's own cookie, and its operator."""

    cookie: str
    device: str
    operator: Operator


class Operators:
    """Accounts, sessions and API keys of operators in Postgres.

    `secret` is RUSH_SECRET_KEY, which second factors are sealed by.
    """

    def __init__(self, pool: Pool, secret: str = "") -> None:
        self._pool = pool
        self.passwords = Passwords()
        self.second_factors = SecondFactors(pool, secret)
        self._limits = LoginLimits(pool)

    async def ensure(self, name: str, role: Role, password: str) -> bool:
        """Insert an account unless the name has one. Return whether it was inserted."""
        hashed = await self.passwords.hash(password)
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
        key, digest = new_secret("rk_")
        await self._pool.execute(
            """
            INSERT INTO operators (name, role, key_digest) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET role = $2, key_digest = $3
            """,
            name, role, digest,
        )  # fmt: skip
        return key

    async def log_in(self, name: str, password: str, origin: Origin, code: str = "") -> Session:
        """Begin a session by a password, and a code where the operator has a second factor.

        Raises:
            NotAuthenticated, TooManyRequests: as `check_password` and `check_code`.
            CodeRequired: the password is right, and there is no code.
        """
        await self.check_password(name, password, origin)
        if (await self.second_factors.of(name)).in_force_at:
            if not code:
                raise CodeRequired
            await self.check_code(name, code, origin)
        return await self.begin_session(name, origin)

    async def check_password(self, name: str, password: str, origin: Origin) -> None:
        """Check a password; the tries of a login are taken before anything is hashed.

        Raises:
            NotAuthenticated: no operator has this name and password.
            TooManyRequests: too many logins of this kind failed within the last minute, or too
                many wait for their hash.
        """
        is_known = name in await self._operators_on(origin.device)
        tries = await self._limits.take(name, origin, is_known=is_known)
        if not tries.buckets:
            raise TooManyRequests("too many failed logins: wait a minute")
        row = await self._pool.fetchrow("SELECT * FROM operators WHERE name = $1", name)
        try:
            hashed = row["password"] if row else None
            is_right = await self.passwords.verify(hashed, password, is_known=is_known)
        except TooManyLogins:
            await self._limits.give_back(tries.buckets)
            raise
        if not is_right or row is None:
            await self._record_failure(row["name"] if row else None, origin, tries)
            raise NotAuthenticated("no operator has this name and password")
        await self._limits.give_back(tries.buckets)

    async def check_code(self, name: str, code: str, origin: Origin) -> None:
        """Take a code of an operator's second factor, by the tries of their logins.

        Raises:
            NotAuthenticated: the code is wrong, or was taken before.
            TooManyRequests: too many logins of this kind failed within the last minute.
        """
        is_known = name in await self._operators_on(origin.device)
        tries = await self._limits.take(name, origin, is_known=is_known, is_code=True)
        if not tries.buckets:
            raise TooManyRequests("too many failed logins: wait a minute")
        if not await self.second_factors.take(name, code):
            await self._record_failure(name, origin, tries)
            raise NotAuthenticated("This code is wrong, or was used: wait for the next one")
        await self._limits.give_back(tries.buckets)

    async def begin_session(self, name: str, origin: Origin) -> Session:
        """Begin a session of an operator whose password, and code, were right. Return it.

        Raises:
            NotAuthenticated: the operator was removed meanwhile.
        """
        operator = await self._pool.fetchrow(
            "SELECT name, role FROM operators WHERE name = $1", name
        )
        if operator is None:
            raise NotAuthenticated
        operators_here = await self._operators_on(origin.device)
        device = origin.device if operators_here else secrets.token_urlsafe(32)
        name, role = operator["name"], operator["role"]
        return await self._start_session(name, role, device, origin.address)

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
            digest_of(cookie),
        )
        return _operator(row)

    async def log_out(self, cookie: str) -> None:
        """End a session."""
        await self._pool.execute(
            "DELETE FROM operator_sessions WHERE digest = $1", digest_of(cookie)
        )

    async def by_key(self, key: str) -> Operator:
        """Return the operator of an API key.

        Raises:
            NotAuthenticated: no operator has this key.
        """
        row = await self._pool.fetchrow(
            "SELECT name, role, '' AS csrf FROM operators WHERE key_digest = $1", digest_of(key)
        )
        return _operator(row)

    async def _operators_on(self, device: str) -> list[str]:
        """Return who has logged in before on the browser with this cookie."""
        if not device:
            return []
        rows = await self._pool.fetch(
            "SELECT operator FROM operator_devices WHERE digest = $1", digest_of(device)
        )
        return [row["operator"] for row in rows]

    async def _start_session(self, name: str, role: Role, device: str, address: str) -> Session:
        """Save a session, and its browser as one that the operator is known by."""
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM operator_sessions WHERE expires_at < now()")
            await connection.execute(
                f"""
                INSERT INTO operator_sessions (digest, operator, csrf, address, expires_at)
                VALUES ($1, $2, $3, $4, now() + interval '{SESSION}')
                """,  # noqa: S608  a constant of this file
                digest_of(cookie), name, csrf, address,
            )  # fmt: skip
            await connection.execute(
                """
                INSERT INTO operator_devices (digest, operator) VALUES ($1, $2)
                ON CONFLICT (digest, operator) DO UPDATE SET seen_at = now()
                """,
                digest_of(device),
                name,
            )
            await connection.execute(
                """
                DELETE FROM operator_devices WHERE operator = $1 AND digest IN (
                    SELECT digest FROM operator_devices WHERE operator = $1
                    ORDER BY seen_at DESC OFFSET $2
                )
                """,
                name,
                DEVICES_MAX,
            )
            await audit.record(connection, name, "login")
        return Session(cookie, device, Operator(name, role, csrf))

    async def _record_failure(self, name: str | None, origin: Origin, tries: Tries) -> None:
        """Record in the journal and the log the first failure of a minute, and a lock.

        A name that no operator has is in neither: it may be a password that was typed too early.
        """
        await self._limits.forget()
        if tries.used != 1 and tries.left:
            return
        what = "login_failed" if tries.left else "login_locked"
        if not await self._limits.may_journal():
            return
        log.warning("%s name=%s", what, name or "unknown")  # the address is in the journal
        async with self._pool.acquire() as connection:
            await audit.record(connection, name or "unknown", what, address=origin.address)


def _operator(row: asyncpg.Record | None) -> Operator:
    if row is None:
        raise NotAuthenticated
    return Operator(row["name"], row["role"], row["csrf"])
