"""Kafka's topics in the AsyncAPI document: their records, keys and headers, of the same tables."""

from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from msgspec import Meta

from booking_rush.booking.catalogue.events import Moment
from booking_rush.booking.holds.states import STATES
from booking_rush.booking.kafka.topics import TOPICS, TopicSpec
from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.saga.state_machine import Message, Order
from booking_rush.server.contract import members
from booking_rush.server.contract.members import Members
from booking_rush.server.contract.schemas import Json

Traceparent = Annotated[str, Meta(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")]


def _pattern(prefix: str, kinds: tuple[str, ...]) -> str:
    return rf"^{prefix}\.({'|'.join(kinds)})\Z"


OrderType = Annotated[str, Meta(pattern=_pattern("order", get_args(Order)))]
MessageType = Annotated[str, Meta(pattern=_pattern("message", get_args(Message)))]
StateType = Annotated[str, Meta(pattern=_pattern("booking", STATES))]


class SagaCounts(Members, kw_only=True):
    """The try to pay that a record is about, and the step of its booking; 0 each: about none."""

    attempt: members.Count
    step: members.Count


class SagaOrder(Members, kw_only=True):
    """An order of the saga, as CloudEvents have it; repeats are dropped by `id`."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: OrderType
    subject: UUID
    datacontenttype: Literal["application/json"]
    schema: Literal["1"]
    traceparent: Traceparent
    data: SagaCounts


class SagaMessage(Members, kw_only=True):
    """A message to the saga, as CloudEvents have it; repeats are dropped by `id`."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: MessageType
    subject: UUID
    datacontenttype: Literal["application/json"]
    schema: Literal["1"]
    traceparent: Traceparent
    data: SagaCounts


class BookingState(Members, kw_only=True):
    """A state that a booking came to, as CloudEvents have it; `sequence` is the booking's step."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: StateType
    subject: UUID
    time: Moment
    datacontenttype: Literal["application/json"]
    schema: Literal["1"]
    sequence: members.Count
    traceparent: Traceparent
    data: members.Booking


class DeadRecord(Members, kw_only=True):
    """A record that could not be handled, as it was on its topic, or what is left of it."""


class RecordHeaders(Members, kw_only=True):
    """Headers by which a record is routed and traced without parsing it."""

    type: str
    schema: Literal["1"]
    traceparent: Traceparent


class DeadHeaders(Members, kw_only=True):
    """Headers that say what became of a dead record."""

    id: UUID
    topic: str
    reason: str
    detail: str
    tries: str


# By topic: its records, their headers, and their key.
RECORDS: dict[str, tuple[type[Members], type[Members], str]] = {
    cloud_events.ORDERS: (SagaOrder, RecordHeaders, "the booking's id"),
    cloud_events.MESSAGES: (SagaMessage, RecordHeaders, "the booking's id"),
    cloud_events.BOOKINGS: (BookingState, RecordHeaders, "the booking's id"),
    cloud_events.DEAD: (DeadRecord, DeadHeaders, "the key that it had on its topic"),
}
TYPES = [type_ for types in RECORDS.values() for type_ in types[:2]]


def topic_channels() -> Json:
    """Return a channel for each topic, by its name."""
    return {spec.name: _channel(spec) for spec in TOPICS}


def topic_operations() -> Json:
    """Return an operation for each topic: records are sent, and those of the saga read again."""
    return {
        name: {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{record.__name__}"}],
        }
        for name, (record, _, _) in RECORDS.items()
    }


def topic_messages(references: Any, summary: Any) -> Json:
    """Return a message for each topic's records, by the name of their type."""
    return {
        record.__name__: {
            "name": name,
            "contentType": "application/cloudevents+json"
            if headers is RecordHeaders
            else "application/octet-stream",
            "summary": summary(record),
            "headers": references[headers],
            "payload": references[record],
            "bindings": {
                "kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}
            },
        }
        for name, (record, headers, key) in RECORDS.items()
    }


def _channel(spec: TopicSpec) -> Json:
    record, _, _ = RECORDS[spec.name]
    return {
        "address": spec.name,
        "description": "A topic of Kafka, where RUSH_KAFKA_BOOTSTRAP names one.",
        "messages": {record.__name__: {"$ref": f"#/components/messages/{record.__name__}"}},
        "bindings": {
            "kafka": {
                "topic": spec.name,
                "partitions": spec.partitions,
                "topicConfiguration": {"retention.ms": spec.retention_ms},
                "bindingVersion": "0.5.0",
            }
        },
    }
