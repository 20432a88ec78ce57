"""Frames: text of a client decoded into commands, and frames to clients encoded as bytes. Pure.

The table of examples in its tests is the client's documentation.
"""

import random
import struct
from typing import Any, get_args

import msgspec
import orjson

from booking_rush.booking.catalogue.events import Price
from booking_rush.booking.holds.contacts import Language
from booking_rush.booking.holds.hold_request import Standing
from booking_rush.booking.joining.preferences import Preference, Quantity, Sections
from booking_rush.errors import Invalid
from booking_rush.queue.join_checks.join_request import JoinRequest, Token
from booking_rush.server.protocol.unique_members import repeated_member
from booking_rush.text import (
    Address,
    Key,
    Line,
    Name64,
    Name80,
    OptionalName64,
    PersonName,
    is_line,
)

FRAME_BYTES_MAX = 8192
ID_CHARACTERS_MAX = 64
SUBPROTOCOL = "booking-rush.v1"
RETRY_MS_MIN, BUSY_SPREAD_MS = 500, 4_500  # before a client that is turned away connects again

# Close codes: 1001, 1012 and 1013 are registered with IANA (RFC 6455, 11.7); a 44xx says to a
# client whether to come back.
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


class ClientCommand(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", kw_only=True
):
    """Command of a client. Its id does nothing but tie the answer to it."""

    id: Name64


class Join(ClientCommand, frozen=True, tag="queue.join"):
    """Give the visitor a place; code, proof of work and identity where they are asked."""

    code: Token | msgspec.UnsetType = msgspec.UNSET
    proof: Line | msgspec.UnsetType = msgspec.UNSET
    identity: Token | msgspec.UnsetType = msgspec.UNSET

    def request(self) -> JoinRequest:
        """Return what came with the join."""
        return JoinRequest(code=self.code, proof=self.proof, identity=self.identity)


class ConfirmPresence(ClientCommand, frozen=True, tag="queue.claim"):
    """Confirm the visitor's presence."""


class Leave(ClientCommand, frozen=True, tag="queue.leave"):
    """Give up place or pass."""


class Prefer(ClientCommand, frozen=True, tag="queue.prefer"):
    """Remember what the visitor would like, for their page when they are admitted."""

    quantity: Quantity
    sections: Sections | msgspec.UnsetType = msgspec.UNSET
    price_max: Price | msgspec.UnsetType = msgspec.UNSET

    def preference(self) -> Preference:
        """Return what they would like."""
        return Preference(self.quantity, self.sections, self.price_max)


class Ping(ClientCommand, frozen=True, tag="ping"):
    """Answer with `pong`; the visitor's presence is not confirmed."""


class WatchSeats(ClientCommand, frozen=True, tag="seats.watch"):
    """Send the seats of a section, or of all where it is empty, and then their changes."""

    section: OptionalName64 = ""


class UnwatchSeats(ClientCommand, frozen=True, tag="seats.unwatch"):
    """Send no more changes of seats."""


class Create(ClientCommand, frozen=True, tag="hold.create"):
    """Hold these seats, places of a standing section beside them, or a quantity in a section."""

    key: Key | msgspec.UnsetType = msgspec.UNSET
    seats: list[Name80] | msgspec.UnsetType = msgspec.UNSET
    section: Name64 | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType = msgspec.UNSET
    standing: Standing | msgspec.UnsetType = msgspec.UNSET


class HoldCommand(ClientCommand, frozen=True):
    """Command about a hold of the visitor."""

    hold: Name64


class Extend(HoldCommand, frozen=True, tag="hold.extend"):
    """Let the hold end later."""


class Release(HoldCommand, frozen=True, tag="hold.release"):
    """Give the hold back."""


class Checkout(HoldCommand, frozen=True, tag="hold.checkout"):
    """Pay for the hold; mail about the booking goes to `email`, `name` stands on the tickets."""

    payment_method: Name64
    email: Address | msgspec.UnsetType = msgspec.UNSET
    language: Language = "en"
    name: PersonName | msgspec.UnsetType = msgspec.UNSET


