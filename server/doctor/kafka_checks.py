"""Checks of Kafka: topics, partitions, replicas, and how many of them must have a message."""

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import TOPICS, TopicState, describe
from booking_rush.server.doctor.finding import Finding


async def check_kafka(cluster: Cluster) -> list[Finding]:
    """Ask the brokers for our topics.

    Raises:
        KafkaError: no broker answers.
    """
    brokers, states = await describe(cluster)
    found = {state.name: state for state in states}
    missing = [spec.name for spec in TOPICS if spec.name not in found]
    findings = [Finding("ok", "kafka", f"{brokers} brokers")]
    if missing:
        text = f"no topics {', '.join(missing)}: run `booking-rush migrate`"
        findings.append(Finding("wrong", "kafka", text))
    for spec in TOPICS:
        if spec.name in found:
            findings.append(_topic(found[spec.name], spec.partitions, brokers))
    return findings


def _topic(state: TopicState, partitions: int, brokers: int) -> Finding:
    facts = (
        f"{state.name}: {state.partitions} partitions, {state.replicas} replicas, "
        f"min.insync.replicas {state.insync_min or 'unknown'}"
    )
    if state.partitions < partitions:
        return Finding("wrong", "kafka", f"{facts}: {partitions} partitions are needed")
    if state.insync < min(state.insync_min, state.replicas):
        return Finding("wrong", "kafka", f"{facts}, {state.insync} in sync: brokers are away")
    if state.replicas < 2:
        return Finding("look", "kafka", f"{facts}: one broker's disk loses it")
    if state.insync_min < 2:
        return Finding("look", "kafka", f"{facts}: set min.insync.replicas to 2")
    return Finding("ok", "kafka", facts)
