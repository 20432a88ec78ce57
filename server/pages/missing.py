"""The page of an address that there is not, for browsers; programs get the problem."""

from html import escape
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.pages.languages import site_for
from booking_rush.server.pages.plain_page import plain_page
from booking_rush.server.web.exception_handlers import on_http_exception
from booking_rush.server.web.requests import likes

MAIN = Template("""      <h1>${missing}</h1>
      <p>${missingLead}</p>
      <p><a class="button" href="/">${allEvents}</a></p>""")


async def on_missing(request: Request, error: Any) -> Response:
    """Answer 404: a page with a link home where a browser looks for one, else a problem."""
    is_page = request.method in ("GET", "HEAD") and not request.url.path.startswith("/api/")
    if not is_page or not likes(request, "text/html"):
        return await on_http_exception(request, error)
    found = site_for(request)
    words = {
        name: found.texts[f"common.{name}"] for name in ("missing", "missingLead", "allEvents")
    }
    main = MAIN.substitute({name: escape(text) for name, text in words.items()})
    title = f"{words['missing']} · {found.texts['common.brand']}"
    html = plain_page(found, "index.html", title, main)
    headers = {"Cache-Control": "no-store", "Content-Language": found.language}
    return Response(html, 404, headers, media_type="text/html")
