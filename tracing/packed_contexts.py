"""Contexts of a batch as they cross Redis: packed beside its commands, and in its outbox entry."""

from collections.abc import Mapping

import msgspec

from booking_rush.errors import UNREADABLE
from booking_rush.tracing.spans import NO_CONTEXTS

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, str]).decode


def pack(contexts: Mapping[str, str]) -> list[bytes]:
    """Return contexts by subject as an argument of the program; without any, no argument."""
    return [_encode(contexts)] if contexts else []


def unpack(packed: bytes | None) -> Mapping[str, str]:
    """Return the contexts of an outbox entry by subject; those that cannot be read are none."""
    if packed is None:
        return NO_CONTEXTS
    try:
        return _decode(packed)
    except UNREADABLE:
        return NO_CONTEXTS
