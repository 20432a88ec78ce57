"""HTTP endpoints of the practice bank: charges, refunds, ledger, injected faults."""

import asyncio
import random
from typing import cast
from uuid import UUID

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from booking_rush.errors import Invalid, TryAgain
from booking_rush.server.practice_bank.bank import Bank, FaultSettings
from booking_rush.server.practice_bank.ledger import NewCharge, UnknownCharge
from booking_rush.server.web.exception_handlers import HANDLERS
from booking_rush.server.web.health import healthz
from booking_rush.server.web.requests import Handler, page_of, read_json
from booking_rush.server.web.responses import answer
from booking_rush.text import Line, is_line


class Refund(msgspec.Struct, frozen=True):
    """A request to refund a charge; `key` is `refund:{charge}`."""

    key: Line
    charge: Line


def create_bank(bank: Bank) -> Starlette:
    """Return the ASGI application of a bank."""
    app = Starlette(routes=ROUTES, exception_handlers=HANDLERS)
    app.state.bank = bank
    return app


def bank_of(request: Request) -> Bank:
    """Return the bank that serves this request."""
    return cast("Bank", request.app.state.bank)


def charge_key_of(request: Request) -> str:
    """Return the key of the charge in the path.

    Raises:
        UnknownCharge: no charge can have such a key.
    """
    key: str = request.path_params["key"]
    if not is_line(key):
        raise UnknownCharge
    return key


async def charge(request: Request) -> Response:
    """Answer `POST /charges`: charge, once a key."""
    bank = bank_of(request)
    new = await read_json(request, NewCharge)
    bank.keep_context(new.key)
    charged = await bank.charges.do(new)
    bank.wake()
    return answer(202, charged)


async def cancel(request: Request) -> Response:
    """Answer `POST /charges/{key}/cancel`: the charge captures no more, known or not."""
    bank = bank_of(request)
    bank.keep_context(charge_key_of(request))
    cancelled = await bank.ledger.cancel(charge_key_of(request), delay_s=bank.delay_s)
    bank.wake()
    return answer(202, cancelled)


async def refund(request: Request) -> Response:
    """Answer `POST /refunds`: refund what was captured, once."""
    bank = bank_of(request)
    body = await read_json(request, Refund)
    if body.key != f"refund:{body.charge}":
        raise Invalid(("key", "refund:{charge}"))
    bank.keep_context(body.charge)
    refunded = await bank.ledger.refund(body.charge, delay_s=bank.delay_s)
    bank.wake()
    return answer(202, refunded)


async def read(request: Request) -> Response:
    """Answer `GET /charges/{key}`: the charge and its webhooks."""
    return answer(200, await bank_of(request).ledger.read(charge_key_of(request)))


async def ledger(request: Request) -> Response:
    """Answer `GET /ledger?booking=`: the movements of money of a booking."""
    try:
        booking = UUID(request.query_params.get("booking", ""))
    except ValueError:
        raise Invalid(("booking", "the id of a booking")) from None
    return answer(200, {"movements": await bank_of(request).ledger.movements(booking)})


async def totals(request: Request) -> Response:
    """Answer `GET /totals?limit=&after=`: captured and refunded amounts, charge by charge."""
    limit, after = page_of(request)
    return answer(
        200, {"totals": await bank_of(request).ledger.totals(after=after or "", limit=limit)}
    )


async def fault_settings(request: Request) -> Response:
    """Answer `GET /dials` and `PUT /dials`; a PUT resets to its default what it does not name."""
    bank = bank_of(request)
    if request.method == "PUT":
        bank.faults = await read_json(request, FaultSettings)
    return answer(200, msgspec.to_builtins(bank.faults))


def inject_faults(handler: Handler) -> Handler:
    """Return a handler that is slow or fails as often as the bank's fault settings say."""

    async def handle(request: Request) -> Response:
        faults = bank_of(request).faults
        await asyncio.sleep(faults.latency_ms / 1000)
        if random.random() < faults.failure_rate:  # noqa: S311  faults need no secret chance
            raise TryAgain("the bank has a bad day: nothing was done")
        response = await handler(request)
        if random.random() < faults.lost_answer_rate:  # noqa: S311
            raise TryAgain("the bank has a bad day: it may have been done")
        return response

    return handle


ROUTES = [
    Route("/charges", inject_faults(charge), methods=["POST"]),
    Route("/charges/{key}", inject_faults(read), methods=["GET"]),
    Route("/charges/{key}/cancel", inject_faults(cancel), methods=["POST"]),
    Route("/refunds", inject_faults(refund), methods=["POST"]),
    Route("/ledger", ledger, methods=["GET"]),
    Route("/totals", totals, methods=["GET"]),
    Route("/dials", fault_settings, methods=["GET", "PUT"]),
    Route("/healthz", healthz, methods=["GET"]),
]
