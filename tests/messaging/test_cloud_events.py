"""Records of other systems that no store can have are unreadable, and so dead letters at once."""

import json
from typing import Any
from uuid import UUID

import pytest

from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.messaging.cloud_events import MESSAGES, UnreadableError
from booking_rush.booking.messaging.outbox import Envelope

ENVELOPE = Envelope(UUID(int=1), UUID(int=2), "demo", "messages", "charged", 1, 3)


def record(**changed: Any) -> bytes:
    return json.dumps({**json.loads(cloud_events.serialize(ENVELOPE)), **changed}).encode()


def test_a_record_is_read_as_it_was_written() -> None:
    assert cloud_events.parse(MESSAGES, record()) == ENVELOPE


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {"attempt": 2**31, "step": 0}},
        {"data": {"attempt": -1, "step": 0}},
        {"data": {"attempt": 1, "step": 2**70}},
        {"data": {"attempt": None, "step": 0}},
        {"source": "/events/a\0b"},
        {"source": "/events/"},
        {"source": 7},
        {"type": "message.char\0ged"},
        {"type": "message."},
        {"subject": "no uuid"},
    ],
    ids=str,
)
def test_what_no_store_can_have_is_unreadable(changed: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        cloud_events.parse(MESSAGES, record(**changed))
