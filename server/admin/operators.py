"""HTTP endpoints for admins: operators' accounts and keys; and for one's own password and codes."""

import base64

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.errors import Invalid
from booking_rush.server.admin.sessions import answer_session
from booking_rush.server.auth import totp
from booking_rush.server.auth.accounts import AccountRefused, Accounts, UnknownOperator
from booking_rush.server.auth.operators import Operator, Role
from booking_rush.server.protocol.problems import NotAuthenticated
from booking_rush.server.protocol.ticket_codes import qr_code_of
from booking_rush.server.runtime.setting_checks import why_weak_password
from booking_rush.server.web.authentication import login_origin_of, require_operator
from booking_rush.server.web.requests import read_json, services_of
from booking_rush.server.web.responses import answer
from booking_rush.text import Name64, OperatorName, Password, is_line
from booking_rush.timestamps import instant

NAME_MAX = 64  # characters
SECRET = {"Cache-Control": "no-store"}


class NewOperator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a new account, which comes in by a password."""

    name: OperatorName
    role: Role
    password: Password


class OperatorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a change: another role, another password, or both."""

    role: Role | None = None
    password: Password | None = None


class OwnPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a change of one's own password, which the current one must confirm."""

    current: Password
    password: Password


class SecondFactorCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that puts a second factor in force: one's password, and a code of the phone."""

    code: Name64
    password: Password


class SecondFactorEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that ends one's second factor: one's password."""

    password: Password


async def list_operators(request: Request) -> Response:
    """Answer `GET /api/v1/admin/operators`: every account, by name."""
    accounts = await _accounts_of(request)
    return answer(200, {"operators": [account.members() for account in await accounts.every()]})


async def add(request: Request) -> Response:
    """Answer `POST /api/v1/admin/operators`: make an account that comes in by a password."""
    accounts = await _accounts_of(request)
    body = await read_json(request, NewOperator)
    check_password(body.password, body.name)
    await accounts.add(body.name, body.role, body.password)
    return answer(201, {"operator": (await accounts.one(body.name)).members()})


async def change(request: Request) -> Response:
    """Answer `PATCH /api/v1/admin/operators/{operator}`: another role or password."""
    accounts = await _accounts_of(request)
    name = _name_of(request)
    body = await read_json(request, OperatorChange)
    if body.password is not None:
        check_password(body.password, name)
    await accounts.one(name)
    if body.role is not None:
        await accounts.set_role(name, body.role)
    if body.password is not None:
        await accounts.set_password(name, body.password)
    return answer(200, {"operator": (await accounts.one(name)).members()})


async def remove(request: Request) -> Response:
    """Answer `DELETE /api/v1/admin/operators/{operator}`: the account, its sessions and key end."""
    accounts = await _accounts_of(request)
    await accounts.remove(_name_of(request))
    return answer(204)


async def give_key(request: Request) -> Response:
    """Answer `POST /api/v1/admin/operators/{operator}/key`: a new key, told this once.

    An account that is not there yet is made, with the role `operator`.
    """
    accounts = await _accounts_of(request)
    name = _name_of(request)
    return answer(201, {"key": await accounts.give_key(name)}, SECRET)


async def revoke_key(request: Request) -> Response:
    """Answer `DELETE /api/v1/admin/operators/{operator}/key`: its API key ends."""
    accounts = await _accounts_of(request)
    await accounts.revoke_key(_name_of(request))
    return answer(204)


async def change_own_password(request: Request) -> Response:
    """Answer `POST /api/v1/admin/me/password`: all of one's sessions end, and a new one begins."""
    operator = await require_operator(request, "viewer")
    operators = services_of(request).operators
    body = await read_json(request, OwnPassword)
    check_password(body.password, operator.name)
    origin = login_origin_of(request)
    await _check_own_password(request, operator, body.current, "current")
    await _accounts(request, operator).set_password(operator.name, body.password)
    return answer_session(request, await operators.begin_session(operator.name, origin))


async def second_factor(request: Request) -> Response:
    """Answer `GET /api/v1/admin/me/second-factor`: since when one's own is in force, if it is."""
    operator = await require_operator(request, "viewer")
    found = await services_of(request).operators.second_factors.of(operator.name)
    since = found.in_force_at and instant(found.in_force_at)
    return answer(200, {"in_force_since": since, "recovery_codes": found.recovery_codes})


async def begin_second_factor(request: Request) -> Response:
    """Answer `POST /api/v1/admin/me/second-factor`: a secret for one's phone, told this once."""
    operator = await require_operator(request, "viewer")
    secret = await services_of(request).operators.second_factors.begin(operator.name)
    uri = totp.uri_of(secret, f"{operator.name}@{request.url.hostname}")
    image = base64.b64encode(qr_code_of(uri)).decode()
    members = {
        "secret": totp.text_of(secret), "uri": uri, "qr": f"data:image/svg+xml;base64,{image}",
    }  # fmt: skip
    return answer(201, members, SECRET)


async def put_second_factor_in_force(request: Request) -> Response:
    """Answer `POST /api/v1/admin/me/second-factor/in-force`: recovery codes, told this once."""
    operator = await require_operator(request, "viewer")
    body = await read_json(request, SecondFactorCode)
    await _check_own_password(request, operator, body.password, "password")
    own = services_of(request).operators.second_factors
    codes = await own.put_in_force(operator.name, body.code)
    return answer(200, {"recovery_codes": codes}, SECRET)


async def end_own_second_factor(request: Request) -> Response:
    """Answer `POST /api/v1/admin/me/second-factor/off`: the password is enough again."""
    operator = await require_operator(request, "viewer")
    body = await read_json(request, SecondFactorEnd)
    await _check_own_password(request, operator, body.password, "password")
    await _accounts(request, operator).end_second_factor(operator.name)
    return answer(204)


async def _check_own_password(
    request: Request, operator: Operator, password: str, field: str
) -> None:
    """Check the password of who is logged in: a session alone, perhaps a stolen one, is no proof.

    Raises:
        Invalid: it is wrong; the session goes on.
    """
    operators = services_of(request).operators
    try:
        await operators.check_password(operator.name, password, login_origin_of(request))
    except NotAuthenticated:
        raise Invalid((field, "this is not your password")) from None


async def end_second_factor(request: Request) -> Response:
    """Answer `DELETE /api/v1/admin/operators/{operator}/second-factor`: a phone is lost."""
    admin = await require_operator(request, "admin")
    name = _name_of(request)
    if name == admin.name:
        raise AccountRefused("your own second factor ends by your password")
    await _accounts(request, admin).end_second_factor(name)
    return answer(204)


def check_password(password: str, name: str) -> None:
    """Refuse a password of an operator that can be guessed.

    Raises:
        Invalid: it is short, common, one character throughout, or the name.
    """
    if why := why_weak_password(password, name):
        raise Invalid(("password", why))


async def _accounts_of(request: Request) -> Accounts:
    """Return the accounts, as the admin of this request changes them.

    Raises:
        NotAuthenticated, CsrfFailed, Forbidden: it is no admin's.
    """
    return _accounts(request, await require_operator(request, "admin"))


def _accounts(request: Request, operator: Operator) -> Accounts:
    services = services_of(request)
    return Accounts(services.pool, who=operator.name, passwords=services.operators.passwords)


def _name_of(request: Request) -> str:
    """Return the name of the operator in the path.

    Raises:
        UnknownOperator: no operator can have such a name.
    """
    name: str = request.path_params["operator"]
    if not is_line(name, NAME_MAX):
        raise UnknownOperator(f"there is no operator {name!r}")
    return name
