"""HTTP for payment providers: signed webhooks."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.protocol.problems import NotFound
from booking_rush.server.web.requests import house_of, read_body
from booking_rush.server.web.responses import answer


async def webhook(request: Request) -> Response:
    """`POST /api/v1/payments/{provider}/webhook`: 200 when it is kept."""
    house = house_of(request)
    provider = house.payments.named(request.path_params["provider"])
    if provider is None:
        raise NotFound
    await house.webhooks.take(provider, request.headers, await read_body(request))
    return answer(200, {"status": "kept"})
