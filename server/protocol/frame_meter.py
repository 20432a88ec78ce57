"""Meter of a socket's incoming bytes: bounds on bytes and frames, judged before they are parsed.

A parser would turn a packet of 64 KiB into 10,000 empty frames before anybody could count them.
"""

import struct
from typing import NamedTuple

from booking_rush.server.protocol.frames import FRAME_BYTES_MAX, TOO_MANY
from booking_rush.token_bucket import TokenBucket

try:
    from websockets.speedups import apply_mask
except ImportError:  # no build of the extension for this platform
    from websockets.utils import apply_mask

BYTES_PER_COMMAND = 164  # 8 KiB a second at fifty commands a second
BURST_S = 8.0  # 64 KiB at fifty commands a second
CONTROLS_PER_SECOND, CONTROLS_BURST = 2, 10
FRAGMENTS_MAX = 16  # of one message
MESSAGE_TOO_BIG = 1009
HEAD_BYTES_MAX = 14


class Verdict(NamedTuple):
    """Number of the bytes to parse, and the code to close with after them; 0: all is well.

    `at_once` is false where the messages that were parsed are still to be answered.
    """

    size: int
    code: int = 0
    at_once: bool = True


class FrameMeter:
    """Counts of one socket: bytes, messages, control frames, and fragments of a message.

    Messages are bounded at twice what the socket's commands are; so whoever sends too many commands
    is answered the allowed ones first.
    """

    __slots__ = ("_bytes", "_controls", "_fragments", "_head", "_messages", "_payload")

    def __init__(self, commands_per_second: int, now: float) -> None:
        rate = BYTES_PER_COMMAND * commands_per_second
        self._bytes = TokenBucket(rate, BURST_S * rate, now)
        self._messages = TokenBucket(2 * commands_per_second, 4 * commands_per_second, now)
        self._controls = TokenBucket(CONTROLS_PER_SECOND, CONTROLS_BURST, now)
        self._fragments = 0
        self._head = b""  # of a frame whose head has not come whole
        self._payload = 0  # bytes of the current frame that are still to come

    @property
    def is_between_messages(self) -> bool:
        """Return whether the next byte begins a message."""
        return not (self._payload or self._head or self._fragments)

    def read(self, data: bytes, now: float) -> Verdict:
        """Count the frames in these bytes. Return how many of the bytes are within the bounds."""
        if not self._bytes.take(now, len(data)):
            return Verdict(0, TOO_MANY)
        if self.is_between_messages and _payload_begin(data):  # how nearly every command comes
            code, at_once = self._count(data[0], now)
            return Verdict(0, code, at_once) if code else Verdict(len(data))
        at = 0
        while at < len(data):
            if self._payload:
                skipped = min(self._payload, len(data) - at)
                self._payload -= skipped
                at += skipped
                continue
            begin = at - len(self._head)
            head = self._head + data[at : at + HEAD_BYTES_MAX - len(self._head)]
            size = _head_size(head)
            if len(head) < size:
                self._head = head
                return Verdict(len(data))
            at, self._head = begin + size, b""
            self._payload = _payload_size(head)
            code, at_once = self._count(head[0], now)
            if code:
                return Verdict(max(0, begin), code, at_once)
        return Verdict(len(data))

    def _count(self, first: int, now: float) -> tuple[int, bool]:
        """Count a frame by the first byte of its head (RFC 6455, 5.2). Return a code, or 0."""
        if first & 0x08:
            return (0 if self._controls.take(now) else TOO_MANY), True
        self._fragments += 1
        if self._fragments > FRAGMENTS_MAX:
            return MESSAGE_TOO_BIG, True
        if first & 0x80:
            self._fragments = 0
            return (0 if self._messages.take(now) else TOO_MANY), False
        return 0, True


def whole_text(data: bytes) -> bytes | None:
    """Return the payload of these bytes where they are one masked text frame; None: they are not.

    That is how nearly every command comes, and to parse it takes a tenth of what a general parser
    takes. Everything else is left to that, frames beyond FRAME_BYTES_MAX among it.
    """
    begin = _payload_begin(data)
    if not begin or len(data) > begin + FRAME_BYTES_MAX:
        return None
    return apply_mask(data[begin:], data[begin - 4 : begin])


def _payload_begin(data: bytes) -> int:
    """Return where the payload begins in bytes that are one masked text frame; 0: they are not.

    Frames of 64 KiB and more are not looked for.
    """
    if len(data) < 6 or data[0] != 0x81:
        return 0
    size = data[1] - 0x80  # below 0: not masked
    if 0 <= size < 126:
        return 6 if len(data) == 6 + size else 0
    if size == 126 and len(data) >= 8:
        return 8 if len(data) == 8 + data[2] * 256 + data[3] else 0
    return 0


def _head_size(head: bytes) -> int:
    """Return the size of a frame's head, as far as the bytes that have come tell it."""
    if len(head) < 2:
        return 2
    extended = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
    return 2 + extended + (4 if head[1] & 0x80 else 0)


def _payload_size(head: bytes) -> int:
    """Return the size of the payload that a whole head announces."""
    match head[1] & 0x7F:
        case 126:
            return int(struct.unpack_from("!H", head, 2)[0])
        case 127:
            return int(struct.unpack_from("!Q", head, 2)[0])
        case size:
            return size
