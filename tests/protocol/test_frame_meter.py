"""The meter of a socket's bytes: every frame is found, however the bytes are cut into packets."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from booking_rush.server.protocol.frame_meter import FRAGMENTS_MAX, FrameMeter
from booking_rush.server.protocol.frames import TOO_MANY

MEGABYTES = 1_000_000  # commands a second, so that bytes and messages are no bound


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


PING, TEXT = frame(Opcode.PING), frame(Opcode.TEXT, b"{}")
PART = frame(Opcode.TEXT, fin=False)

sizes = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])


@given(st.lists(sizes, max_size=9), st.integers(1, 9), st.data())
def test_every_ping_is_found(texts: list[int], pings: int, data: st.DataObject) -> None:
    frames = [frame(Opcode.TEXT, b"x" * size) for size in texts] + [PING] * (10 + pings)
    sent = b"".join(data.draw(st.permutations(frames)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=20)))
    meter = FrameMeter(MEGABYTES, 0.0)
    codes = [
        meter.read(sent[begin:end], 0.0).code
        for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)
    ]
    assert sum(code == TOO_MANY for code in codes) >= 1
    ten = b"".join(frames[: len(texts)]) + PING * 10
    assert FrameMeter(MEGABYTES, 0.0).read(ten, 0.0) == (len(ten), 0, True)


def test_ten_control_frames_and_then_two_a_second() -> None:
    meter = FrameMeter(50, 0.0)
    assert meter.read(PING * 10, 0.0).code == 0
    assert meter.read(PING, 0.0) == (0, TOO_MANY, True)
    assert meter.read(PING * 2, 1.0).code == 0
    assert meter.read(PING, 1.0).code == TOO_MANY


def test_messages_beyond_the_bound_are_not_parsed_and_those_before_are() -> None:
    meter = FrameMeter(50, 0.0)
    assert meter.read(TEXT * 1000, 0.0) == (200 * len(TEXT), TOO_MANY, False)


def test_a_message_in_too_many_fragments() -> None:
    meter = FrameMeter(50, 0.0)
    more = frame(Opcode.CONT, fin=False)
    assert meter.read(PART + more * (FRAGMENTS_MAX - 1), 0.0).code == 0
    assert meter.read(more, 0.0).code == 1009


def test_bytes_beyond_the_budget() -> None:
    meter = FrameMeter(50, 0.0)
    head = b"\x81\xff" + (100_000).to_bytes(8) + b"mask"
    assert meter.read(head + b"\0" * 65_000, 0.0).code == 0
    assert meter.read(b"\0" * 1000, 0.0).code == TOO_MANY
    assert meter.read(b"\0" * 8000, 1.0).code == 0
