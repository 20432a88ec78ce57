"""Events and charts as JSON for everybody, in memory: Postgres is read once a version of an event.

The registry sees a new version within a second; then the event is read again by who asks next.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.seats.chart import chart
from booking_rush.booking.seats.compact_chart import compact_chart
from booking_rush.coalescing import coalesced
from booking_rush.compression import Encoded, encoded
from booking_rush.queue.event_registry import EventRecord, EventRegistry, UnknownEvent

EVENTS_MAX = 2048  # in memory; the one that was read first goes first
CHARTS_BYTES_MAX = 256 * 1024 * 1024  # likewise, in every encoding; one chart is always there
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Chart(NamedTuple):
    """A chart of one version of an event, in both of its forms."""

    version: int
    full: Encoded
    compact: Encoded

    @property
    def size(self) -> int:
        """Return how many bytes it takes in memory."""
        return sum(
            len(body) for form in (self.full, self.compact) for body in form.encodings.values()
        )


class _Shown(NamedTuple):
    version: int
    body: bytes
    recovering: bytes  # the same while Redis is being loaded again


class EventCache:
    """Events and charts of one process, by the versions that the registry knows."""

    def __init__(self, catalogue: Catalogue, registry: EventRegistry) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._events: dict[str, _Shown] = {}
        self._charts: dict[str, Chart] = {}
        self._reading = coalesced(self._read)
        self._drawing = coalesced(self._draw)

    async def event(self, event: str) -> bytes:
        """Return an event.

        Raises:
            UnknownEvent: there is none of this id.
        """
        [(_, found)] = await self._all([await self._registry.row(event)])
        return found

    async def on_sale(self, *, limit: int, after: str | None) -> list[tuple[str, bytes]]:
        """Return up to `limit` events that are not closed, with their ids, first to open first."""
        rows = sorted(
            (row for row in self._registry.rows if row.state != "closed"),
            key=lambda row: (row.opens_at or LONG_AGO, row.id),
        )
        if after is not None:
            ids = [row.id for row in rows]
            rows = rows[ids.index(after) + 1 :] if after in ids else []
        return await self._all(rows[:limit])

    async def chart(self, event: str) -> Chart:
        """Return the chart of an event.

        Raises:
            UnknownEvent: there is none of this id.
        """
        row = await self._registry.row(event)
        found = self._charts.get(event)
        return found if found and found.version >= row.version else await self._drawing.do(event)

    async def _all(self, rows: Sequence[EventRecord]) -> list[tuple[str, bytes]]:
        """Return ids and events in this order; those not known in this version are read."""
        shown = {row.id: self._events.get(row.id) for row in rows}
        old = [row.id for row in rows if not _is_current(shown[row.id], row)]
        if old:
            read = await asyncio.gather(*map(self._reading.do, old))
            shown.update(zip(old, read, strict=True))
        return [(id_, self._body(id_, one)) for id_, one in shown.items() if one is not None]

    def _body(self, event: str, shown: _Shown) -> bytes:
        return shown.recovering if self._registry.is_recovering(event) else shown.body

    async def _read(self, events: Sequence[str]) -> list[_Shown | Exception]:
        """Read events that were asked for together, in one statement."""
        for event in await self._catalogue.some(sorted(set(events))):
            body, recovering = map(orjson.dumps, (event.members(), event.members("recovering")))
            self._events.pop(event.id, None)
            self._events[event.id] = _Shown(event.version, body, recovering)
            if len(self._events) > EVENTS_MAX:
                del self._events[next(iter(self._events))]
        return [self._events.get(event) or UnknownEvent() for event in events]

    async def _draw(self, events: Sequence[str]) -> list[Chart | Exception]:
        drawn: dict[str, Chart] = {}
        for event in await self._catalogue.some(sorted(set(events))):
            drawn[event.id] = await asyncio.to_thread(_chart_of, event)
            self._charts.pop(event.id, None)
            self._charts[event.id] = drawn[event.id]
        self._drop_charts()
        return [drawn.get(event) or UnknownEvent() for event in events]

    def _drop_charts(self) -> None:
        """Drop the charts that were drawn first, while all take too much."""
        sizes = {event: found.size for event, found in self._charts.items()}
        for oldest in list(sizes)[:-1]:
            if sum(sizes.values()) <= CHARTS_BYTES_MAX:
                return
            del self._charts[oldest], sizes[oldest]


def _is_current(shown: _Shown | None, row: EventRecord) -> bool:
    return shown is not None and shown.version >= row.version


def _chart_of(event: Event) -> Chart:
    """Draw a chart, section by section: a million seats at once would take half a gigabyte.

    That many are seconds of work, so it is called in a thread.
    """
    full, compact = list[bytes](), list[bytes]()
    for section in event.sections:
        drawn = chart([section])
        full.append(_members_of(drawn))
        compact.append(_members_of(compact_chart(drawn)))
    return Chart(event.version, _form_of(full), _form_of(compact))


def _members_of(drawn: dict[str, Any]) -> bytes:
    return orjson.dumps(drawn["sections"])[1:-1]


def _form_of(sections: Sequence[bytes]) -> Encoded:
    return encoded(b'{"sections":[%s]}' % b",".join(sections))
