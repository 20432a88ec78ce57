"""Presentation of an event to people: venue, theme, time zones, sections, parts of prices."""

import re
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from booking_rush.text import CONTROLS, LINE_PATTERN, SEPARATORS, SURROGATES, Line

SeatKind = Literal["wheelchair", "companion", "restricted"]
SeatName = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\.[A-Z0-9]{1,4}-[1-9][0-9]{0,3}\Z")
]
Coordinate = Annotated[float, msgspec.Meta(ge=-10_000, le=10_000)]
_ADDRESS = rf"[^\s\"'<>\\{CONTROLS}{SEPARATORS}{SURROGATES}]+\Z"
_OWN_ADDRESS = re.compile(rf"^/(?!/){_ADDRESS}")
# An address on this site or on https: nothing else may be a picture on a page.
Picture = Annotated[str, msgspec.Meta(pattern=rf"^(https://|/(?!/)){_ADDRESS}", max_length=500)]
# An address on this site alone; `check_views` says in words what a pattern would say as one.
OwnPicture = Annotated[
    str,
    msgspec.Meta(
        pattern=LINE_PATTERN, max_length=500, extra_json_schema={"pattern": r"^/[^/\s]\S*$"}
    ),
]


# Elsewhere, and opened by a visitor's press alone: https, a plain host, nobody's password.
Link = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
        r"([/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]*)?\Z",
        max_length=500,
    ),
]


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of members of an event: unknown fields are refused."""


class Venue(Member, frozen=True, omit_defaults=True):
    """The place where an event happens."""

    name: Line
    address: Line | None = None


class Theme(Member, frozen=True, omit_defaults=True):
    """An event's own look: its colour, and addresses of its pictures."""

    accent: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]
    logo: Picture | None = None
    picture: Picture | None = None


class Terms(Member, frozen=True, omit_defaults=True):
    """The terms that a buyer accepts by paying: where they stand, and what they are called."""

    url: Link
    name: Line | None = None


class Included(Member, frozen=True):
    """A part of a price that is told apart, such as a fee or a tax, in minor units."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE_PATTERN)]
    amount: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)]


# A price is the total: these lines say what is in it, and add nothing.
Includes = Annotated[list[Included], msgspec.Meta(max_length=6)]


class Placed(Member, frozen=True, kw_only=True):
    """The place of a section in the house, in seats, and its turn in degrees; both are optional.

    `focus` is the point in the house that its seats look at, `view` the path on this site of a
    picture of what they see.
    """

    at: tuple[Coordinate, Coordinate] | None = None
    rotation: Annotated[float, msgspec.Meta(ge=-360, le=360)] = 0
    focus: tuple[Coordinate, Coordinate] | None = None
    view: OwnPicture | None = None


class Drawn(Placed, frozen=True, kw_only=True):
    """The drawing of rows: the radius of their curve (0: straight), the seat numbers after which
    there is an aisle, and seats of other kinds than `standard`.
    """

    curve: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0
    aisles: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=999)]], msgspec.Meta(max_length=50)
    ] = []
    kinds: dict[SeatKind, Annotated[list[SeatName], msgspec.Meta(max_length=10_000)]] = {}


LAYOUT = ("at", "rotation", "focus", "view", "curve", "aisles", "kinds")


def layout_of(section: Placed) -> dict[str, Any]:
    """Return the members of a section's layout that were given."""
    given = {name: getattr(section, name, None) for name in LAYOUT}
    return {name: msgspec.to_builtins(value) for name, value in given.items() if value}


def check_views(given: dict[str, str | None]) -> list[tuple[str, str]]:
    """Return mistakes in views, given by their fields."""
    return [
        (field, f"no path of a picture on this site, such as /pictures/stalls.jpg: {view!r}")
        for field, view in given.items()
        if view is not None and not _OWN_ADDRESS.match(view)
    ]


@lru_cache(1024)
def is_time_zone(name: str) -> bool:
    """Return whether a name is one of the IANA time zone database."""
    try:
        return ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):
        return False
