"""CloudEvents as JSON, the records of every topic, and their headers.

Format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md.
The trace is that of the request which led to a record, where it was sampled. Otherwise a booking is
one trace: its id is the trace id, so that every log can be searched for it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from booking_rush.booking.messaging.outbox import Envelope, Topic
from booking_rush.text import is_line
from booking_rush.timestamps import instant

SCHEMA = "1"
INT_MAX = 2**31 - 1  # as Postgres counts attempts and steps
ORDERS, MESSAGES, BOOKINGS, DEAD = "rush.orders", "rush.messages", "rush.bookings", "rush.dead"
TOPIC_NAMES: dict[Topic, str] = {"orders": ORDERS, "messages": MESSAGES}
TYPE_PREFIXES: dict[Topic, str] = {"orders": "order", "messages": "message"}

Headers = list[tuple[str, bytes]]


class UnreadableError(ValueError):
    """A record that is no order or message of this schema version."""


def topic_of(envelope: Envelope) -> str:
    """Return the name of the topic of an order or message."""
    return TOPIC_NAMES[envelope.topic]


def serialize(envelope: Envelope) -> bytes:
    """Serialize an order or message to JSON."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(envelope.id),
            "source": f"/events/{envelope.event}",
            "type": type_of(envelope),
            "subject": str(envelope.booking),
            "datacontenttype": "application/json",
            "schema": SCHEMA,
            "traceparent": envelope.trace or traceparent(envelope.booking, envelope.id),
            "data": {"attempt": envelope.attempt, "step": envelope.step},
        }
    )


def parse(topic: str, value: bytes | None) -> Envelope:
    """Parse a record of the topic of this name; unknown members are ignored.

    Raises:
        UnreadableError: the record is no order or message of this topic.
    """
    try:
        found: dict[str, Any] = orjson.loads(value or b"")
        if found["schema"] != SCHEMA:
            raise UnreadableError(f"schema {found['schema']!r} is not known here")
        prefix, _, kind = found["type"].partition(".")
        envelope_topic: Topic = "orders" if prefix == "order" else "messages"
        if TYPE_PREFIXES[envelope_topic] != prefix or TOPIC_NAMES[envelope_topic] != topic:
            raise UnreadableError(f"{found['type']!r} does not belong on {topic}")
        envelope = Envelope(
            id=UUID(found["id"]),
            booking=UUID(found["subject"]),
            event=found["source"].removeprefix("/events/"),
            topic=envelope_topic,
            kind=kind,
            attempt=int(found["data"]["attempt"]),
            step=int(found["data"]["step"]),
            trace=_trace_of(found.get("traceparent"), UUID(found["subject"])),
        )
    except UnreadableError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    if not (is_line(envelope.event) and is_line(kind)):
        raise UnreadableError(f"event {envelope.event!r} or type {kind!r} is no line of text")
    if not (0 <= envelope.attempt <= INT_MAX and 0 <= envelope.step <= INT_MAX):
        raise UnreadableError("attempt and step are numbers of 31 bits")
    return envelope


def serialize_state(booking: dict[str, Any], *, step: int, at: datetime, span: UUID) -> bytes:
    """Serialize a booking's state for other systems; `booking` is the JSON its visitor gets."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{booking['id']}:{step}",
            "source": f"/events/{booking['event']}",
            "type": f"booking.{booking['state']}",
            "subject": booking["id"],
            "time": instant(at),
            "datacontenttype": "application/json",
            "schema": SCHEMA,
            "sequence": step,
            "traceparent": traceparent(UUID(booking["id"]), span),
            "data": booking,
        }
    )


def headers(kind: str, booking: UUID, span: UUID, trace: str = "") -> Headers:
    """Return the headers of a record, so that consumers can route it without parsing it."""
    found = {
        "type": kind,
        "schema": SCHEMA,
        "traceparent": trace or traceparent(booking, span),
    }
    return [(name, value.encode()) for name, value in found.items()]


def type_of(envelope: Envelope) -> str:
    """Return the CloudEvents type: `order.charge`, `message.charged`."""
    return f"{TYPE_PREFIXES[envelope.topic]}.{envelope.kind}"


def traceparent(booking: UUID, span: UUID) -> str:
    """Return a W3C Trace Context header (https://www.w3.org/TR/trace-context/#traceparent-header)."""
    return f"00-{booking.hex}-{span.hex[:16]}-01"


def _trace_of(found: object, booking: UUID) -> str:
    """Return the context of a request's trace; empty where it is the booking's own."""
    is_own = not isinstance(found, str) or found[3:35] == booking.hex
    return "" if is_own else str(found)
