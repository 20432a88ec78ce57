"""The house as this process knows it, for who watches: one snapshot, then the same delta to all."""

import logging
from collections.abc import Iterable
from typing import Any

from booking_rush.booking.holds.errors import UnknownSection
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.events.commands import ReadSeats, SectionSeats
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import fan_out
from booking_rush.server.rooms.subscriber import Subscriber

log = logging.getLogger(__name__)

WORDS = {".": "free", "h": "held", "s": "sold", "x": "closed"}


class SectionView:
    """A section as the watchers were told it, and what they were not told yet."""

    def __init__(self, read: SectionSeats) -> None:
        self.id = read.id
        self.seated = read.kind == "seated"
        self.rows = {name: bytearray(text, "ascii") for name, text in read.rows}
        self.told = self.version = read.version
        self.free = self._told_free = read.free
        self.stale = False
        self._pending: dict[tuple[str, int], str] = {}

    def apply(self, item: pubsub.Seats) -> None:
        """Take a change; one that does not follow the last makes the view stale."""
        if item.to <= self.version:
            return
        if item.from_ > self.version:
            self.stale = True
            return
        for row, number, char in item.changes:
            self._pending[row, number] = char
        self.version, self.free = item.to, item.free

    def load(self, read: SectionSeats) -> None:
        """What was read again: whatever differs is told."""
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
        """As `seats.snapshot` and availability show it."""
        return shown(self.told, self._told_free, self.rows if self.seated else None)

    def delta(self) -> bytes | None:
        """What was not told yet, as a frame; from here on it was."""
        if self.version == self.told:
            return None
        changes: list[list[str]] = []
        for (row, number), char in self._pending.items():
            if self.rows[row][number - 1] != ord(char):
                self.rows[row][number - 1] = ord(char)
                changes.append([str(SeatId(self.id, row, number)), WORDS[char]])
        members: dict[str, Any] = {
            "section": self.id,
            "from": self.told,
            "to": self.version,
            "changes": changes,
            "free": self.free,
        }
        frame = frames.frame("seats.delta", **members)
        self.told, self._told_free, self._pending = self.version, self.free, {}
        return frame


def shown(version: int, free: int, rows: dict[str, bytearray] | None) -> dict[str, Any]:
    """`{version, free, rows?}`; standing sections have no rows."""
    members: dict[str, Any] = {"version": version, "free": free}
    if rows is not None:
        members["rows"] = {name: text.decode() for name, text in rows.items()}
    return members


async def availability(batcher: Batcher, section: str = "") -> dict[str, Any]:
    """`{section: {version, free, rows?}}`, as Redis has it now.

    Raises:
        Recovering, TryAgain, Busy: as `Batcher.do`.
    """
    read = await batcher.do(ReadSeats([section] if section else []))
    return {view.id: view.members() for view in map(SectionView, read.sections)}


class SeatMap:
    """One event's seats, kept while anybody watches."""

    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._views: dict[str, SectionView] = {}
        self._watchers: dict[Subscriber, str] = {}  # which section; empty: all
        self._heard: list[pubsub.Seats] | None = None  # while something is being read

    async def watch(self, subscriber: Subscriber, section: str) -> dict[str, Any]:
        """Watch a section, or all of them; what they look like now.

        Raises:
            UnknownSection: there is none of this id.
            Recovering, TryAgain, Busy: it cannot be seen now.
        """
        if not self._views or (section and section not in self._views):
            await self._read([])
        if section and section not in self._views:
            raise UnknownSection
        self._watchers[subscriber] = section
        wanted = [section] if section else self._views
        return {id_: self._views[id_].members() for id_ in wanted}

    def unwatch(self, subscriber: Subscriber) -> None:
        """Watch no more."""
        self._watchers.pop(subscriber, None)

    def apply(self, item: pubsub.Seats) -> None:
        """Take a news of a section."""
        if self._heard is not None:
            self._heard.append(item)
        if item.section in self._views:
            self._views[item.section].apply(item)

    def invalidate(self) -> None:
        """News may have been lost: read everything again before anything is told."""
        for view in self._views.values():
            view.stale = True

    async def flush(self) -> int:
        """Tell the watchers what changed since they were told last; how many frames it was."""
        if not self._watchers:
            self._views = {}
            return 0
        stale = [view.id for view in self._views.values() if view.stale]
        if stale:
            try:
                await self._read(stale)
            except Refusal as refusal:
                log.info("seats not read why=%s", refusal.code)
                return 0
        told = 0
        for view in list(self._views.values()):
            frame = view.delta()
            if frame is not None:
                await fan_out(self._watching(view.id), frame)
                told += 1
        return told

    def _watching(self, section: str) -> list[Subscriber]:
        return [
            subscriber for subscriber, wanted in self._watchers.items() if wanted in ("", section)
        ]

    async def _read(self, sections: list[str]) -> None:
        """Read sections; what is heard meanwhile is applied after."""
        mine = self._heard is None
        if mine:
            self._heard = []
        try:
            read = await self._batcher.do(ReadSeats(sections))
            self._learn(read.sections)
            for item in self._heard or ():
                if item.section in self._views:
                    self._views[item.section].apply(item)
        finally:
            if mine:
                self._heard = None

    def _learn(self, read: Iterable[SectionSeats]) -> None:
        for section in read:
            view = self._views.get(section.id)
            if view is None:
                self._views[section.id] = SectionView(section)
            else:
                view.load(section)
