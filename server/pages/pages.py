"""Pages of visitors and operators as HTML documents, which hold nobody's own data."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.compression import Encoded
from booking_rush.postgres import UNAVAILABLE
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.server.pages.documents import (
    bare_event_document,
    event_document,
    home_document,
)
from booking_rush.server.pages.languages import site_for
from booking_rush.server.web.requests import event_id_of, likes, services_of
from booking_rush.server.web.responses import answer_encoded, refuse, trace_id_of
from booking_rush.server.web.static_files import ASK_FIRST, site

EVENTS_MAX = 1000  # on the home page
SHARED = "public, max-age=2, stale-while-revalidate=10"  # a CDN may answer for some seconds


async def home(request: Request) -> Response:
    """Answer `GET /`: the events on sale."""
    services = services_of(request)
    events = await services.event_bodies(limit=EVENTS_MAX, after=None)
    mode, language = services.settings.static, site_for(request).language
    return _respond(request, home_document(mode, language, tuple(events)))


async def event(request: Request) -> Response:
    """Answer `GET /events/{event}`; to a browser, also 404 is a page."""
    services = services_of(request)
    mode, given = services.settings.static, request.path_params["event"]
    language = site_for(request).language
    try:
        body = await services.event_body(event_id_of(request))
    except UnknownEvent as refusal:
        if not likes(request, "text/html"):
            return refuse(refusal, trace_id_of(request.scope))
        document = bare_event_document(mode, language, given[:64], is_known=False)
        headers = {"Cache-Control": "no-store", "Content-Language": language}
        return Response(document.encodings[""], 404, headers, media_type="text/html")
    except UNAVAILABLE:  # the page asks again by itself
        bare = bare_event_document(mode, language, given, is_known=True)
        return _respond(request, bare, ASK_FIRST)
    return _respond(request, event_document(mode, language, body))


async def admin(request: Request) -> Response:
    """Answer `GET /admin`."""
    file = site(services_of(request).settings.static).files["admin.html"]
    return answer_encoded(request.headers, file.encodings, file.etag, ASK_FIRST, "text/html")


def _respond(request: Request, document: Encoded, cache_control: str = SHARED) -> Response:
    encodings, etag = document
    response = answer_encoded(request.headers, encodings, etag, cache_control, "text/html")
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    response.headers["Content-Language"] = site_for(request).language
    return response
