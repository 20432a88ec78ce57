"""The language of a page: the one that a browser likes best of those that there are."""

from collections.abc import Sequence

from starlette.requests import Request

from booking_rush.server.web.requests import services_of
from booking_rush.server.web.static_files import Site, site


def site_for(request: Request) -> Site:
    """Return the site in the language that the browser of a request likes best."""
    mode = services_of(request).settings.static
    accepted = ",".join(request.headers.getlist("accept-language"))
    return site(mode, preferred_language(accepted, site(mode).languages))


def preferred_language(accepted: str, available: Sequence[str]) -> str:
    """Return which available language an `Accept-Language` likes best, else the first.

    RFC 9110, 12.5.4. A range matches by its primary subtag: `th-TH` is `th`. A weight that is no
    number counts as 0, so the language is not used.
    """
    wanted = sorted(map(_weighted, accepted.lower().split(",")), key=lambda one: -one[1])
    found = (name for name, weight in wanted if weight > 0 and name in available)
    return next(found, available[0])


def _weighted(part: str) -> tuple[str, float]:
    """Return the primary subtag and the weight of a language range."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name.partition("-")[0], float(value)
            except ValueError:
                return name, 0.0
    return name.partition("-")[0], 1.0
