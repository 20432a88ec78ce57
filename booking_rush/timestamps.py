"""Times as RFC 3339 text and as milliseconds since 1970."""

from datetime import UTC, datetime


def instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
