"""Secret links to the tickets of a booking: signed and without an end, so they outlive a cookie."""

import base64
import hmac
import re
from uuid import UUID

from booking_rush.queue.keys.sealing import derive

LINK = re.compile(r"[A-Za-z0-9_-]{43}\Z")
ID_BYTES, MAC_BYTES = 16, 16  # a MAC of 128 bits is not guessed


class TicketLinks:
    """Links under a key that every process derives: HMAC-SHA-256 of the booking's id, cut short."""

    def __init__(self, secret: str) -> None:
        self._key = derive(secret, "ticket links")

    def path_of(self, booking: UUID) -> str:
        """Return the path of the page of a booking's tickets."""
        link = base64.urlsafe_b64encode(booking.bytes + self._mac(booking.bytes))
        return f"/tickets/{link.rstrip(b'=').decode()}"

    def read(self, link: str) -> UUID | None:
        """Return the booking of a link, or None: we did not sign it."""
        if not LINK.match(link):
            return None
        found = base64.urlsafe_b64decode(link + "=")
        booking, mac = found[:ID_BYTES], found[ID_BYTES:]
        return UUID(bytes=booking) if hmac.compare_digest(mac, self._mac(booking)) else None

    def _mac(self, booking: bytes) -> bytes:
        return hmac.digest(self._key, booking, "sha256")[:MAC_BYTES]
