"""Steps of undo tests: the last entry of the audit, and its undo."""

from typing import Any

import httpx

A = "/api/v1/admin/events/demo"


async def last_entry(operator: httpx.AsyncClient) -> dict[str, Any]:
    entries = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    found: dict[str, Any] = entries[0]
    return found


async def undo_last(operator: httpx.AsyncClient) -> httpx.Response:
    entry = await last_entry(operator)
    return await operator.post(f"{A}/undo", json={"entry": entry["id"]})


async def is_told_as_refused(operator: httpx.AsyncClient, entry: int) -> bool:
    """Return whether the audit tells an entry as one whose undo would be refused."""
    entries = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    [told] = [one["undoable"] for one in entries if one["id"] == entry]
    return not told
