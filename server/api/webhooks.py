"""HTTP endpoint for payment providers: signed webhooks."""

from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.payments.provider import AlertKind
from booking_rush.server.protocol.problems import NotFound
from booking_rush.server.runtime.metrics import PAYMENT_ALERTS
from booking_rush.server.web.requests import provider_name_of, read_body, services_of
from booking_rush.server.web.responses import answer

# From 0 on: Prometheus sees no growth in what begins with 1.
for kind in get_args(AlertKind):
    PAYMENT_ALERTS.labels("stripe", kind)


async def webhook(request: Request) -> Response:
    """Answer `POST /api/v1/payments/{provider}/webhook`: 200 once the webhook is committed."""
    services = services_of(request)
    provider = services.payments.named(provider_name_of(request))
    if provider is None:
        raise NotFound
    body = await read_body(request)
    alert = await services.webhooks.receive(provider, request.headers, body)
    if alert is not None:
        PAYMENT_ALERTS.labels(provider.name, alert.kind).inc()
    return answer(200, {"status": "kept"})
