"""Documents: the pages' HTML with an event's or the home page's data; pure, everything escaped."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from string import Template
from typing import Any

import orjson

from booking_rush.booking.mail.locales import local_time, money
from booking_rush.compression import Encoded, encoded
from booking_rush.server.pages.orders import lead_of, order_of
from booking_rush.server.web.static_files import Mode, Site, site

JOINABLE = ("scheduled", "drawing", "open", "paused", "recovering")
DESCRIPTION_CHARACTERS_MAX = 160
DOCUMENTS_MAX = 512  # in memory, each with its compressed forms: some 25 KB
PARTS = re.compile(r'(<[^<>]*\sdata-phases="([^"]*)"[^<>]*?) hidden>')
Json = dict[str, Any]


@lru_cache(DOCUMENTS_MAX)
def event_document(mode: Mode, language: str, body: bytes) -> Encoded:
    """Return the page of an event, whose JSON is `body`; it is rendered once a version."""
    event: Json = orjson.loads(body)
    phase = "closed" if event["state"] == "closed" else "outside"
    found = site(mode, language)
    return _document(found, "event.html", _event_values(found, event), phase)


@lru_cache(DOCUMENTS_MAX)
def bare_event_document(mode: Mode, language: str, event_id: str, *, is_known: bool) -> Encoded:
    """Return the page of an event that cannot be read just now, or of none at all."""
    nothing: Json = {"id": event_id, "name": event_id, "state": "", "shows": [], "sections": []}
    found = site(mode, language)
    values = _event_values(found, nothing) | {"data": "null"}
    if not is_known:
        texts = found.texts
        values |= {
            "title": escape(f"{texts['event.unknown.4404.0']} · {texts['common.brand']}"),
            "noscript_hidden": " hidden",
            "unknown_title": texts["event.unknown.4404.0"],
            "unknown_lead": texts["event.unknown.4404.1"],
        }
    return _document(found, "event.html", values, "connecting" if is_known else "unknown")


@lru_cache(DOCUMENTS_MAX)
def home_document(mode: Mode, language: str, events: tuple[bytes, ...]) -> Encoded:
    """Return the home page with a card for each of these events, which are JSON."""
    found = site(mode, language)
    texts = found.texts
    read: list[Json] = [orjson.loads(event) for event in events]
    cards = "".join(_card(event, texts) for event in sorted(read, key=_order))
    values = {
        "title": escape(f"{texts['home.title']} · {texts['common.brand']}"),
        "data": inlined(b'{"events":[%s]}' % b",".join(events)),
        "events": cards,
        "hint": "" if events else escape(texts["home.none"]),
        "hint_hidden": " hidden" if events else "",
    }
    return _document(found, "index.html", values, "")


def render(found: Site, name: str, values: Mapping[str, str], phase: str = "") -> bytes:
    """Return a page with these values, which are HTML, and with the parts of its phase visible."""

    def shown(part: re.Match[str]) -> str:
        return f"{part[1]}>" if phase in part[2].split() else part[0]

    html = PARTS.sub(shown, found.files[name].content.decode())
    values = {
        "language": found.language,
        "direction": found.texts["direction"],
        "languages": " ".join(found.languages),
    } | dict(values)
    return Template(html).substitute(values, phase=escape(phase)).encode()


def inlined(body: bytes) -> str:
    """Return JSON for a script element: nothing in it can end that, or begin a comment."""
    return body.decode().replace("<", "\\u003c").replace(">", "\\u003e")


def show_time(show: Json, texts: Mapping[str, str]) -> str:
    """Return the time of a show by the clock of its venue."""
    return local_time(datetime.fromisoformat(show["starts_at"]), _zone_of(show), texts)


def _zone_of(show: Json) -> str:
    return str(show.get("time_zone") or "UTC")


def venue_of(event: Json) -> str:
    """Return the venue's name and address, or "" where none is given."""
    place: Json = event.get("venue") or {}
    return ", ".join(filter(None, (place.get("name"), place.get("address"))))


