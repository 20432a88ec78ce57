"""What the topics carry: CloudEvents as JSON, version 1, and the headers beside them.

Shape: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md.
A booking is one trace: its id is the trace's, so that every log finds it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from booking_rush.booking.messaging.outbox import Envelope, Topic
from booking_rush.timestamps import instant

SCHEMA = "1"
ORDERS, MESSAGES, BOOKINGS, DEAD = "rush.orders", "rush.messages", "rush.bookings", "rush.dead"
TOPICS: dict[Topic, str] = {"orders": ORDERS, "messages": MESSAGES}
WORDS: dict[Topic, str] = {"orders": "order", "messages": "message"}

Headers = list[tuple[str, bytes]]


class UnreadableError(ValueError):
    """These bytes are no order or message that this version knows."""


def topic_of(envelope: Envelope) -> str:
    """The topic of an order or message."""
    return TOPICS[envelope.topic]


def saga(envelope: Envelope) -> bytes:
    """An order or message as it is sent."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(envelope.id),
            "source": f"/events/{envelope.event}",
            "type": type_of(envelope),
            "subject": str(envelope.booking),
            "datacontenttype": "application/json",
            "schema": SCHEMA,
            "traceparent": traceparent(envelope.booking, envelope.id),
            "data": {"attempt": envelope.attempt, "step": envelope.step},
        }
    )


def read(topic: str, value: bytes | None) -> Envelope:
    """An order or message as it was sent; members that we do not know are passed over.

    Raises:
        UnreadableError: it is none.
    """
    try:
        found: dict[str, Any] = orjson.loads(value or b"")
        if found["schema"] != SCHEMA:
            raise UnreadableError(f"schema {found['schema']!r} is not known here")
        word, _, kind = found["type"].partition(".")
        at: Topic = "orders" if word == "order" else "messages"
        if WORDS[at] != word or TOPICS[at] != topic:
            raise UnreadableError(f"{found['type']!r} does not belong on {topic}")
        return Envelope(
            id=UUID(found["id"]),
            booking=UUID(found["subject"]),
            event=found["source"].removeprefix("/events/"),
            topic=at,
            kind=kind,
            attempt=int(found["data"]["attempt"]),
            step=int(found["data"]["step"]),
        )
    except UnreadableError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error


def state(booking: dict[str, Any], *, step: int, at: datetime, span: UUID) -> bytes:
    """A state of a booking, for others; `booking` as its visitor sees it."""
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


def headers(kind: str, booking: UUID, span: UUID, **more: str) -> Headers:
    """What goes beside a message, so that it can be routed without being read."""
    found = {
        "type": kind,
        "schema": SCHEMA,
        "traceparent": traceparent(booking, span),
        **more,
    }
    return [(name, value.encode()) for name, value in found.items()]


def type_of(envelope: Envelope) -> str:
    """`order.charge`, `message.charged`."""
    return f"{WORDS[envelope.topic]}.{envelope.kind}"


def traceparent(booking: UUID, span: UUID) -> str:
    """W3C Trace Context (https://www.w3.org/TR/trace-context/#traceparent-header)."""
    return f"00-{booking.hex}-{span.hex[:16]}-01"
