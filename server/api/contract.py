"""HTTP endpoints of the contract: both documents for machines, and their page for people."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.compression import Encoded
from booking_rush.server.web.responses import answer_encoded

CACHE = "public, max-age=300"
JSON = "application/json"


class Documents(NamedTuple):
    """The documents as they are answered; the application makes them at start."""

    openapi: Encoded
    asyncapi: Encoded
    page: Encoded


async def show_openapi(request: Request) -> Response:
    """Answer `GET /openapi.json`: routes, bodies, answers and codes, in OpenAPI 3.1."""
    return _respond(request, _documents_of(request).openapi, JSON)


async def show_asyncapi(request: Request) -> Response:
    """Answer `GET /asyncapi.json`: commands, frames, close codes and topics, in AsyncAPI 3.0."""
    return _respond(request, _documents_of(request).asyncapi, JSON)


async def show_page(request: Request) -> Response:
    """Answer `GET /docs`: the contract as a page."""
    return _respond(request, _documents_of(request).page, "text/html")


def _documents_of(request: Request) -> Documents:
    documents: Documents = request.app.state.documents
    return documents


def _respond(request: Request, document: Encoded, media_type: str) -> Response:
    encodings, etag = document
    return answer_encoded(request.headers, encodings, etag, CACHE, media_type)
