"""Command and Reply, the base classes of all that crosses to Redis, and what every move shares.

A move's file begins with its command and its replies; a tidy test compares the two. Times are
milliseconds since 1970 by Redis's clock.
"""

import re
from typing import Generic, Literal, TypeVar

import msgspec

R = TypeVar("R", covariant=True)

RoomState = Literal["scheduled", "drawing", "open", "paused", "draining", "closed"]
PlaceState = Literal["waiting", "admitted", "late", "back", "ended"]


def tag_of_type(name: str) -> str:
    """JoinLine → join_line: the name of the move, and of the word in a reply."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Reply(msgspec.Struct, frozen=True, tag_field="word", tag=tag_of_type):
    """What a move answers."""


class Command(msgspec.Struct, Generic[R], frozen=True, tag_field="move", tag=tag_of_type):
    """What a move is asked; R is every reply that it may give."""


# Replies: of any move


class NotReady(Reply, frozen=True):
    """The event's data are of another life of Redis, or not loaded."""


class Failed(Reply, frozen=True):
    """The move broke: a mistake of ours."""

    why: str


# Replies: where a visitor stands


# Replies: of operators and duties


# Commands: of visitors


# Commands: of operators


# Commands: of processes and duties


# Commands: of the one way back


class Published(Reply, frozen=True):
    """Published in Redis: every process that is subscribed has it."""
