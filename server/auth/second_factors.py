"""Second factors of operators in Postgres: begun, in force, asked for at a login, and ended."""

import base64
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import datetime

from booking_rush.booking import audit
from booking_rush.errors import Invalid, Refusal
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.keys.sealing import NotOpened, derive, seal, unseal
from booking_rush.server.auth import totp
from booking_rush.server.auth.operator_secrets import digest_of

log = logging.getLogger(__name__)

PURPOSE = "second factors"
SECRET_BYTES = 20  # as long as SHA-1 is (RFC 4226, 4)
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 16 letters of base32: nobody guesses one, so a fast hash will do


class SecondFactorRefused(Refusal):
    """A second factor is in force already, or none was begun, or no password comes before it."""

    code, status = "second_factor_refused", 409


class CodeRequired(Refusal):
    """The password is right: send a code of your second factor with it."""

    code, status = "code_required", 401


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Second factor of an operator: since when it is in force, and its recovery codes left."""

    in_force_at: datetime | None = None
    recovery_codes: int = 0


class SecondFactors:
    """Second factors of operators, whose secrets are sealed; `secret` is RUSH_SECRET_KEY."""

    def __init__(self, pool: Pool, secret: str) -> None:
        self._pool = pool
        self._key = derive(secret, PURPOSE)

    async def of(self, name: str) -> SecondFactor:
        """Return the second factor of an operator; one that is not in force has neither."""
        row = await self._pool.fetchrow(
            """
            SELECT in_force_at, (SELECT count(*) FROM recovery_codes WHERE operator = $1) AS codes
            FROM second_factors WHERE operator = $1 AND in_force_at IS NOT NULL
            """,
            name,
        )
        return SecondFactor(row["in_force_at"], row["codes"]) if row else SecondFactor()

    async def begin(self, name: str) -> bytes:
        """Save a new secret, which is in force once a code of it is entered. Return it.

        Raises:
            SecondFactorRefused: one is in force, or the operator has no password.
        """
        secret = secrets.token_bytes(SECRET_BYTES)
        begun = await self._pool.execute(
            """
            INSERT INTO second_factors AS had (operator, sealed)
            SELECT name, $2 FROM operators WHERE name = $1 AND password IS NOT NULL
            ON CONFLICT (operator) DO UPDATE SET sealed = excluded.sealed
            WHERE had.in_force_at IS NULL
            """,
            name,
            seal(self._key, name, secret),
        )
        if begun.endswith(" 0"):
            raise SecondFactorRefused
        return secret

    async def put_in_force(self, name: str, code: str, now_s: float | None = None) -> list[str]:
        """Put a second factor in force by a code of it. Return its recovery codes, told this once.

        Raises:
            Invalid: the code is not of it.
            SecondFactorRefused: none was begun, or it is in force already.
        """
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._pool.acquire() as connection, connection.transaction():
            sealed = await connection.fetchval(
                """
                SELECT sealed FROM second_factors WHERE operator = $1 AND in_force_at IS NULL
                FOR UPDATE
                """,
                name,
            )
            if sealed is None:
                raise SecondFactorRefused
            step = self._step_of(name, sealed, _plain(code), now_s)
            if step is None:
                raise Invalid(("code", "this is not the code of now: is the phone's clock right?"))
            await connection.execute(
                "UPDATE second_factors SET in_force_at = now(), last_step = $2 WHERE operator = $1",
                name,
                step,
            )
            await connection.execute(
                "INSERT INTO recovery_codes SELECT $1, unnest($2::text[])",
                name,
                [digest_of(_plain(code)) for code in codes],
            )
            await audit.record(connection, name, "second_factor_on", operator=name)
        return codes

    async def take(self, name: str, code: str, now_s: float | None = None) -> bool:
        """Take a code of the app, or a recovery code. Return whether it was right: each is once."""
        plain = _plain(code)
        if len(plain) == totp.DIGITS:
            return await self._take_step(name, plain, now_s)
        return await self._take_recovery_code(name, plain)

    async def _take_step(self, name: str, code: str, now_s: float | None) -> bool:
        sealed = await self._pool.fetchval(
            "SELECT sealed FROM second_factors WHERE operator = $1 AND in_force_at IS NOT NULL",
            name,
        )
        step = self._step_of(name, sealed, code, now_s) if sealed else None
        if step is None:
            return False
        taken = await self._pool.execute(
            "UPDATE second_factors SET last_step = $2 WHERE operator = $1 AND last_step < $2",
            name,
            step,
        )
        return taken == "UPDATE 1"

    async def _take_recovery_code(self, name: str, code: str) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            taken = await connection.execute(
                "DELETE FROM recovery_codes WHERE operator = $1 AND digest = $2",
                name,
                digest_of(code),
            )
            if taken != "DELETE 1":
                return False
            left = await connection.fetchval(
                "SELECT count(*) FROM recovery_codes WHERE operator = $1", name
            )
            await audit.record(connection, name, "recovery_code_used", operator=name, left=left)
            return True

    def _step_of(self, name: str, sealed: bytes, code: str, now_s: float | None) -> int | None:
        """Return the step that a code is of; None: of none, or the secret cannot be opened."""
        try:
            secret = unseal(self._key, name, sealed)
        except NotOpened:
            log.exception("the second factor of %s was sealed under another RUSH_SECRET_KEY", name)
            return None
        return totp.matching_step(secret, code, time.time() if now_s is None else now_s)


async def end(connection: Connection, name: str, who: str) -> None:
    """End the second factor of an operator, with its recovery codes, and record it.

    Raises:
        SecondFactorRefused: none is in force.
    """
    ended = await connection.execute(
        "DELETE FROM second_factors WHERE operator = $1 AND in_force_at IS NOT NULL", name
    )
    if ended.endswith(" 0"):
        raise SecondFactorRefused(f"{name} has no second factor")
    await audit.record(connection, who, "second_factor_off", operator=name)


def _new_recovery_code() -> str:
    """Return a recovery code, in fours to be read and typed."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(code: str) -> str:
    """Return a code without what people type between and around its characters."""
    return "".join(code.upper().replace("-", " ").split())
