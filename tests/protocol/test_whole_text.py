"""Text frames that come whole are read as the library's own parser reads them; others are left."""

import os
import random

import pytest
from websockets.frames import Frame, Opcode

from booking_rush.server.protocol.frame_meter import FrameMeter, whole_text
from booking_rush.server.protocol.frames import FRAME_BYTES_MAX


def masked(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin=fin).serialize(mask=True)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 125, 126, 127, 255, 256, 1000, FRAME_BYTES_MAX])
def test_a_whole_text_frame_is_read(size: int) -> None:
    for _ in range(20):
        payload = os.urandom(size)
        assert whole_text(masked(Opcode.TEXT, payload)) == payload


TEXT = masked(Opcode.TEXT, b'{"type":"ping"}')


OTHERS = {
    "nothing": b"",
    "one byte": TEXT[:1],
    "a part of the head": TEXT[:7],
    "all but one byte": TEXT[:-1],
    "a frame and a byte": TEXT + b"\x81",
    "two frames": TEXT + TEXT,
    "not masked": Frame(Opcode.TEXT, b'{"type":"ping"}').serialize(mask=False),
    "a reserved bit": b"\xc1" + TEXT[1:],
    "the first of two": masked(Opcode.TEXT, b"the first of two", fin=False),
    "the second of two": masked(Opcode.CONT, b"the second of two"),
    "binary": masked(Opcode.BINARY, b"binary data"),
    "a ping": masked(Opcode.PING, b"a ping of ours"),
    "a close": masked(Opcode.CLOSE, b"\x03\xe8good bye"),
    "too large": masked(Opcode.TEXT, bytes(FRAME_BYTES_MAX + 1)),
    "much too large": masked(Opcode.TEXT, bytes(70_000)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_all_else_is_left_to_the_parser(name: str) -> None:
    assert whole_text(OTHERS[name]) is None


def test_a_message_begins_where_the_last_one_ended() -> None:
    """However the bytes are cut: what follows a part of a frame is never taken for a frame."""
    rng, meter = random.Random(7), FrameMeter(1000, 0.0)
    frames = [masked(Opcode.TEXT, os.urandom(rng.choice((0, 5, 130)))) for _ in range(200)]
    ends, at = {0}, 0
    for frame in frames:
        at += len(frame)
        ends.add(at)
    data, at = b"".join(frames), 0
    while at < len(data):
        assert meter.is_between_messages == (at in ends)
        size = rng.randint(1, 200)
        assert meter.read(data[at : at + size], 0.0).code == 0
        at = min(len(data), at + size)