AnyCommand = (
    Join | ConfirmPresence | Leave | Prefer | Ping | WatchSeats | UnwatchSeats
    | Create | Extend | Release | Checkout
)  # fmt: skip

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
# Members of the commands all of whose members are required, `type` among them.
_MEMBERS = {
    kind: 1 + len(kind.__struct_fields__)
    for kind in get_args(AnyCommand)
    if all(field.required for field in msgspec.structs.fields(kind))
}


class MalformedFrameError(Exception):
    """A frame that is no JSON object; its socket is closed with 4400."""


class InvalidFrameError(Exception):
    """A JSON object that is no command; `re` is its id, if it has one."""

    def __init__(self, re: str | None, problem: Invalid) -> None:
        super().__init__(problem.detail)
        self.re = re
        self.problem = problem


def read(text: str) -> AnyCommand:
    """Decode the command in a text frame.

    Raises:
        MalformedFrameError: it is no JSON object.
        InvalidFrameError: it is an object, and no command, or names a member twice.
    """
    try:
        command = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidFrameError(_id_of(text), mistake(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise MalformedFrameError from None
    if (name := repeated_member(text, _members_of(command))) is not None:
        re = None if name == "id" else command.id
        raise InvalidFrameError(re, Invalid((name, "given twice")))
    return command


def _members_of(command: AnyCommand) -> int:
    """Return how many members the text of a command has; 0: that is not known."""
    given: tuple[object, ...]
    match command:
        case Create(standing=msgspec.UNSET):
            given = (command.key, command.seats, command.section, command.quantity)
        case Join():
            given = (command.code, command.proof, command.identity)
        case _:
            return _MEMBERS.get(type(command), 0)
    return 2 + len(given) - given.count(msgspec.UNSET)


def mistake(error: msgspec.ValidationError) -> Invalid:
    """Return a validation error of msgspec as a refusal that names the field and why."""
    why, _, where = str(error).partition(" - at `")
    return Invalid((where.rstrip("`").removeprefix("$").lstrip(".") or "body", why))


def _id_of(text: str) -> str | None:
    """Return the id in a frame that is no command, or None.

    Raises:
        MalformedFrameError: it is no JSON object.
    """
    try:
        frame = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise MalformedFrameError from None
    if not isinstance(frame, dict):
        raise MalformedFrameError
    id_ = frame.get("id")  # pyright: ignore[reportUnknownVariableType]
    return id_ if isinstance(id_, str) and is_line(id_, ID_CHARACTERS_MAX) else None


def frame(kind: str, re: str | None = None, **members: Any) -> bytes:
    """Encode a frame to a client; the answer to a command carries its id as `re`."""
    head: dict[str, Any] = {"type": kind} if re is None else {"type": kind, "re": re}
    return orjson.dumps(head | members)


def error(re: str | None, problem: dict[str, Any]) -> bytes:
    """Encode the answer to a refused command."""
    return orjson.dumps({"type": "error", "re": re, "problem": problem})


def position(ahead: int, waiting: int, rate: float, eta: tuple[int, int] | None) -> bytes:
    """Encode `queue.position`, by hand for speed: every waiting visitor is sent one of its own."""
    seconds = b"null" if eta is None else b"[%d,%d]" % eta
    return b'{"type":"queue.position","ahead":%d,"waiting":%d,"rate":%.2f,"eta_seconds":%s}' % (
        ahead, waiting, rate, seconds,
    )  # fmt: skip


def retry_later(kind: str, least_ms: int = RETRY_MS_MIN, spread_ms: int = BUSY_SPREAD_MS) -> bytes:
    """Encode `server.busy` or `server.restarting`, the last frame before a close to come back from.

    The time is another for each client, spread over `spread_ms`: not all come back at once.
    """
    return frame(kind, retry_after_ms=random.randint(least_ms, least_ms + spread_ms))  # noqa: S311


def text_frame(payload: bytes) -> bytes:
    """Return a text frame (RFC 6455, 5.2), unmasked and final; every socket gets the same bytes."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def server_sent(kind: str, data: bytes) -> bytes:
    """Encode a frame as a Server-Sent Event named after its type."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


def kind_of(data: bytes) -> str:
    """Return the type of an encoded frame: every frame begins with it."""
    return data[9 : data.index(b'"', 9)].decode()
