"""Times as RFC 3339 text and as milliseconds since 1970."""

import time
from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=1024)  # of an event's shows and of few others, told again and again
def instant(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 text in UTC, with milliseconds and Z; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(ms: float) -> str:
    """Return a time in ms since 1970 as RFC 3339 text."""
    seconds, rest = divmod(int(ms), 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=1024)  # holds that are made at once end in the same seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def now() -> str:
    """Return the present time as RFC 3339 text."""
    return moment(time.time() * 1000)
