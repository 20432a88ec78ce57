"""HTTP routes of the practice bank: charges, refunds, ledger, injected faults."""

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
from booking_rush.server.practice_bank.ledger import NewCharge
from booking_rush.server.web.exception_handlers import HANDLERS
from booking_rush.server.web.health import healthz
from booking_rush.server.web.requests import Handler, page_of, read_json
from booking_rush.server.web.responses import answer


class Refund(msgspec.Struct, frozen=True):
    """A wish to have a charge given back; `key` is `refund:{charge}`."""

    key: str
    charge: str


def create_bank(bank: Bank) -> Starlette:
    """The bank's application."""
    app = Starlette(routes=ROUTES, exception_handlers=HANDLERS)
    app.state.bank = bank
    return app


def bank_of(request: Request) -> Bank:
    """The bank that serves this request."""
    return cast("Bank", request.app.state.bank)


async def charge(request: Request) -> Response:
    """`POST /charges`: charge, once a key."""
    bank = bank_of(request)
    new = await read_json(request, NewCharge)
    made = await bank.charges.do(new)
    bank.wake()
    return answer(202, made)


async def cancel(request: Request) -> Response:
    """`POST /charges/{key}/cancel`: let it capture no more, known or not."""
    bank = bank_of(request)
    cancelled = await bank.ledger.cancel(request.path_params["key"], delay_s=bank.delay_s)
    bank.wake()
    return answer(202, cancelled)


async def refund(request: Request) -> Response:
    """`POST /refunds`: give back what was captured, once."""
    bank = bank_of(request)
    body = await read_json(request, Refund)
    if body.key != f"refund:{body.charge}":
        raise Invalid(("key", "refund:{charge}"))
    refunded = await bank.ledger.refund(body.charge, delay_s=bank.delay_s)
    bank.wake()
    return answer(202, refunded)


async def read(request: Request) -> Response:
    """`GET /charges/{key}`: a charge and all that was said of it."""
    return answer(200, await bank_of(request).ledger.read(request.path_params["key"]))


async def ledger(request: Request) -> Response:
    """`GET /ledger?booking=`: its movements of money."""
    try:
        booking = UUID(request.query_params.get("booking", ""))
    except ValueError:
        raise Invalid(("booking", "the id of a booking")) from None
    return answer(200, {"movements": await bank_of(request).ledger.movements(booking)})


async def totals(request: Request) -> Response:
    """`GET /totals?limit=&after=`: captured and refunded, charge by charge."""
    limit, after = page_of(request)
    return answer(
        200, {"totals": await bank_of(request).ledger.totals(after=after or "", limit=limit)}
    )


async def fault_settings(request: Request) -> Response:
    """`GET /dials`, and `PUT /dials`, which sets what it does not name to its default."""
    bank = bank_of(request)
    if request.method == "PUT":
        bank.faults = await read_json(request, FaultSettings)
    return answer(200, msgspec.to_builtins(bank.faults))


def inject_faults(handler: Handler) -> Handler:
    """A handler that works as well as the dials say."""

    async def handle(request: Request) -> Response:
        faults = bank_of(request).faults
        await asyncio.sleep(faults.latency_ms / 1000)
        if random.random() < faults.failure_rate:  # noqa: S311  a bad day is no secret
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
