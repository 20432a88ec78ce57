"""HTTP endpoints for visitors: events on sale, and their charts; answered from memory."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.requests import event_id_of, page_of, services_of
from booking_rush.server.web.responses import has_current


async def events(request: Request) -> Response:
    """Answer `GET /api/v1/events`: the events on sale."""
    limit, after = page_of(request)
    services = services_of(request)
    found = await services.events.on_sale(limit=limit, after=after)
    stocks = await services.stocks.of([event for event, _ in found])
    bodies = [_with(body, stock=stock) for (_, body), stock in zip(found, stocks, strict=True)]
    return _json(b'{"events":[%s]}' % b",".join(bodies))


async def event(request: Request) -> Response:
    """Answer `GET E`."""
    services, event = services_of(request), event_id_of(request)
    found = await services.events.event(event)
    [stock] = await services.stocks.of([event])
    mails = bool(services.settings.smtp_url) or None
    return _json(b'{"event":%s}' % _with(found, stock=stock, mail=mails))


async def event_chart(request: Request) -> Response:
    """Answer `GET E/chart`. It may be cached: it changes only when sections are added."""
    found = await services_of(request).events.chart(event_id_of(request))
    headers = {"ETag": found.etag, "Cache-Control": "public, max-age=60"}
    if has_current(request.headers, found.etag):
        return Response(status_code=304, headers=headers)
    return _json(found.body, headers)


def _with(body: bytes, **members: object) -> bytes:
    """Return a JSON object with more members; those that are None are left out."""
    given = {name: value for name, value in members.items() if value is not None}
    return body[:-1] + b"," + orjson.dumps(given)[1:] if given else body


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, 200, headers, media_type="application/json")
