"""The topics: in how many parts, and how long they are kept; made where they are missing."""

from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.messaging.cloud_events import BOOKINGS, DEAD, MESSAGES, ORDERS

HOUR_MS = 3_600_000
COPIES_MAX = 3
EXISTS = 36  # https://kafka.apache.org/protocol#protocol_error_codes


class Topic(NamedTuple):
    """One topic; both of the saga have as many parts, so that one worker has all of a booking."""

    name: str
    partitions: int
    keep_ms: int


TOPICS = (
    Topic(ORDERS, 12, 24 * HOUR_MS),
    Topic(MESSAGES, 12, 24 * HOUR_MS),
    Topic(BOOKINGS, 12, 7 * 24 * HOUR_MS),
    Topic(DEAD, 1, 30 * 24 * HOUR_MS),
)


async def make_missing(cluster: Cluster) -> list[str]:
    """Make what is not there, in as many copies as there are brokers, three at most; their names.

    Where all are there, nobody is asked to make any: a user who may not is good enough then.

    Raises:
        KafkaError: no broker answers, or it does not make them.
    """
    admin = AIOKafkaAdminClient(**cluster.options)
    try:
        await admin.start()
        there = await admin.list_topics()
        missing = [topic for topic in TOPICS if topic.name not in there]
        if not missing:
            return []
        copies = min(COPIES_MAX, len((await admin.describe_cluster())["brokers"]))
        wanted = [
            NewTopic(
                topic.name,
                topic.partitions,
                copies,
                topic_configs={"retention.ms": str(topic.keep_ms)},
            )
            for topic in missing
        ]
        answer: Any = await admin.create_topics(wanted, timeout_ms=10_000)
    finally:
        await admin.close()
    made: list[str] = []
    errors: list[tuple[str, int, str]] = answer.topic_errors
    for name, code, why in errors:
        if code == 0:
            made.append(name)
        elif code != EXISTS:
            raise KafkaError(f"topic {name} is not made: error {code} {why}")
    return made
