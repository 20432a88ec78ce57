"""HTTP endpoints for operators: log in, log out, read the session."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.authentication import is_secure, require_operator
from booking_rush.server.web.requests import read_json, services_of
from booking_rush.server.web.responses import answer
from booking_rush.text import OptionalLine, Password


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login."""

    username: OptionalLine
    password: Password


async def log_in(request: Request) -> Response:
    """Answer `POST /api/v1/admin/login`: begin a session, with its cookie and CSRF token."""
    login = await read_json(request, Login)
    cookie, operator = await services_of(request).operators.log_in(login.username, login.password)
    response = answer(
        200, {"csrf": operator.csrf, "username": operator.name, "role": operator.role}
    )
    response.set_cookie(
        "rush_admin", cookie, httponly=True, samesite="strict", secure=is_secure(request)
    )
    return response


async def log_out(request: Request) -> Response:
    """Answer `POST /api/v1/admin/logout`: end the session on the server, too."""
    await require_operator(request, "viewer")
    await services_of(request).operators.log_out(request.cookies.get("rush_admin", ""))
    response = answer(204)
    response.delete_cookie("rush_admin")
    return response


async def me(request: Request) -> Response:
    """Answer `GET /api/v1/admin/me`: the operator of the session, for a page that was reloaded."""
    operator = await require_operator(request, "viewer")
    return answer(200, {"csrf": operator.csrf, "username": operator.name, "role": operator.role})
