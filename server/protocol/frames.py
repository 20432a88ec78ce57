"""Frames: bytes of a visitor become commands, what happened becomes bytes; no I/O here.

The table of examples in its tests is the client's documentation.
"""

from typing import Annotated, Any

import msgspec
import orjson

from booking_rush.errors import Invalid

FRAME_BYTES_MAX = 8192
ID_CHARACTERS_MAX = 64
SUBPROTOCOL = "booking-rush.v1"

# Close codes: 1001, 1012 and 1013 as the standard says; ours tell a client whether to come back.
GOING_AWAY = 1001
RESTARTING = 1012
OVERLOADED = 1013
MALFORMED = 4400
NOT_AUTHENTICATED = 4401
FORBIDDEN = 4403
UNKNOWN_EVENT = 4404
TOO_SLOW = 4408
REPLACED = 4409
TOO_MANY = 4429

CommandId = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]


class ClientFrame(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", kw_only=True
):
    """A visitor's command; its id only ties the answer to it."""

    id: CommandId


class Join(ClientFrame, frozen=True, tag="queue.join"):
    """Give me a place."""


class Claim(ClientFrame, frozen=True, tag="queue.claim"):
    """I am here."""


class Leave(ClientFrame, frozen=True, tag="queue.leave"):
    """Take my place or pass."""


class Ping(ClientFrame, frozen=True, tag="ping"):
    """A sign of life, which is not being heard of."""


class WatchSeats(ClientFrame, frozen=True, tag="seats.watch"):
    """Tell me the seats of a section, or of all of them, and what changes."""

    section: str = ""


class UnwatchSeats(ClientFrame, frozen=True, tag="seats.unwatch"):
    """Tell me no more about seats."""


class Create(ClientFrame, frozen=True, tag="hold.create"):
    """Hold seats for me: these, or a quantity of a section."""

    key: str | msgspec.UnsetType = msgspec.UNSET
    seats: list[str] | msgspec.UnsetType = msgspec.UNSET
    section: str | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType = msgspec.UNSET


class OfHold(ClientFrame, frozen=True):
    """A command about a hold of mine."""

    hold: str


class Extend(OfHold, frozen=True, tag="hold.extend"):
    """Let it end later."""


class Release(OfHold, frozen=True, tag="hold.release"):
    """Take it back."""


class Checkout(OfHold, frozen=True, tag="hold.checkout"):
    """I pay, and may say where mail about it goes."""

    payment_method: str
    email: str | msgspec.UnsetType = msgspec.UNSET
    language: str = "en"


AnyFrame = (
    Join | Claim | Leave | Ping | WatchSeats | UnwatchSeats | Create | Extend | Release | Checkout
)  # fmt: skip

_decoder: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)


class MalformedFrameError(Exception):
    """A frame that is no JSON object: the socket is closed with 4400."""


class InvalidFrameError(Exception):
    """A JSON object that is no command; `re` is its id, where it has one."""

    def __init__(self, re: str | None, problem: Invalid) -> None:
        super().__init__(problem.detail)
        self.re = re
        self.problem = problem


def read(text: str) -> AnyFrame:
    """The command that a text frame is.

    Raises:
        MalformedFrameError: no JSON object.
        InvalidFrameError: not a command, or not well formed.
    """
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidFrameError(_id_of(text), mistake(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise MalformedFrameError from None


def mistake(error: msgspec.ValidationError) -> Invalid:
    """What msgspec found, as field and why."""
    why, _, where = str(error).partition(" - at `")
    return Invalid((where.rstrip("`").removeprefix("$").lstrip(".") or "body", why))


def _id_of(text: str) -> str | None:
    """The id of a frame that is no command; a frame that is no object is malformed."""
    try:
        frame = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise MalformedFrameError from None
    if not isinstance(frame, dict):
        raise MalformedFrameError
    found = frame.get("id")  # pyright: ignore[reportUnknownVariableType]
    return found if isinstance(found, str) and 1 <= len(found) <= ID_CHARACTERS_MAX else None


def frame(kind: str, re: str | None = None, **members: Any) -> bytes:
    """A frame to a client; what answers a command carries its id as `re`."""
    head: dict[str, Any] = {"type": kind} if re is None else {"type": kind, "re": re}
    return orjson.dumps(head | members)


def error(re: str | None, problem: dict[str, Any]) -> bytes:
    """The answer to a refused command."""
    return orjson.dumps({"type": "error", "re": re, "problem": problem})


def position(ahead: int, waiting: int, rate: float, eta: tuple[int, int] | None) -> bytes:
    """`queue.position`, written by hand: it is made for every visitor by themselves."""
    seconds = b"null" if eta is None else b"[%d,%d]" % eta
    return b'{"type":"queue.position","ahead":%d,"waiting":%d,"rate":%.2f,"eta_seconds":%s}' % (
        ahead, waiting, rate, seconds,
    )  # fmt: skip


def server_sent(kind: str, data: bytes) -> bytes:
    """A frame as a Server-Sent Event of the same name."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


def kind_of(data: bytes) -> str:
    """The type of a frame that we made: every one of them begins with it."""
    return data[9 : data.index(b'"', 9)].decode()
