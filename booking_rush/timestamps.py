"""Times as RFC 3339 text and as milliseconds since 1970."""

import time
from datetime import UTC, datetime


def instant(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 text in UTC, with milliseconds and Z; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(ms: float) -> str:
    """Return a time in ms since 1970 as RFC 3339 text."""
    text = instant(datetime.fromtimestamp(ms / 1000, UTC))
    assert text is not None
    return text


def now() -> str:
    """Return the present time as RFC 3339 text."""
    return moment(time.time() * 1000)
