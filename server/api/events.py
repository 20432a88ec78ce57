"""HTTP endpoints for visitors: events on sale, and their charts; answered from memory."""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.compression import Encodings, encodings_of
from booking_rush.errors import Invalid
from booking_rush.server.web.requests import event_id_of, page_of, services_of
from booking_rush.server.web.responses import answer_encoded

JSON = "application/json"
BODIES_MAX = 64  # different answers in memory, each in every encoding
# Kept by anybody, and asked for again each time: an act of an operator shows at once.
ALWAYS_ASKED = "public, no-cache"


class _Tagged(NamedTuple):
    encodings: Encodings
    etag: str


@lru_cache(BODIES_MAX)
def _tagged(body: bytes) -> _Tagged:
    return _Tagged(encodings_of(body), f'"{hashlib.sha256(body).hexdigest()[:32]}"')


async def events(request: Request) -> Response:
    """Answer `GET /api/v1/events`: the events on sale."""
    limit, after = page_of(request)
    found = await services_of(request).event_bodies(limit=limit, after=after)
    return _json(request, b'{"events":[%s]}' % b",".join(found))


async def event(request: Request) -> Response:
    """Answer `GET E`."""
    found = await services_of(request).event_body(event_id_of(request))
    return _json(request, b'{"event":%s}' % found)


async def event_chart(request: Request) -> Response:
    """Answer `GET E/chart`. It may be cached: it changes only when sections are added.

    Raises:
        UnknownEvent: there is no such event.
        Invalid: `form` is given, and is not `compact`.
    """
    form = request.query_params.get("form")
    if form not in (None, "compact"):
        raise Invalid(("form", "compact, or not given"))
    found = await services_of(request).events.chart(event_id_of(request))
    encodings, etag = found.compact if form else found.full
    return answer_encoded(request.headers, encodings, etag, "public, max-age=60", JSON)


def _json(request: Request, body: bytes) -> Response:
    """Return a response in the encoding that suits the client, or 304 when the client has it."""
    encodings, etag = _tagged(body)
    return answer_encoded(request.headers, encodings, etag, ALWAYS_ASKED, JSON)
