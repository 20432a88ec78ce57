"""Times as RFC 3339 text and as milliseconds since 1970."""

import time
from datetime import UTC, datetime


def instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(ms: float) -> str:
    """RFC 3339 of a time in ms."""
    shown = instant(datetime.fromtimestamp(ms / 1000, UTC))
    assert shown is not None
    return shown


def now() -> str:
    """This moment."""
    return moment(time.time() * 1000)
