"""HTTP endpoints for visitors: events on sale, and their charts."""

import hashlib
from functools import lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.catalogue.catalogue import Event
from booking_rush.booking.catalogue.events import Section
from booking_rush.booking.seats.chart import chart
from booking_rush.server.web.requests import page_of, room_of, services_of
from booking_rush.server.web.responses import answer

CHARTS_MAX = 64


async def events(request: Request) -> Response:
    """Answer `GET /api/v1/events`: the events on sale."""
    limit, after = page_of(request)
    found = await services_of(request).catalogue.on_sale()
    if after is not None:
        ids = [event.id for event in found]
        found = found[ids.index(after) + 1 :] if after in ids else []
    return answer(200, {"events": [_members_of(request, event) for event in found[:limit]]})


async def event(request: Request) -> Response:
    """Answer `GET E`."""
    found = await services_of(request).catalogue.event(request.path_params["event"])
    await room_of(request)
    return answer(200, {"event": _members_of(request, found)})


async def event_chart(request: Request) -> Response:
    """Answer `GET E/chart`. It may be cached: it changes only when sections are added."""
    found = await services_of(request).catalogue.event(request.path_params["event"])
    body, tag = _chart(tuple(map(_HashableSection, found.sections)))
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
    if tag in [known.strip() for known in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type="application/json")


def _members_of(request: Request, event: Event) -> dict[str, object]:
    gate = services_of(request).rooms.batcher(event.id).gate
    return event.members(None if gate.is_open else "recovering")


class _HashableSection:
    """A section that compares by value, so that `lru_cache` makes its chart once."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self._key = orjson.dumps(repr(section))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _HashableSection) and other._key == self._key


@lru_cache(CHARTS_MAX)
def _chart(sections: tuple[_HashableSection, ...]) -> tuple[bytes, str]:
    body = orjson.dumps(chart([key.section for key in sections]))
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
