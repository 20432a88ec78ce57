"""HTTP endpoint for operators: an event's figures over time, operators' acts and the funnel."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import series
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import event_id_of, number_of, services_of
from booking_rush.server.web.responses import answer


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
        Invalid: it is no number from MINUTES_MIN to MINUTES_MAX.
    """
    given = request.query_params.get("minutes", str(series.MINUTES))
    return number_of(given, "minutes", series.MINUTES_MIN, series.MINUTES_MAX)
