"""The order of an event in words: for who joins now, and for a place that waits for its draw."""

from collections.abc import Mapping
from typing import Any

from booking_rush.queue.line import Place
from booking_rush.queue.lottery.order import WINDOW_SECONDS

Json = dict[str, Any]
Texts = Mapping[str, str]


def order_of(event: Json) -> str:
    """Return the name of the order for who joins now, as texts have it."""
    state = event["state"]
    match event.get("fairness"):
        case "windows":
            return "windowsSoon" if state == "scheduled" else "windows"
        case "lottery" if state == "drawing":
            return "drawing"
        case "lottery":
            return "drawn" if (event.get("lottery") or {}).get("seed") else "lottery"
        case _:
            return "arrival"


def lead_of(event: Json, texts: Texts) -> str:
    """Return how places are given to who joins now."""
    return _with_seconds(texts[f"event.orders.{order_of(event)}.lead"], event)


def undrawn_words(event: Json, place: Place, texts: Texts) -> tuple[str, str]:
    """Return title and lead of a place without a number."""
    kind = _undrawn_of(event, place)
    note = _with_seconds(texts[f"event.undrawn.{kind}.note"], event)
    return texts[f"event.undrawn.{kind}.title"], f"{note} {texts['event.undrawn.keep']}"


def _undrawn_of(event: Json, place: Place) -> str:
    state, fairness = event["state"], event.get("fairness")
    if not place.index:
        return "deferred"
    if place.window:
        return "window" if fairness == "windows" else "soon"
    if state == "scheduled" or order_of(event) == "lottery":
        return "lottery"
    return "drawing" if state == "drawing" or fairness == "lottery" else "soon"


def _with_seconds(text: str, event: Json) -> str:
    windows: Json = event.get("windows") or {}
    return text.replace("{seconds}", str(windows.get("seconds", WINDOW_SECONDS)))