def price_range(sections: Sequence[Json], texts: Mapping[str, str]) -> str:
    """Return the lowest and the highest price, or "" where there is none; currencies in order."""
    amounts: dict[str, list[int]] = {}
    for section in sections:
        price = section["price"]
        amounts.setdefault(price["currency"], []).append(price["amount"])
    return ", ".join(
        " – ".join(money(amount, currency, texts) for amount in sorted({min(given), max(given)}))
        for currency, given in amounts.items()
    )


def state_values(texts: Mapping[str, str], event: Json) -> dict[str, str]:
    """Return state and stock of an event for the head of its pages."""
    shown = shown_state(texts, event)
    said = "halted" if _is_open(event) and event.get("halted") else shown
    note = stock_note(texts, event)
    return {
        "state": escape(shown),
        "state_text": escape(state_text(texts, shown)),
        "room_text": escape(texts.get(f"event.room.{said}", "")),
        "stock_note": escape(note),
        "stock_hidden": "" if note else " hidden",
        "noscript_hidden": "" if event["state"] in (*JOINABLE, "") else " hidden",
    }


def shown_state(texts: Mapping[str, str], event: Json) -> str:
    """Return what an event's chip is of: that its sale is stopped, its stock where nothing is free,
    or its state."""
    state, stock = str(event["state"]), str(event.get("stock"))
    if event.get("stopped"):
        return "stopped"
    return stock if _is_open(event) and f"stock.states.{stock}" in texts else state


def state_text(texts: Mapping[str, str], shown: str) -> str:
    """Return the words of what `shown_state` has returned."""
    return texts.get(f"states.{shown}") or texts.get(f"stock.states.{shown}", shown)


def stock_note(texts: Mapping[str, str], event: Json) -> str:
    """Return what is to be known where nothing is free, or "": also that the line is what waits."""
    note = texts.get(f"stock.notes.{event.get('stock')}", "")
    if not note or event["state"] == "closed":
        return ""
    return f"{note} {texts['stock.waitlist']}"


def opening_time(event: Json, texts: Mapping[str, str]) -> str:
    """Return when a sale that has not begun opens, by the venue's clock; or ""."""
    return _opens_at(event, "{when}", texts) if event["state"] == "scheduled" else ""


def _is_open(event: Json) -> bool:
    return event["state"] == "open" and not event.get("stopped")


def _document(found: Site, name: str, values: Mapping[str, str], phase: str) -> Encoded:
    return encoded(render(found, name, values, phase))


def _event_values(found: Site, event: Json) -> dict[str, str]:
    texts, state = found.texts, event["state"]
    over = state not in JOINABLE  # or not known
    dates = " · ".join(show_time(show, texts) for show in event["shows"])
    prices = price_range(event["sections"], texts)
    venue = venue_of(event)
    opens = _opening(event, texts)
    about = " · ".join(filter(None, (event["name"], dates, prices)))
    return state_values(texts, event) | {
        "title": escape(f"{event['name']} · {texts['common.brand']}"),
        "description": escape(about[:DESCRIPTION_CHARACTERS_MAX]),
        "data": inlined(orjson.dumps({"event": event})),
        "name": escape(event["name"]),
        "dates": escape(dates),
        "prices": escape(prices),
        "venue": escape(venue),
        "venue_hidden": "" if venue else " hidden",
        "room_hidden": "" if state else " hidden",
        "outside_title": escape(_outside_title(event, texts)),
        "outside_lead": escape(_outside_lead(event, texts)),
        "picture": _image(event, "picture"),
        "logo": _image(event, "logo"),
        "opens": escape(opens),
        "opens_hidden": "" if opens else " hidden",
        "join_hidden": " hidden" if over else "",
        "unknown_title": "",
        "unknown_lead": "",
    }


def _outside_title(event: Json, texts: Mapping[str, str]) -> str:
    if event["state"] not in JOINABLE:
        return texts["event.outside.draining"]
    return texts.get(f"stock.states.{event.get('stock')}", texts["event.outside.title"])


