"""HTTP endpoint for operators: an event's figures over time, operators' acts and the funnel."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import series
from booking_rush.errors import Invalid
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import event_id_of, services_of
from booking_rush.server.web.responses import answer

MINUTES = "60"  # of an answer, unless the request says otherwise


async def read_series(request: Request) -> Response:
    """Answer `GET A/series?minutes=`: points, marks of acts, and the funnel of bookings."""
    await require_operator(request, "viewer")
    services = services_of(request)
    event, minutes = (await services.catalogue.event(event_id_of(request))).id, _minutes_of(request)
    members = {
        "series": await series.points(services.pool, event, minutes),
        "acts": await series.acts(services.pool, event, minutes),
        "funnel": await series.funnel(services.pool, event),
    }
    return answer(200, members)


def _minutes_of(request: Request) -> int:
    """Return the minutes that the request asks for.

    Raises:
        Invalid: it is no number from 5 to MINUTES_MAX.
    """
    given = request.query_params.get("minutes", MINUTES)
    if not (given.isascii() and given.isdigit() and 5 <= int(given[:6]) <= series.MINUTES_MAX):
        raise Invalid(("minutes", f"a number from 5 to {series.MINUTES_MAX}"))
    return int(given)
