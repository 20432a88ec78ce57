"""HTTP endpoints for operators: log in and out, read the session, list sessions and end one."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.auth import operator_sessions
from booking_rush.server.auth.operator_secrets import digest_of
from booking_rush.server.auth.operators import Operator, Session
from booking_rush.server.web.authentication import (
    device_cookie,
    is_secure,
    login_origin_of,
    require_operator,
    session_cookie,
)
from booking_rush.server.web.requests import read_json, services_of
from booking_rush.server.web.responses import answer
from booking_rush.text import OptionalLine, OptionalName64, Password

DEVICE_S = 400 * 24 * 3600  # as long as browsers keep a cookie


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login; `code` is of the second factor, where the operator has one."""

    username: OptionalLine
    password: Password
    code: OptionalName64 = ""


async def log_in(request: Request) -> Response:
    """Answer `POST /api/v1/admin/login`: begin a session, with its cookie and CSRF token."""
    login = await read_json(request, Login)
    session = await services_of(request).operators.log_in(
        login.username, login.password, login_origin_of(request), login.code
    )
    return answer_session(request, session)


async def log_out(request: Request) -> Response:
    """Answer `POST /api/v1/admin/logout`: end the session on the server, too."""
    await require_operator(request, "viewer")
    await services_of(request).operators.log_out(request.cookies.get(session_cookie(request), ""))
    response = answer(204)
    response.delete_cookie(
        session_cookie(request), httponly=True, samesite="strict", secure=is_secure(request)
    )
    return response


async def me(request: Request) -> Response:
    """Answer `GET /api/v1/admin/me`: the operator of the session, for a page that was reloaded."""
    operator = await require_operator(request, "viewer")
    return answer(200, _members_of(request, operator))


async def list_sessions(request: Request) -> Response:
    """Answer `GET /api/v1/admin/sessions`: one's own sessions; an admin is told everybody's."""
    operator = await require_operator(request, "viewer")
    current = digest_of(request.cookies.get(session_cookie(request), ""))
    found = await operator_sessions.living(
        services_of(request).pool, of=_reach_of(operator), current=current
    )
    return answer(200, {"sessions": found})


async def end_session(request: Request) -> Response:
    """Answer `DELETE /api/v1/admin/sessions/{session}`: end one's own; an admin ends any."""
    operator = await require_operator(request, "viewer")
    await operator_sessions.end(
        services_of(request).pool,
        request.path_params["session"],
        of=_reach_of(operator),
        who=operator.name,
    )
    return answer(204)


def answer_session(request: Request, session: Session) -> Response:
    """Answer a session that begins, with its cookies."""
    response = answer(200, _members_of(request, session.operator))
    _set_cookie(request, response, session_cookie(request), session.cookie)
    _set_cookie(request, response, device_cookie(request), session.device, max_age=DEVICE_S)
    return response


def _members_of(request: Request, operator: Operator) -> dict[str, Any]:
    """Return the operator as JSON members.

    `mail`: this server sends mails; `identities`: the kinds of identity that it can check.
    """
    settings = services_of(request).settings
    means = {"token": settings.identity_url, "subject": settings.identity_jwks}
    return {
        "csrf": operator.csrf,
        "username": operator.name,
        "role": operator.role,
        "mail": bool(settings.mail_from),
        "identities": [kind for kind, setting in means.items() if setting],
    }


def _reach_of(operator: Operator) -> str | None:
    """Return whose sessions an operator may see and end; None: everybody's."""
    return None if operator.role == "admin" else operator.name


def _set_cookie(
    request: Request, response: Response, name: str, value: str, max_age: int | None = None
) -> None:
    response.set_cookie(
        name, value, max_age, httponly=True, samesite="strict", secure=is_secure(request)
    )
