"""HTTP endpoints for visitors: events on sale, and their charts; answered from memory."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.requests import event_id_of, page_of, services_of
from booking_rush.server.web.responses import has_current


async def events(request: Request) -> Response:
    """Answer `GET /api/v1/events`: the events on sale."""
    limit, after = page_of(request)
    found = await services_of(request).events.on_sale(limit=limit, after=after)
    return _json(b'{"events":[%s]}' % b",".join(found))


async def event(request: Request) -> Response:
    """Answer `GET E`."""
    found = await services_of(request).events.event(event_id_of(request))
    return _json(b'{"event":%s}' % found)


async def event_chart(request: Request) -> Response:
    """Answer `GET E/chart`. It may be cached: it changes only when sections are added."""
    found = await services_of(request).events.chart(event_id_of(request))
    headers = {"ETag": found.etag, "Cache-Control": "public, max-age=60"}
    if has_current(request.headers, found.etag):
        return Response(status_code=304, headers=headers)
    return _json(found.body, headers)


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, 200, headers, media_type="application/json")
