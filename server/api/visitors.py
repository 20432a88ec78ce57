"""HTTP endpoints for visitors: a new visitor's token, and the published keys."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.authentication import set_visitor_cookie
from booking_rush.server.web.requests import services_of
from booking_rush.server.web.responses import answer
from booking_rush.timestamps import moment


async def new_visitor(request: Request) -> Response:
    """Answer `POST /api/v1/visitors`: issue a token for a new visitor, as a cookie, too."""
    issued = services_of(request).tokens.issue()
    response = answer(
        201,
        {
            "visitor": issued.visitor,
            "token": issued.token,
            "expires_at": moment(issued.expires_at * 1000),
        },
    )
    set_visitor_cookie(request, response, issued.token)
    return response


async def jwks(request: Request) -> Response:
    """Answer `GET /.well-known/jwks.json`: the public keys of passes, receipts and tickets."""
    keys = services_of(request).signer.ring.jwks()
    return answer(
        200, keys, {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
    )
