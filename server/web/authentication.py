"""Authentication of requests: visitors by token or cookie, operators by session or API key."""

import secrets

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from booking_rush.server.auth.login_limits import Origin
from booking_rush.server.auth.operators import Operator, Role
from booking_rush.server.auth.visitor_tokens import LIFE_S
from booking_rush.server.protocol.problems import CsrfFailed, NotAuthenticated
from booking_rush.server.runtime.logs import VISITOR
from booking_rush.server.web.requests import address_of, services_of
from booking_rush.server.web.services import Services


def visitor_of(connection: HTTPConnection, services: Services) -> str:
    """Return the visitor of a request; a bearer token wins over the cookie.

    Raises:
        NotAuthenticated: there is no token, or it is not valid.
    """
    token = bearer_of(connection) or connection.cookies.get(visitor_cookie(connection), "")
    if not token:
        raise NotAuthenticated
    visitor = services.tokens.read(token)
    VISITOR.set(visitor)
    return visitor


def visitor_cookie(connection: HTTPConnection) -> str:
    """Return the name of the visitors' cookie; over TLS, other hosts cannot set it."""
    return "__Host-rush_visitor" if is_secure(connection) else "rush_visitor"


def set_visitor_cookie(connection: HTTPConnection, response: Response, token: str) -> None:
    """Let a browser keep a visitor's token for as long as it is valid."""
    response.set_cookie(
        visitor_cookie(connection),
        token,
        max_age=LIFE_S,
        httponly=True,
        samesite="lax",
        secure=is_secure(connection),
    )


def renew_visitor_cookie(
    connection: HTTPConnection, response: Response, services: Services
) -> None:
    """Let a browser keep its visitor for another life, where some of the last one has passed."""
    token = connection.cookies.get(visitor_cookie(connection), "")
    if renewed := services.tokens.renewed(token):
        set_visitor_cookie(connection, response, renewed)


def session_cookie(connection: HTTPConnection) -> str:
    """Return the name of the cookie of operators' sessions; over TLS, other hosts cannot set it."""
    return "__Host-rush_admin" if is_secure(connection) else "rush_admin"


def device_cookie(connection: HTTPConnection) -> str:
    """Return the name of the cookie by which a browser is known to an operator's logins."""
    return "__Host-rush_device" if is_secure(connection) else "rush_device"


def login_origin_of(connection: HTTPConnection) -> Origin:
    """Return where a login comes from: the peer, or whom a trusted proxy names as its client."""
    return Origin(address_of(connection), connection.cookies.get(device_cookie(connection), ""))


def is_secure(connection: HTTPConnection) -> bool:
    """Return whether the connection is TLS, to this server or to a trusted proxy."""
    return connection.scope["scheme"] in ("https", "wss")


def bearer_of(connection: HTTPConnection) -> str:
    """Return the bearer token, empty without an Authorization header.

    Raises:
        NotAuthenticated: the header holds no bearer token.
    """
    header = connection.headers.get("authorization")
    if header is None:
        return ""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("the Authorization header is no bearer token")
    return token.strip()


async def operator_of(connection: HTTPConnection, services: Services) -> Operator:
    """Return the operator of a request, by API key or by session.

    Raises:
        NotAuthenticated: there is neither, or it is not valid.
    """
    if key := bearer_of(connection):
        return await services.operators.by_key(key)
    cookie = connection.cookies.get(session_cookie(connection), "")
    if not cookie:
        raise NotAuthenticated("log in first")
    return await services.operators.by_cookie(cookie)


async def require_operator(request: Request, role: Role) -> Operator:
    """Return the operator of a request, who must have at least this role.

    A write with a session must carry the session's CSRF token, which other origins cannot read.

    Raises:
        NotAuthenticated: there is no valid API key or session.
        CsrfFailed: the token is missing or another session's.
        Forbidden: the role is too low.
    """
    operator = await operator_of(request, services_of(request))
    sent = request.headers.get("x-csrf-token", "")
    is_same = secrets.compare_digest(sent.encode(), operator.csrf.encode())
    if request.method not in ("GET", "HEAD") and operator.csrf and not is_same:
        raise CsrfFailed
    operator.require(role)
    return operator
