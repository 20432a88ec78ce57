"""Places and passes as JSON members of the wire contract."""

from typing import Any

from booking_rush.lua.line.commands import Admitted, Lobby, Waiting
from booking_rush.queue.forecast import EventForecast, Odds
from booking_rush.queue.keys.signer import Signer
from booking_rush.queue.line import Place
from booking_rush.queue.lottery.seeds import Commitments
from booking_rush.timestamps import moment


def place_members(
    event: str,
    visitor: str,
    place: Place,
    *,
    signer: Signer,
    forecast: EventForecast,
    odds: Odds | None,
    commitments: Commitments,
    n: int = 0,
) -> dict[str, Any]:
    """Return `{"place": {…}}`, with pass and times of an admitted visitor.

    Before its draw a place has neither number nor position; nor has one that is deferred. `n` is
    its entry in the journal, which the receipt names.
    """
    members = {
        "number": place.number or None,
        "lane": place.lane,
        "ahead": ahead_of(place),
        "waiting": place.waiting,
        "state": state_of(place),
        "eta_seconds": forecast.eta(place.ahead, place.lane)
        if isinstance(place, Waiting)
        else None,
        "odds": odds,
        "receipt": signer.receipt(event, visitor, place, commitments.of(place.window), n),
    }
    if place.window:
        members["window"] = place.window
    if isinstance(place, Lobby) and not place.index:
        members["deferred"] = True
    if not isinstance(place, Admitted):
        return {"place": members}
    return {
        "place": members,
        "pass": signer.booking_pass(event, visitor, place),
        "claim_by": moment(place.claim_ms),
        "expires_at": moment(place.deadline_ms),
    }


def ahead_of(place: Place) -> int | None:
    """Return how many are ahead; None while the place waits for its draw."""
    match place:
        case Waiting():
            return place.ahead
        case Lobby():
            return None
        case _:
            return 0


def state_of(place: Place) -> str:
    """Return the place's state on the wire."""
    match place:
        case Admitted():
            return "admitted"
        case Lobby():
            return "lobby"
        case Waiting():
            return "lobby" if place.room in ("scheduled", "drawing") else "waiting"
        case _:
            return "late"
