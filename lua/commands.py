"""Base classes of commands and replies, and the types and replies that wings share.

Each folder beside this file has a `commands.py` with its commands, and one file of Lua a move,
whose first line names the command's fields and its replies; a test compares the two. Times are
milliseconds since 1970 by Redis's clock.
"""

import re
from typing import Generic, Literal, TypeVar

import msgspec

R = TypeVar("R", covariant=True)

EventState = Literal["scheduled", "drawing", "open", "paused", "draining", "closed"]
PlaceState = Literal["lobby", "waiting", "admitted", "late", "back", "ended"]


def tag_of_type(name: str) -> str:
    """Return the tag of a class: JoinLine → join_line, also the name of the move's file."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Reply(msgspec.Struct, frozen=True, array_like=True, tag=tag_of_type):
    """Reply of a move to a command; packed it is an array, its tag first."""


class Command(msgspec.Struct, Generic[R], frozen=True, array_like=True, tag=tag_of_type):
    """Command for a move; R is the union of its replies. Packed it is an array, its tag first."""


class NotReady(Reply, frozen=True):
    """Reply of any move: Redis has the event under another epoch, or not at all."""


class Failed(Reply, frozen=True):
    """Reply of any move: Lua raised an error, which is a mistake of ours."""

    why: str


class SaleIsStopped(Reply, frozen=True):
    """Refusal: an operator has stopped the sale, and nothing of it goes on meanwhile."""


class Published(Reply, frozen=True):
    """Reply after a publication in Redis: every subscribed process is sent the news."""
