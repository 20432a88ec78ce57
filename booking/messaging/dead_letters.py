"""What could not be handled: kept with its reason, shown to operators, and sent again by them."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.messaging.message_log import Rejection
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool

log = logging.getLogger(__name__)


class UnknownDeadLetter(Refusal):
    """Nothing of that id is dead."""

    code, status = "unknown_dead", 404


class NotReplayable(Refusal):
    """That was never ours, or is forgotten: it cannot be sent again."""

    code, status = "not_replayable", 409


class DeadLetter(NamedTuple):
    """One that was given up: as it was on its topic, and why; then when, and when sent again."""

    id: UUID
    topic: str
    key: str
    value: bytes
    reason: str
    detail: str
    tries: int
    at: datetime | None = None
    replayed_at: datetime | None = None


async def reject(connection: Connection | Pool, burials: Sequence[Rejection]) -> None:
    """Keep what is given up, and park its rows."""
    if not burials:
        return
    for burial in burials:
        one = burial.envelope
        log.error(
            "parked kind=%s booking=%s reason=%s detail=%s",
            one.kind, one.booking, burial.reason, burial.detail,
        )  # fmt: skip
    await put(
        connection,
        [
            DeadLetter(
                one.id, cloud_events.topic_of(one), str(one.booking), cloud_events.saga(one),
                reason, detail, one.tries,
            )
            for one, reason, detail in burials
        ],
    )  # fmt: skip
    await connection.execute(
        """
        UPDATE outbox SET parked = true, error = reason
        FROM unnest($1::uuid[], $2::text[]) AS given (given_id, reason) WHERE id = given_id
        """,
        [one.id for one, _, _ in burials],
        [f"{reason}: {detail}"[:500] for _, reason, detail in burials],
    )


async def put(connection: Connection | Pool, found: Sequence[DeadLetter]) -> None:
    """Keep these; one that died before is dead anew."""
    await connection.execute(
        """
        INSERT INTO dead (id, topic, key, value, reason, detail, tries)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[],
            $6::text[], $7::int[])
        ON CONFLICT (id) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail,
            tries = EXCLUDED.tries, at = now(), published_at = NULL, replayed_at = NULL
        """,
        *list(zip(*(one._replace(detail=one.detail[:1000]) for one in found), strict=True))[:7],
    )


async def list_(pool: Pool, *, all_: bool = False, limit: int = 200) -> list[DeadLetter]:
    """What is dead, the newest first; `all_`: with what was sent again."""
    rows = await pool.fetch(
        f"SELECT {COLUMNS} FROM dead WHERE $1 OR replayed_at IS NULL ORDER BY at DESC LIMIT $2",  # noqa: S608
        all_, limit,
    )  # fmt: skip
    return [DeadLetter(*row) for row in rows]


async def get(pool: Pool, id_: UUID) -> DeadLetter:
    """One of them.

    Raises:
        UnknownDead: there is none.
    """
    row = await pool.fetchrow(f"SELECT {COLUMNS} FROM dead WHERE id = $1", id_)  # noqa: S608
    if row is None:
        raise UnknownDeadLetter(f"nothing dead has the id {id_}")
    return DeadLetter(*row)


async def replay(pool: Pool, id_: UUID) -> None:
    """Send one again, as if it had never been heard.

    Raises:
        UnknownDead: there is none.
        NotReplayable: its row is not in the outbox: it came from elsewhere, or long ago.
    """
    async with pool.acquire() as connection, connection.transaction():
        buried = await connection.execute("UPDATE dead SET replayed_at = now() WHERE id = $1", id_)
        if buried != "UPDATE 1":
            raise UnknownDeadLetter(f"nothing dead has the id {id_}")
        await connection.execute("DELETE FROM inbox WHERE message = $1", id_)
        sent = await connection.execute(
            """
            UPDATE outbox SET parked = false, done_at = NULL, published_at = NULL, tries = 0,
                due_at = now(), error = ''
            WHERE id = $1
            """,
            id_,
        )
        if sent != "UPDATE 1":
            raise NotReplayable("it is not in the outbox: it came from elsewhere, or long ago")


def summary(found: DeadLetter) -> str:
    """One line of a list."""
    return f"{found.id} {found.at:%Y-%m-%dT%H:%M:%SZ} {found.topic} {found.reason}: {found.detail}"


def details(found: DeadLetter) -> Iterator[str]:
    """Everything about one, a line each; its bytes as text, where they are some."""
    for name, value in found._asdict().items():
        yield f"{name}: {value.decode(errors='backslashreplace') if name == 'value' else value}"


COLUMNS = ", ".join(DeadLetter._fields)
