"""Seeds of draws: made before anybody joins, committed to by a hash, and told afterwards."""

import hashlib
import hmac
import secrets
from typing import NamedTuple

SEED_BYTES = 32


class Commitments(NamedTuple):
    """Commitments of an event, hex; None: it draws no lots of that kind."""

    lottery: str | None = None
    windows: str | None = None

    def of(self, window: int) -> str | None:
        """Return the commitment of the draw of a window; 0 is the lottery's."""
        return self.windows if window else self.lottery


def new_seed() -> bytes:
    """Return a new seed of a lottery, or a new key of windows."""
    return secrets.token_bytes(SEED_BYTES)


def commitment_of(seed: bytes) -> str:
    """Return the commitment to a seed or key, which is published before: its SHA-256, hex."""
    return hashlib.sha256(seed).hexdigest()


def window_seed(key: bytes, window: int) -> bytes:
    """Return the seed of one window: HMAC-SHA-256 of its number, in decimal, under the key."""
    return hmac.digest(key, str(window).encode(), "sha256")


def lane_seed(seed: bytes, lane: str) -> bytes:
    """Return the seed of one lane, which is drawn by itself: HMAC-SHA-256 of its name."""
    return hmac.digest(seed, lane.encode(), "sha256")
