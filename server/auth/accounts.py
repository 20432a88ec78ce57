"""Accounts of operators: the command line and admins keep them; each change is in the journal."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from booking_rush.booking import audit
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool
from booking_rush.server.auth import second_factors
from booking_rush.server.auth.operator_secrets import new_secret
from booking_rush.server.auth.operators import Role
from booking_rush.server.auth.passwords import Passwords
from booking_rush.text import is_operator_name
from booking_rush.timestamps import instant

WHO = "command line"  # in the journal
KEY_WORDS = ("list", "revoke")  # of `booking-rush key`, so no operator is called that


class UnknownOperator(Refusal):
    """There is no such operator."""

    code, status = "unknown_operator", 404


class AccountRefused(Refusal):
    """That would take from an account what it has."""

    code, status = "account_refused", 409


class LastAdmin(AccountRefused):
    """The last admin stays one: make another admin first."""


@dataclass(frozen=True, slots=True)
class Account:
    """An operator, and by what they come in."""

    name: str
    role: Role
    has_password: bool
    has_key: bool
    second_factor: bool
    sessions: int
    created_at: datetime

    def line(self) -> str:
        """Return it as a line of text."""
        ways = [
            *(["password"] if self.has_password else []),
            *(["second-factor"] if self.second_factor else []),
            *(["key"] if self.has_key else []),
            *([f"sessions={self.sessions}"] if self.sessions else []),
        ]
        return " ".join([self.name, self.role, *ways, f"since={instant(self.created_at)}"])

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        return {**asdict(self), "created_at": instant(self.created_at)}


class Accounts:
    """The accounts of operators in Postgres; the journal says who changed one."""

    def __init__(self, pool: Pool, *, who: str = WHO, passwords: Passwords | None = None) -> None:
        self._pool = pool
        self._who = who
        self._passwords = passwords or Passwords()

    async def every(self) -> list[Account]:
        """Return every account, by name."""
        rows = await self._pool.fetch(
            """
            SELECT name, role, password IS NOT NULL AS has_password,
                key_digest IS NOT NULL AS has_key, created_at,
                EXISTS (SELECT FROM second_factors
                    WHERE operator = name AND in_force_at IS NOT NULL) AS second_factor,
                (SELECT count(*) FROM operator_sessions
                 WHERE operator = name AND expires_at > now()) AS sessions
            FROM operators ORDER BY name
            """
        )
        return [Account(**row) for row in rows]

    async def one(self, name: str) -> Account:
        """Return the account of this name.

        Raises:
            UnknownOperator: there is none.
        """
        for account in await self.every():
            if account.name == name:
                return account
        raise UnknownOperator(f"there is no operator {name!r}")

    async def add(self, name: str, role: Role, password: str) -> None:
        """Make an account that comes in by a password.

        Raises:
            AccountRefused: the name has one, or is a word of a command.
        """
        _check_name(name)
        hashed = await self._passwords.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            made = await connection.execute(
                """
                INSERT INTO operators (name, role, password) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO NOTHING
                """,
                name, role, hashed,
            )  # fmt: skip
            if made != "INSERT 0 1":
                raise AccountRefused(f"there is an operator {name!r}")
            await audit.record(connection, self._who, "operator_added", operator=name, role=role)

    async def remove(self, name: str) -> None:
        """Delete an account; its sessions, its known browsers and its key end with it.

        Raises:
            UnknownOperator: there is none.
            LastAdmin: no other admin is there.
        """
        await self._change("DELETE FROM operators WHERE name = $1", name, "operator_removed")

    async def set_role(self, name: str, role: Role) -> None:
        """Give an operator another role, which counts from the next request on.

        Raises:
            UnknownOperator: there is no such operator.
            LastAdmin: the operator is, and would be none any more.
        """
        statement = "UPDATE operators SET role = $2 WHERE name = $1"
        await self._change(statement, name, "operator_role", role, role=role)

    async def set_password(self, name: str, password: str) -> None:
        """Give an operator another password; their sessions and known browsers end.

        Raises:
            UnknownOperator: there is no such operator.
        """
        hashed = await self._passwords.hash(password)
        statement = """
            WITH sessions AS (DELETE FROM operator_sessions WHERE operator = $1),
                devices AS (DELETE FROM operator_devices WHERE operator = $1)
            UPDATE operators SET password = $2 WHERE name = $1
        """
        await self._change(statement, name, "operator_password", hashed)

    async def give_key(self, name: str, role: Role | None = None, *, force: bool = False) -> str:
        """Give an operator a new API key; the last one ends. Return it.

        Who is not there yet is made, as `operator` unless a role is given. Who is there keeps
        their role unless one is given.

        Raises:
            AccountRefused: the account has a password, so it is a person's, and `force` is not set.
            LastAdmin: the operator is, and would be none any more.
        """
        _check_name(name)
        key, digest = new_secret("rk_")
        async with self._changing() as connection:
            row = await connection.fetchrow(
                """
                INSERT INTO operators AS had (name, role, key_digest)
                VALUES ($1, coalesce($2, 'operator'), $3)
                ON CONFLICT (name) DO UPDATE
                SET role = coalesce($2, had.role), key_digest = excluded.key_digest
                WHERE had.password IS NULL OR $4
                RETURNING role
                """,
                name, role, digest, force,
            )  # fmt: skip
            if row is None:
                raise AccountRefused(
                    f"{name} logs in with a password: give a program a name of its own, or --force"
                )
            await audit.record(connection, self._who, "key_given", operator=name, role=row["role"])
        return key

    async def revoke_key(self, name: str) -> None:
        """End an operator's API key.

        Raises:
            UnknownOperator: no operator of this name has a key.
            LastAdmin: no other admin is there, and this one comes in by the key alone.
        """
        statement = """
            UPDATE operators SET key_digest = NULL WHERE name = $1 AND key_digest IS NOT NULL
        """
        await self._change(statement, name, "key_revoked")

    async def end_second_factor(self, name: str) -> None:
        """End the second factor of an operator whose phone is lost; the password is enough again.

        Raises:
            UnknownOperator: there is no such operator.
            SecondFactorRefused: none is in force.
        """
        await self.one(name)
        async with self._pool.acquire() as connection, connection.transaction():
            await second_factors.end(connection, name, self._who)

    async def _change(
        self, statement: str, name: str, what: str, *arguments: str, **detail: str
    ) -> None:
        """Run a statement that changes one operator, and record it.

        Raises:
            UnknownOperator: it changed none.
            LastAdmin: no admin would be left.
        """
        async with self._changing() as connection:
            await _change_one(connection, statement, name, *arguments)
            await audit.record(connection, self._who, what, operator=name, **detail)

    @asynccontextmanager
    async def _changing(self) -> AsyncGenerator[Connection]:
        """Yield a connection in a transaction, in which one change of accounts runs at a time.

        Raises:
            LastAdmin: an admin could come in before, and none could after it.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE operators IN SHARE ROW EXCLUSIVE MODE")
            had_admin = await connection.fetchval(HAS_ADMIN)
            yield connection
            if had_admin and not await connection.fetchval(HAS_ADMIN):
                raise LastAdmin


# An admin with neither password nor key cannot come in.
HAS_ADMIN = """
    SELECT EXISTS (SELECT FROM operators
        WHERE role = 'admin' AND (password IS NOT NULL OR key_digest IS NOT NULL))
"""


async def _change_one(connection: Connection, statement: str, name: str, *arguments: str) -> None:
    done = await connection.execute(statement, name, *arguments)
    if done.endswith(" 0"):
        raise UnknownOperator(f"there is no operator {name!r}, or none with a key")


def _check_name(name: str) -> None:
    if name in KEY_WORDS or not is_operator_name(name):
        raise AccountRefused(f"an operator cannot be called {name!r}")
