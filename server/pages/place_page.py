"""Pages of a visitor whose browser runs no scripts: join and leave by forms, see one's place."""

import time
from contextlib import suppress
from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from booking_rush.errors import Refusal
from booking_rush.lua.line.commands import Admitted, Lobby
from booking_rush.queue.join_checks.join_request import NOTHING, JoinRequest
from booking_rush.queue.line import Place, UnknownCode
from booking_rush.server.pages.documents import JOINABLE, opening_time, render, state_values
from booking_rush.server.pages.languages import site_for
from booking_rush.server.pages.orders import undrawn_words
from booking_rush.server.protocol.places import ahead_of, state_of
from booking_rush.server.protocol.problems import NotAuthenticated, OriginRefused
from booking_rush.server.web.authentication import set_visitor_cookie, visitor_of
from booking_rush.server.web.requests import address_of, event_id_of, room_of, services_of

REFRESH_S = {"admitted": 20, "lobby": 15, "waiting": 5, "late": 5, "": 30}
REFRESH_UNDRAWN_S = 3  # its draw is going on
SAME_SITE = ("same-origin", "none")  # of Sec-Fetch-Site, which not every browser sends
TITLES = {
    "admitted": ("event.admitted.title", "event.noscript.turn"),
    "lobby": ("event.place.lobby", "event.place.keep"),
    "waiting": ("event.place.waiting", "event.place.keep"),
    "late": ("event.late.back", "event.late.backLead"),
    "": ("event.noscript.none", ""),
}
# What scripts do by themselves has to be said otherwise where none run.
REFUSED = {"proof_required": "event.noscript.proof"}


async def join(request: Request) -> Response:
    """Join as the cookie's visitor or a new one, and see the place; `code` opens a lane.

    Answer `POST /events/{event}`, by which a browser keeps what follows `#` of the page that it was
    sent on, and `POST /events/{event}/join`.

    Raises:
        OriginRefused: the form was on another site's page.
        UnknownEvent: there is no such event.
    """
    _check_site(request)
    services = services_of(request)
    room = await room_of(request)
    token, visitor = "", ""
    try:
        visitor = visitor_of(request, services)
    except NotAuthenticated:
        issued = services.tokens.issue()
        token, visitor = issued.token, issued.visitor
    told = _code_of(request)
    try:
        await room.joining.join(visitor, address_of(request), _wanted(told), publish=True)
    except Refusal as refusal:
        told["why"] = refusal.code
    response = _see_line(request, told)
    if token:
        set_visitor_cookie(request, response, token)
    return response


async def leave(request: Request) -> Response:
    """Answer `POST /events/{event}/leave`: give up place or pass.

    Raises:
        OriginRefused: the form was on another site's page.
        UnknownEvent: there is no such event.
    """
    _check_site(request)
    room = await room_of(request)
    with suppress(Refusal):  # the page says whether there is a place still
        await room.line.leave(visitor_of(request, services_of(request)))
    return _see_line(request, _code_of(request))


async def line(request: Request) -> Response:
    """Answer `GET /events/{event}/line`: one's place. The request confirms presence.

    Raises:
        UnknownEvent: there is no such event.
    """
    services = services_of(request)
    room = await room_of(request)
    event = orjson.loads(await services.event_body(event_id_of(request)))
    place: Place | None = None
    why = request.query_params.get("why", "")
    try:
        place = await room.line.confirm_presence(visitor_of(request, services))
    except NotAuthenticated:
        pass
    except Refusal as refusal:
        why = refusal.code
    found = site_for(request)
    texts = found.texts
    key = f"event.refused.{why}"
    known = texts[REFUSED.get(why) or (key if key in texts else "event.noscript.busy")]
    values = _values(texts, event, place, known if why and place is None else "")
    values["code"] = escape(_query(_code_of(request)))
    body = render(found, "line.html", values | state_values(texts, event))
    return Response(body, headers={"Cache-Control": "no-store"}, media_type="text/html")


def _check_site(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "none") not in SAME_SITE:
        raise OriginRefused


def _see_line(request: Request, told: dict[str, str]) -> Response:
    path = f"/events/{event_id_of(request)}/line"
    return RedirectResponse(path + _query(told), status_code=303)


def _query(told: dict[str, str]) -> str:
    return f"?{urlencode(told)}" if told else ""


def _code_of(request: Request) -> dict[str, str]:
    """Return the code that the visitor's link has, as a parameter; empty where it has none."""
    code = request.query_params.get("code", "").strip()
    return {"code": code} if code else {}


def _wanted(told: dict[str, str]) -> JoinRequest:
    """Return the members of a join.

    Raises:
        UnknownCode: none can look like this.
    """
    try:
        return msgspec.convert(told, JoinRequest) if told else NOTHING
    except msgspec.ValidationError:
        raise UnknownCode from None


def _values(
    texts: dict[str, str], event: dict[str, Any], place: Place | None, problem: str
) -> dict[str, str]:
    """Return the values of the page, which are HTML."""
    state = state_of(place) if place else ""
    title, lead = (texts.get(key, "") for key in TITLES[state])
    refresh_s = REFRESH_S[state]
    if isinstance(place, Lobby):
        title, lead = undrawn_words(event, place, texts)
        refresh_s = refresh_s if event["state"] == "scheduled" else REFRESH_UNDRAWN_S
    ahead = ahead_of(place) if place else 0
    left_s = _left_s(place)
    opens = opening_time(event, texts) if state == "lobby" else ""
    leave = texts["event.leave." + ("buttonAdmitted" if state == "admitted" else "button")]
    may_join = place is None and event["state"] in JOINABLE
    return {
        "title": escape(f"{title} · {event['name']}"),
        "name": escape(event["name"]),
        "path": escape(f"/events/{event['id']}"),
        "refresh_seconds": str(refresh_s),
        "place_title": escape(title),
        "place_lead": escape(lead),
        "problem": escape(problem),
        "problem_hidden": "" if problem else " hidden",
        "facts_hidden": " hidden" if place is None else "",
        "ahead_hidden": " hidden" if state == "admitted" else "",
        "opens": escape(opens),
        "opens_hidden": "" if opens else " hidden",
        "leave": escape(leave),
        "leave_hidden": "" if place else " hidden",
        "left_hidden": "" if left_s else " hidden",
        "left": f"{left_s // 60}:{left_s % 60:02}",
        "refreshes_hidden": "" if state in ("lobby", "waiting", "late") else " hidden",
        "number": str(place.number) if place and place.number else "–",
        "ahead": "–" if ahead is None else str(ahead),
        "join_hidden": "" if may_join else " hidden",
    }


def _left_s(place: Place | None) -> int:
    """Return how many seconds of a turn are left; 0 where it is nobody's turn."""
    if not isinstance(place, Admitted):
        return 0
    return max(0, int(place.deadline_ms / 1000 - time.time()))
