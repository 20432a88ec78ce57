"""Dead letters: orders, messages and records that were rejected, for operators to replay."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from booking_rush.booking.messaging import cloud_events, message_log
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


OUTBOX_OF_REDIS = "outbox"  # the topic of entries that the record duty could not save


class DeadLetter(NamedTuple):
    """A rejected record as it was on its topic, with the reason, and when it was replayed."""

    id: UUID
    topic: str
    key: str
    value: bytes
    reason: str
    detail: str
    tries: int
    at: datetime | None = None
    replayed_at: datetime | None = None


async def reject(connection: Connection | Pool, rejections: Sequence[Rejection]) -> None:
    """Save rejected envelopes as dead letters, and park their rows of the outbox."""
    if not rejections:
        return
    for rejection in rejections:
        envelope = rejection.envelope
        log.error(
            "parked kind=%s booking=%s reason=%s detail=%s",
            envelope.kind, envelope.booking, rejection.reason, rejection.detail,
        )  # fmt: skip
    await save(
        connection,
        [
            DeadLetter(
                envelope.id, cloud_events.topic_of(envelope), str(envelope.booking),
                cloud_events.serialize(envelope), reason, detail, envelope.tries,
            )
            for envelope, reason, detail, _ in rejections
        ],
    )  # fmt: skip
    await connection.execute(
        """
        UPDATE outbox SET parked = true, error = why, rounds = rounds + 1,
            retry_at = CASE WHEN is_retried
                THEN now() + make_interval(secs => least($4, 2 ^ least(rounds, 10))) END
        FROM unnest($1::uuid[], $2::text[], $3::bool[]) AS given (given_id, why, is_retried)
        WHERE id = given_id
        """,
        [one.envelope.id for one in rejections],
        [f"{one.reason}: {one.detail}"[:500] for one in rejections],
        [one.is_retried for one in rejections],
        message_log.PARKED_S_MAX,
    )


async def save(connection: Connection | Pool, letters: Sequence[DeadLetter]) -> None:
    """Save dead letters; one that is rejected again replaces its row.

    The relay publishes it again only if an operator had replayed it in between.
    """
    await connection.execute(
        """
        INSERT INTO dead (id, topic, key, value, reason, detail, tries)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[],
            $6::text[], $7::int[])
        ON CONFLICT (id) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail,
            tries = EXCLUDED.tries, replayed_at = NULL,
            at = CASE WHEN dead.replayed_at IS NULL THEN dead.at ELSE now() END,
            published_at = CASE WHEN dead.replayed_at IS NULL THEN dead.published_at END
        """,
        *list(zip(*(one._replace(detail=one.detail[:1000]) for one in letters), strict=True))[:7],
    )


async def list_(pool: Pool, *, all_: bool = False, limit: int = 200) -> list[DeadLetter]:
    """Return dead letters, the newest first; `all_` includes those that were replayed."""
    rows = await pool.fetch(
        f"SELECT {COLUMNS} FROM dead WHERE $1 OR replayed_at IS NULL ORDER BY at DESC LIMIT $2",  # noqa: S608
        all_, limit,
    )  # fmt: skip
    return [DeadLetter(*row) for row in rows]


async def count(pool: Pool) -> int:
    """Return how many dead letters nobody has replayed."""
    return await pool.fetchval(  # type: ignore[no-any-return]
        "SELECT count(*) FROM dead WHERE replayed_at IS NULL"
    )


async def get(pool: Pool, id_: UUID) -> DeadLetter:
    """Return the dead letter of an id.

    Raises:
        UnknownDeadLetter: there is none.
    """
    row = await pool.fetchrow(f"SELECT {COLUMNS} FROM dead WHERE id = $1", id_)  # noqa: S608
    if row is None:
        raise UnknownDeadLetter(f"nothing dead has the id {id_}")
    return DeadLetter(*row)


async def replay(pool: Pool, id_: UUID) -> None:
    """Send a dead letter again: clear its inbox entry, and return its outbox row to the start.

    Raises:
        UnknownDeadLetter: there is none of that id.
        NotReplayable: its outbox row is missing: another system wrote it, or it was purged.
    """
    async with pool.acquire() as connection, connection.transaction():
        topic = await connection.fetchval(
            "UPDATE dead SET replayed_at = now() WHERE id = $1 RETURNING topic", id_
        )
        if topic is None:
            raise UnknownDeadLetter(f"nothing dead has the id {id_}")
        if topic == OUTBOX_OF_REDIS:
            raise NotReplayable("it is an entry of Redis' outbox: its hold or place has ended")
        await connection.execute("DELETE FROM inbox WHERE message = $1", id_)
        sent = await connection.execute(
            """
            UPDATE outbox SET parked = false, done_at = NULL, published_at = NULL, tries = 0,
                due_at = now(), error = '', rounds = 0, retry_at = NULL
            WHERE id = $1
            """,
            id_,
        )
        if sent != "UPDATE 1":
            raise NotReplayable("it is not in the outbox: it came from elsewhere, or long ago")


def summary(letter: DeadLetter) -> str:
    """Return a dead letter as one line of a list."""
    at = f"{letter.at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{letter.id} {at} {letter.topic} {letter.reason}: {letter.detail}"


def details(letter: DeadLetter) -> Iterator[str]:
    """Yield a line for each member of a dead letter; its value as text where it is UTF-8."""
    for name, value in letter._asdict().items():
        yield f"{name}: {value.decode(errors='backslashreplace') if name == 'value' else value}"


COLUMNS = ", ".join(DeadLetter._fields)
