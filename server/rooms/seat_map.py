"""Seats of one event for the subscribers that watch them: a snapshot, then the same deltas."""

import logging
from collections.abc import Iterable
from typing import Any

from booking_rush.booking.holds.errors import UnknownSection
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.events.commands import SectionSeats
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import fan_out
from booking_rush.server.rooms.seat_reader import SeatReader
from booking_rush.server.rooms.subscriber import Subscriber

log = logging.getLogger(__name__)

SEAT_STATES = {".": "free", "h": "held", "s": "sold", "x": "closed"}  # on the wire


class SectionView:
    """A section as its watchers were sent it, and the changes that are still to be sent."""

    def __init__(self, read: SectionSeats) -> None:
        self.id = read.id
        self.seated = read.kind == "seated"
        self.rows = {name: bytearray(text, "ascii") for name, text in read.rows}
        self.version = self._sent_version = read.version
        self.free = self._sent_free = read.free
        self.stale = False
        self._pending: dict[tuple[str, int], str] = {}

    def apply(self, news: pubsub.Seats) -> None:
        """Apply a change. A gap in versions makes the view stale: the section is read again."""
        if news.to <= self.version:
            return
        if news.from_ > self.version:
            self.stale = True
            return
        for row, number, char in news.seats():
            self._pending[row, number] = char
        self.version, self.free = news.to, news.free

    def load(self, read: SectionSeats) -> None:
        """Load the section as it was read again; differences from what was sent are pending."""
        if read.version < self.version:
            return
        self._pending = {
            (name, number): char
            for name, text in read.rows
            for number, char in enumerate(text, 1)
            if self.rows[name][number - 1] != ord(char)
        }
        self.version, self.free, self.stale = read.version, read.free, False

    def members(self) -> dict[str, Any]:
        """Return `{version, free, rows?}`, as it was sent last; standing sections have no rows."""
        members: dict[str, Any] = {"version": self._sent_version, "free": self._sent_free}
        if self.seated:
            members["rows"] = {name: text.decode() for name, text in self.rows.items()}
        return members

    def take_delta(self) -> bytes | None:
        """Record the pending changes as sent. Return their `seats.delta`; None: nothing changed."""
        if self.version == self._sent_version:
            return None
        changes: list[list[str]] = []
        for (row, number), char in self._pending.items():
            if self.rows[row][number - 1] != ord(char):
                self.rows[row][number - 1] = ord(char)
                changes.append([str(SeatId(self.id, row, number)), SEAT_STATES[char]])
        frame = self._delta(changes)
        self._sent_version, self._sent_free, self._pending = self.version, self.free, {}
        return frame

    def empty_delta(self) -> bytes:
        """Return a `seats.delta` that changes nothing, from the version that was sent last."""
        return self._delta([])

    def _delta(self, changes: list[list[str]]) -> bytes:
        members: dict[str, Any] = {
            "section": self.id,
            "from": self._sent_version,
            "to": self.version,
            "changes": changes,
            "free": self.free,
        }
        return frames.frame("seats.delta", **members)


class SeatMap:
    """The seats' feed of a room; it reads and remembers them while anybody watches."""

    def __init__(self, reader: SeatReader) -> None:
        self._reader = reader
        self._views: dict[str, SectionView] = {}
        self._has_all = False  # whether every section was read
        self._may_be_more = False  # whether sections were perhaps added since
        self._watchers: dict[Subscriber, str] = {}  # the section; empty: all
        self._news: list[pubsub.Seats] | None = None  # that came while sections are being read

    async def watch(self, subscriber: Subscriber, section: str) -> dict[str, Any]:
        """Watch a section, or all where it is empty. Return `{section: {version, free, rows?}}`.

        Raises:
            UnknownSection: there is none of this id.
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        if section and section not in self._views:
            await self._read([section])
        elif not section and not self._has_all:
            await self._read([])
            self._has_all = True
        if section and section not in self._views:
            raise UnknownSection
        self._watchers[subscriber] = section
        wanted = [section] if section else self._views
        return {id_: self._views[id_].members() for id_ in wanted}

    def unwatch(self, subscriber: Subscriber) -> None:
        """Send this subscriber no more deltas. After the last one nothing is remembered."""
        self._watchers.pop(subscriber, None)
        if not self._watchers:
            self._views, self._has_all, self._may_be_more = {}, False, False

    def apply(self, news: pubsub.Seats) -> None:
        """Apply news of a section."""
        if self._news is not None:
            self._news.append(news)
        if news.section in self._views:
            self._views[news.section].apply(news)

    def invalidate(self) -> None:
        """Read every section again before anything is sent: news may be lost."""
        for view in self._views.values():
            view.stale = True

    def expect_sections(self) -> None:
        """Look for new sections before the next flush: the event was changed."""
        self._may_be_more = self._has_all

    async def flush(self) -> int:
        """Send each section's changes to its watchers. Return how many sections had any."""
        if not self._watchers:
            return 0
        try:
            await self._read_again()
        except (Refusal, *UNAVAILABLE) as why:
            log.info("seats not read why=%s", type(why).__name__)
            return 0
        sent = 0
        for view in list(self._views.values()):
            frame = view.take_delta()
            if frame is not None:
                await fan_out(self._watchers_of(view.id), frame)
                sent += 1
        return sent

    async def _read_again(self) -> None:
        """Read the sections whose news were lost, and all where some may be new.

        A new section's watchers are sent an empty delta, whose version they do not have: so they
        watch again, and are sent its rows.
        """
        if self._may_be_more:
            known = set(self._views)
            await self._read([])
            self._may_be_more = False
            for new in self._views.keys() - known:
                await fan_out(self._watchers_of(new), self._views[new].empty_delta())
        elif stale := [view.id for view in self._views.values() if view.stale]:
            await self._read(stale)

    def _watchers_of(self, section: str) -> list[Subscriber]:
        return [
            subscriber for subscriber, wanted in self._watchers.items() if wanted in ("", section)
        ]

    async def _read(self, sections: list[str]) -> None:
        """Read sections, and apply the news that came meanwhile; no section means all."""
        is_first = self._news is None  # reads may overlap
        if is_first:
            self._news = []
        try:
            self._load(await self._reader.read(sections))
            for news in self._news or ():
                if news.section in self._views:
                    self._views[news.section].apply(news)
        finally:
            if is_first:
                self._news = None

    def _load(self, read: Iterable[SectionSeats]) -> None:
        for section in read:
            view = self._views.get(section.id)
            if view is None:
                self._views[section.id] = SectionView(section)
            else:
                view.load(section)