def _outside_lead(event: Json, texts: Mapping[str, str]) -> str:
    if event["state"] not in JOINABLE:
        return texts["event.outside.drainingLead"]
    is_none_free = f"stock.notes.{event.get('stock')}" in texts
    return texts["event.outside.noneLead"] if is_none_free else lead_of(event, texts)


def _image(event: Json, name: str) -> str:
    """Return the attributes of a theme's picture: one of this site, or none, which is hidden."""
    theme: Json = event.get("theme") or {}
    address = str(theme.get(name) or "")
    return f' src="{escape(address)}"' if address.startswith("/") else " hidden"


def _opening(event: Json, texts: Mapping[str, str]) -> str:
    if event["state"] != "scheduled":
        return ""
    when = _opens_at(event, texts["event.outside.opens"], texts)
    early = texts.get(f"event.orders.{order_of(event)}.early", "")
    return " ".join(filter(None, (early, when)))


def _opens_at(event: Json, text: str, texts: Mapping[str, str]) -> str:
    """Return a text with the moment of the opening by the venue's clock, or "" without one."""
    opens_at = event.get("opens_at")
    if not opens_at:
        return ""
    zone = _zone_of(event["shows"][0]) if event["shows"] else "UTC"
    return text.replace("{when}", local_time(datetime.fromisoformat(opens_at), zone, texts))


def _card_opening(event: Json, texts: Mapping[str, str]) -> str:
    if event["state"] != "scheduled":
        return ""
    when = _opens_at(event, texts["home.opens"], texts)
    is_drawn = when and event.get("fairness") == "lottery"
    return f"{when}. {texts['home.drawn']}" if is_drawn else when


def _order(event: Json) -> tuple[bool, str]:
    """Return a key by which events come in the order of their first show, closed ones last."""
    return event["state"] == "closed", min(
        (show["starts_at"] for show in event["shows"]), default=""
    )


def _card(event: Json, texts: Mapping[str, str]) -> str:
    """Return the card of an event, as scripts draw it, but for what changes with the clock."""
    state, shown = event["state"], shown_state(texts, event)
    shows = sorted(event["shows"], key=lambda show: show["starts_at"])
    when = show_time(shows[0], texts) if shows else ""
    opens = _card_opening(event, texts)
    is_told = state == "closed" or shown == event.get("stock")
    word = "" if is_told else texts.get(f"stock.words.{event.get('stock')}", "")
    note = _sale_note(event, texts)
    go = texts["home.enter" if state in JOINABLE else "home.look"]
    return (
        f'<li><article class="panel card"><h2><a href="/events/{escape(event["id"])}">'
        f"{escape(event['name'])}</a></h2><p>{escape(when + _more(shows, texts))}</p>"
        f'<p class="soft">{escape(venue_of(event))}</p>'
        f'<p class="facts"><span class="chip" data-state="{escape(shown)}">'
        f"{escape(state_text(texts, shown))}</span> <strong>{escape(word)}</strong></p>"
        f'<p class="soft"{"" if note else " hidden"}>{escape(note)}</p>'
        f'<p class="opens"{"" if opens else " hidden"}>{escape(opens)}</p>'
        f'<p class="foot"><span>{escape(price_range(event["sections"], texts))}</span>'
        f'<span class="go" aria-hidden="true">{escape(go)} →</span></p>'
        "</article></li>"
    )


def _sale_note(event: Json, texts: Mapping[str, str]) -> str:
    """Return that nobody is let in, or who is where nothing is free, or ""."""
    if event["state"] == "closed":
        return ""
    if event.get("stopped"):
        return texts["event.room.stopped"]
    if _is_open(event) and event.get("halted"):
        return texts["event.room.halted"]
    return texts["stock.waitlist"] if f"stock.notes.{event.get('stock')}" in texts else ""


def _more(shows: Sequence[Json], texts: Mapping[str, str]) -> str:
    """Return how many dates there are after the first, in words."""
    if len(shows) < 2:
        return ""
    text = texts["event.noscript." + ("oneMore" if len(shows) == 2 else "moreDates")]
    return " " + text.replace("{n}", str(len(shows) - 1))
