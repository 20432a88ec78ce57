"""The topics: their partitions and retention, and their creation where they are missing."""

from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
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


class TopicState(NamedTuple):
    """A topic as the brokers have it; replicas and those in sync are of its worst partition."""

    name: str
    partitions: int
    replicas: int
    insync: int
    insync_min: int  # 0: unknown


async def describe(cluster: Cluster) -> tuple[int, list[TopicState]]:
    """Return the number of brokers, and our topics that are there.

    Raises:
        KafkaError: no broker answers.
    """
    admin: Any = AIOKafkaAdminClient(**cluster.options)
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        existing = set(await admin.list_topics())
        names = [topic.name for topic in TOPICS if topic.name in existing]
        if not names:
            return brokers, []
        insync_min = await _insync_min(admin, names)
        found: list[dict[str, Any]] = await admin.describe_topics(names)
    finally:
        await admin.close()
    return brokers, [
        TopicState(
            topic["topic"],
            len(topic["partitions"]),
            min(len(part["replicas"]) for part in topic["partitions"]),
            min(len(part["isr"]) for part in topic["partitions"]),
            insync_min.get(topic["topic"], 0),
        )
        for topic in found
    ]


async def _insync_min(admin: Any, names: list[str]) -> dict[str, int]:
    """Return `min.insync.replicas` of each topic whose configuration we may read."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, int] = {}
    for response in await admin.describe_configs(asked):
        for _code, _why, _kind, name, entries in response.resources:
            for entry in entries:
                if entry[0] == "min.insync.replicas":
                    found[name] = int(entry[1])
    return found
