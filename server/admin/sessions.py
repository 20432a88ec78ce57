"""Sessions of operators over HTTP: log in, log out, who is logged in."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.authentication import is_secure, require_operator
from booking_rush.server.web.requests import read_json, services_of
from booking_rush.server.web.responses import answer


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password."""

    username: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*\Z")]
    password: Annotated[str, msgspec.Meta(max_length=200)]


async def log_in(request: Request) -> Response:
    """`POST /api/v1/admin/login`."""
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
    """`POST /api/v1/admin/logout`: the session ends here, too."""
    await require_operator(request, "viewer")
    await services_of(request).operators.log_out(request.cookies.get("rush_admin", ""))
    response = answer(204)
    response.delete_cookie("rush_admin")
    return response


async def me(request: Request) -> Response:
    """`GET /api/v1/admin/me`: who is logged in, for a page that was opened anew."""
    operator = await require_operator(request, "viewer")
    return answer(200, {"csrf": operator.csrf, "username": operator.name, "role": operator.role})
