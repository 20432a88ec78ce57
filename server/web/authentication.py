"""Authentication of requests: visitors by token or cookie, operators by session or API key."""

from starlette.requests import HTTPConnection, Request

from booking_rush.server.auth.operators import Operator, Role
from booking_rush.server.protocol.problems import CsrfFailed, NotAuthenticated
from booking_rush.server.web.requests import services_of
from booking_rush.server.web.services import Services


def visitor_of(connection: HTTPConnection, services: Services) -> str:
    """The visitor who asks; a bearer token wins over the cookie.

    Raises:
        NotAuthenticated: no token, or not a good one.
    """
    token = bearer_of(connection) or connection.cookies.get(visitor_cookie(connection), "")
    if not token:
        raise NotAuthenticated
    return services.tokens.read(token)


def visitor_cookie(connection: HTTPConnection) -> str:
    """The cookie's name; over TLS the prefix keeps other hosts from setting it."""
    return "__Host-rush_visitor" if is_secure(connection) else "rush_visitor"


def is_secure(connection: HTTPConnection) -> bool:
    """Whether this came over TLS, to us or to a proxy that we trust."""
    return connection.scope["scheme"] in ("https", "wss")


def bearer_of(connection: HTTPConnection) -> str:
    """The bearer token; empty when there is no Authorization header."""
    header = connection.headers.get("authorization")
    if header is None:
        return ""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("the Authorization header is no bearer token")
    return token.strip()


async def operator_of(connection: HTTPConnection, services: Services) -> Operator:
    """The operator who asks, by API key or by session.

    Raises:
        NotAuthenticated: neither is good.
    """
    if key := bearer_of(connection):
        return await services.operators.by_key(key)
    cookie = connection.cookies.get("rush_admin", "")
    if not cookie:
        raise NotAuthenticated("log in first")
    return await services.operators.by_cookie(cookie)


async def require_operator(request: Request, role: Role) -> Operator:
    """The operator who asks, of at least a role; a browser's write proves that its page asked.

    Raises:
        NotAuthenticated, Forbidden, CsrfFailed: who, what, whence.
    """
    operator = await operator_of(request, services_of(request))
    sent = request.headers.get("x-csrf-token", "")
    if request.method not in ("GET", "HEAD") and operator.csrf and sent != operator.csrf:
        raise CsrfFailed
    operator.require(role)
    return operator
