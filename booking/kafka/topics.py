"""The topics: their partitions and retention, and their creation where they are missing."""

from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.messaging.cloud_events import BOOKINGS, DEAD, MESSAGES, ORDERS

HOUR_MS = 3_600_000
REPLICAS_MAX = 3
TOPIC_ALREADY_EXISTS = 36  # https://kafka.apache.org/protocol#protocol_error_codes


class TopicSpec(NamedTuple):
    """A topic. Both of the saga have equal partitions, so that one worker has all of a booking."""

    name: str
    partitions: int
    retention_ms: int


TOPICS = (
    TopicSpec(ORDERS, 12, 24 * HOUR_MS),
    TopicSpec(MESSAGES, 12, 24 * HOUR_MS),
    TopicSpec(BOOKINGS, 12, 7 * 24 * HOUR_MS),
    TopicSpec(DEAD, 1, 30 * 24 * HOUR_MS),
)


async def create_missing(cluster: Cluster) -> list[str]:
    """Create missing topics, with a replica on each broker, three at most. Return their names.

    No creation is requested while all topics exist, so that a user without that right suffices.

    Raises:
        KafkaError: no broker answers, or it refuses to create a topic.
    """
    admin = AIOKafkaAdminClient(**cluster.options)
    try:
        await admin.start()
        existing = await admin.list_topics()
        missing = [topic for topic in TOPICS if topic.name not in existing]
        if not missing:
            return []
        replicas = min(REPLICAS_MAX, len((await admin.describe_cluster())["brokers"]))
        new = [
            NewTopic(
                topic.name,
                topic.partitions,
                replicas,
                topic_configs={"retention.ms": str(topic.retention_ms)},
            )
            for topic in missing
        ]
        response: Any = await admin.create_topics(new, timeout_ms=10_000)
    finally:
        await admin.close()
    created: list[str] = []
    errors: list[tuple[str, int, str]] = response.topic_errors
    for name, code, why in errors:
        if code == 0:
            created.append(name)
        elif code != TOPIC_ALREADY_EXISTS:
            raise KafkaError(f"topic {name} is not made: error {code} {why}")
    return created
