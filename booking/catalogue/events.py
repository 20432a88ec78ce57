"""An event as operators describe it: shows, sections and prices, checked as a whole."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from booking_rush.booking.catalogue.presentation import (
    Drawn,
    Included,
    Includes,
    OwnPicture,
    Placed,
    SeatName,
    Terms,
    Theme,
    Venue,
    check_views,
    is_time_zone,
)
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.errors import Invalid
from booking_rush.text import Line

SEATS_MAX = 1_000_000  # of one event, all its shows together
SECTIONS_MAX = 500
NAMED_MAX = 10  # mistakes of one kind that a refusal names

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
ZoneName = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_+/-]*\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


# The names that a checkout asks for: none, or the one of the buyer.
Names = Literal["none", "buyer"]

RulesGiven = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="Rules with other values than their defaults. That of `fairness` is `lottery`"
        " where `opens_at` is given, otherwise `arrival`."
    ),
]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of request bodies: unknown fields are refused."""


class Price(Strict, frozen=True):
    """Money in minor units."""

    amount: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]


class Show(Strict, frozen=True):
    """One date of an event, and the time zone of its venue; empty: of the site."""

    id: Id
    starts_at: Moment
    time_zone: ZoneName = ""


class Row(Strict, frozen=True):
    """A row of seats, numbered from 1."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,4}\Z")]
    seats: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class SeatedSection(Drawn, frozen=True, kw_only=True, tag_field="kind", tag="seated"):
    """A section of rows of seats, front first; `closed` seats are not for sale."""

    id: Id
    show: Id
    name: Line
    price: Price
    rows: Annotated[list[Row], msgspec.Meta(min_length=1, max_length=1000)]
    closed: Annotated[list[SeatName], msgspec.Meta(max_length=SEATS_MAX)] = msgspec.field(
        default_factory=list[SeatName]
    )
    includes: Includes = msgspec.field(default_factory=list[Included])

    @property
    def capacity(self) -> int:
        """The number of seats, for sale or not."""
        return sum(row.seats for row in self.rows)


class StandingSection(Placed, frozen=True, kw_only=True, tag_field="kind", tag="standing"):
    """A section of places without numbers."""

    id: Id
    show: Id
    name: Line
    price: Price
    capacity: Annotated[int, msgspec.Meta(ge=1, le=SEATS_MAX)]
    includes: Includes = msgspec.field(default_factory=list[Included])


Section = SeatedSection | StandingSection


class NewEvent(Strict, frozen=True):
    """A whole event in one body."""

    id: Id
    name: Line
    shows: Annotated[list[Show], msgspec.Meta(min_length=1, max_length=100)]
    sections: Annotated[list[Section], msgspec.Meta(max_length=SECTIONS_MAX)]
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    rules: RulesGiven = {}
    venue: Venue | None = None
    theme: Theme | None = None
    terms: Terms | None = None
    names: Names = "none"

    def check(self) -> None:
        """Check the rules that types cannot express.

        Raises:
            Invalid: with one entry for each mistake.
        """
        errors = [
            *_repeated("shows", [show.id for show in self.shows]),
            *check_sections(self.sections, {show.id for show in self.shows}),
            *check_times(self.opens_at, self.closes_at, *(show.starts_at for show in self.shows)),
            *check_time_zones(
                {f"shows[{at}].time_zone": show.time_zone for at, show in enumerate(self.shows)}
            ),
        ]
        if errors:
            raise Invalid(*errors)


class EventChange(Strict, frozen=True):
    """A change of an event; a member that is not given stays. The last three are refused."""

    name: Line | msgspec.UnsetType = msgspec.UNSET
    opens_at: Moment | msgspec.UnsetType | None = msgspec.UNSET
    closes_at: Moment | msgspec.UnsetType | None = msgspec.UNSET
    sections: Annotated[list[Section], msgspec.Meta(max_length=SECTIONS_MAX)] = []
    venue: Venue | msgspec.UnsetType | None = msgspec.UNSET
    theme: Theme | msgspec.UnsetType | None = msgspec.UNSET
    terms: Terms | msgspec.UnsetType | None = msgspec.UNSET
    names: Names | msgspec.UnsetType = msgspec.UNSET
    time_zones: dict[Id, ZoneName] = {}  # of shows, by their ids
    views: dict[Id, OwnPicture | None] = {}  # of sections, by their ids; null: none any more
    id: Any = msgspec.UNSET
    shows: Any = msgspec.UNSET
    rules: Any = msgspec.UNSET


def check_sections(
    sections: list[Section], shows: set[str], present: Sequence[Section] = ()
) -> list[tuple[str, str]]:
    """Return mistakes in sections that come to those present: repeated ids, unknown shows, rows or
    closed seats, views elsewhere, and prices that include more than they are.

    The work is bounded by SEATS_MAX: beyond it nothing is looked at any more.
    """
    together = [*present, *sections]
    errors = _repeated("sections", [section.id for section in together])
    if sum(section.capacity for section in together) > SEATS_MAX:
        return [*errors, ("sections", f"more than {SEATS_MAX} places in one event")]
    for index, section in enumerate(sections):
        field = f"sections[{index}]"
        errors += check_views({f"{field}.view": section.view})
        if section.show not in shows:
            errors.append((f"{field}.show", f"there is no show {section.show!r}"))
        if sum(line.amount for line in section.includes) > section.price.amount:
            errors.append(
                (f"{field}.includes", "together more than the price, which includes them")
            )
        if isinstance(section, SeatedSection):
            errors += _repeated(f"{field}.rows", [row.name for row in section.rows])
            for name, seats in {"closed": section.closed, **_kinds_of(section)}.items():
                if unknown := _unknown_seats(section, seats):
                    errors.append((f"{field}.{name}", f"unknown seats: {_some_of(unknown)}"))
    return errors


def check_times(
    opens_at: datetime | None, closes_at: datetime | None, *others: datetime
) -> list[tuple[str, str]]:
    """Return mistakes in times: outside the years 2000 to 2199, or closing before opening."""
    moments = [moment for moment in (opens_at, closes_at, *others) if moment]
    if any(not 2000 <= moment.year <= 2199 for moment in moments):
        return [("opens_at, closes_at, starts_at", "years from 2000 to 2199")]
    if opens_at and closes_at and closes_at <= opens_at:
        return [("closes_at", "must be after opens_at")]
    return []


def kind_of(section: Section) -> Literal["seated", "standing"]:
    """Return the kind of a section, as in JSON."""
    return "seated" if isinstance(section, SeatedSection) else "standing"


def price_members(section: Section) -> dict[str, Any]:
    """Serialize the price of a place, with the fees and taxes in it where they are told."""
    members: dict[str, Any] = {"price": msgspec.to_builtins(section.price)}
    if section.includes:
        members["includes"] = msgspec.to_builtins(section.includes)
    return members


def check_time_zones(given: dict[str, str]) -> list[tuple[str, str]]:
    """Return mistakes in time zones, given by their fields; an empty one is the site's."""
    return [
        (field, f"no IANA time zone, such as Europe/Berlin: {name!r}")
        for field, name in given.items()
        if name and not is_time_zone(name)
    ]


def _kinds_of(section: SeatedSection) -> dict[str, list[str]]:
    return {f"kinds.{kind}": seats for kind, seats in section.kinds.items()}


def _unknown_seats(section: SeatedSection, seats: list[str]) -> list[str]:
    """Those of these seats that are in no row of the section, sorted."""
    lengths = {row.name: row.seats for row in section.rows}

    def exists(text: str) -> bool:
        try:
            seat = SeatId.parse(text)
        except ValueError:
            return False
        is_in_row = 1 <= seat.number <= lengths.get(seat.row, 0)
        return is_in_row and seat.section == section.id and str(seat) == text

    return sorted({text for text in seats if not exists(text)})


def _repeated(field: str, ids: list[str]) -> list[tuple[str, str]]:
    twice = sorted(id_ for id_, times in Counter(ids).items() if times > 1)
    return [(field, f"given twice: {_some_of(twice)}")] if twice else []


def _some_of(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
