"""Ban list of one process: the bans of every event, found by visitor and by address. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from booking_rush.errors import Refusal
from booking_rush.queue.join_checks.address_blocks import Address, Network, parse_address
from booking_rush.timestamps import instant


class Banned(Refusal):
    """You may not join this event for now."""

    code, status = "banned", 403

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {instant(until)}", until=instant(until))


class Ban(NamedTuple):
    """Ban of a visitor or of an address block from an event, for a reason, until a moment."""

    id: UUID
    event: str
    visitor: str | None
    block: Network | None
    reason: str
    until: datetime
    who: str
    at: datetime

    def members(self) -> dict[str, str | None]:
        """Serialize the ban for operators."""
        whom = {"visitor": self.visitor} if self.visitor else {"block": str(self.block)}
        return {
            "id": str(self.id),
            **whom,
            "reason": self.reason,
            "until": instant(self.until),
            "who": self.who,
            "at": instant(self.at),
        }

    def is_of(self, visitor: str, address: Address | None) -> bool:
        """Return whether it is a ban of this visitor, or of a block with this address."""
        return visitor == self.visitor or _contains(self.block, address)


class BanList:
    """Bans by event. Few are in force at once, so each is asked in turn."""

    def __init__(self) -> None:
        self._bans: dict[str, dict[UUID, Ban]] = {}

    def put(self, ban: Ban) -> bool:
        """Put a ban on the list, or its new end. Return whether it was not there before."""
        bans = self._bans.setdefault(ban.event, {})
        is_new = ban.id not in bans
        bans[ban.id] = ban
        return is_new

    def drop_over(self, now: datetime) -> None:
        """Drop the bans that are over."""
        for event, bans in list(self._bans.items()):
            self._bans[event] = {id_: ban for id_, ban in bans.items() if ban.until > now}
            if not self._bans[event]:
                del self._bans[event]

    def check(self, event: str, visitor: str, address: str, now: datetime) -> None:
        """Check that neither the visitor nor the address is banned from an event.

        Raises:
            Banned: one of them is; with the later end of several bans.
        """
        if event in self._bans:
            found = _in_force(self._bans[event].values(), visitor, parse_address(address), now)
            if found:
                raise Banned(max(ban.until for ban in found))


def _in_force(
    bans: Iterable[Ban], visitor: str, address: Address | None, now: datetime
) -> list[Ban]:
    return [ban for ban in bans if ban.until > now and ban.is_of(visitor, address)]


def _contains(block: Network | None, address: Address | None) -> bool:
    return block is not None and address is not None and address in block
