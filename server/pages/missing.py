"""The page of an address that there is not, for browsers; programs get the problem."""

import re
from html import escape
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.pages.languages import site_for
from booking_rush.server.web.exception_handlers import on_http_exception
from booking_rush.server.web.requests import likes

STYLES = re.compile(r'<link rel="stylesheet"[^<>]*>')
PAGE = Template("""<!doctype html>
<html lang="${language}" dir="${direction}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${missing} · ${brand}</title>
    ${styles}
  </head>
  <body>
    <header class="top"><a class="brand" href="/">${brand}</a></header>
    <main class="column">
      <h1>${missing}</h1>
      <p>${missingLead}</p>
      <p><a class="button" href="/">${allEvents}</a></p>
    </main>
  </body>
</html>
""")


async def on_missing(request: Request, error: Any) -> Response:
    """Answer 404: a page with a link home where a browser looks for one, else a problem."""
    is_page = request.method in ("GET", "HEAD") and not request.url.path.startswith("/api/")
    if not is_page or not likes(request, "text/html"):
        return await on_http_exception(request, error)
    found = site_for(request)
    words = {
        name: escape(found.texts[f"common.{name}"])
        for name in ("brand", "missing", "missingLead", "allEvents")
    }
    styles = "".join(STYLES.findall(found.files["index.html"].content.decode()))
    html = PAGE.substitute(
        words, language=found.language, direction=found.texts["direction"], styles=styles
    )
    headers = {"Cache-Control": "no-store", "Content-Language": found.language}
    return Response(html, 404, headers, media_type="text/html")
