"""Change of an event, and of its rules: what it may say, and what the audit keeps of it."""

from datetime import datetime
from typing import Any

import msgspec

from booking_rush.booking.catalogue.events import (
    EventChange,
    check_sections,
    check_time_zones,
    check_times,
)
from booking_rush.booking.catalogue.presentation import check_views
from booking_rush.booking.catalogue.rows import Event
from booking_rush.errors import Invalid
from booking_rush.postgres import Connection
from booking_rush.queue.rules import Rules


def check_change(
    current: Event, change: EventChange, opens_at: datetime | None, closes_at: datetime | None
) -> None:
    """Check a change of an event against the event as it is.

    Raises:
        Invalid: with each member that is wrong.
    """
    shows = {show.id for show in current.shows}
    sections, zones = change.sections, change.time_zones
    errors = check_sections(sections, shows, current.sections) if sections else []
    known = {section.id for section in current.sections}
    errors += [(f"views.{id_}", "there is no such section") for id_ in change.views.keys() - known]
    errors += check_views({f"views.{id_}": view for id_, view in change.views.items()})
    errors += check_times(opens_at, closes_at)
    errors += [(f"time_zones.{id_}", "there is no such show") for id_ in zones.keys() - shows]
    errors += [(f"time_zones.{id_}", "a time zone") for id_, zone in zones.items() if not zone]
    errors += check_time_zones({f"time_zones.{id_}": zone for id_, zone in zones.items()})
    if errors:
        raise Invalid(*errors)


def given(value: Any, current: Any) -> Any:
    """Return a member of a change, or the current one where the change has none."""
    return current if value is msgspec.UNSET else value


def fields_of(change: EventChange) -> dict[str, Any]:
    """Return a change as the audit keeps it: sections by their ids, and views where there are."""
    fields: dict[str, Any] = msgspec.to_builtins(change)
    if not change.views:
        del fields["views"]
    return {**fields, "sections": [section.id for section in change.sections]}


async def check_earlier(connection: Connection, rules: Rules, inside: str = "") -> None:
    """Check that the event is there whose receipts open the lane `again`.

    Raises:
        Invalid: nobody can have a receipt of it.
    """
    asked = rules.again_from
    if asked and not await connection.fetchval("SELECT 1 FROM events WHERE id = $1", asked):
        raise Invalid((f"{inside}again_from", f"there is no event {asked!r}"))
