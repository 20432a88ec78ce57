"""Pages: the event is in the HTML itself, shared caches may answer, and a form joins the line."""

import html
import json
import re
from collections.abc import AsyncGenerator

import httpx
import pytest

from booking_rush.booking.mail.locales import forms_of
from booking_rush.server.pages.documents import inlined, price_range
from tests.browser.pages import stalls
from tests.support.clients import PATIENCE_S, until
from tests.support.world import World

HOSTILE = "</script><script>alert(1)</script> & $name ${phase} 'x' \"y\""
TEXTS = forms_of("en")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def http(world: World) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser that has not been here before, at a server with the event `demo`."""
    await world.event()
    base = (await world.visitor()).http.base_url
    async with httpx.AsyncClient(base_url=base, headers=BROWSER, timeout=PATIENCE_S) as http:
        yield http


def data_of(text: str) -> object:
    [data] = re.findall(r'<script id="page-data" type="application/json">(.*?)</script>', text)
    return json.loads(data)


@pytest.mark.parametrize("path", ["/events/demo", "/"])
async def test_a_page_has_the_event_in_it_and_nobodys_data(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path)

    assert answer.headers["cache-control"] == "public, max-age=2, stale-while-revalidate=10"
    assert "set-cookie" not in answer.headers
    for text in (
        "An Evening",
        "Wednesday 1 May 2030 at 19:00 UTC",
        "€45.00 – €65.00",
        "Open",
    ):
        assert text in answer.text
    if path == "/":
        listed = (await http.get("/api/v1/events")).json()
        assert data_of(answer.text) == listed
    else:
        assert data_of(answer.text) == (await http.get("/api/v1/events/demo")).json()


async def test_a_page_is_compressed_and_not_sent_twice(http: httpx.AsyncClient) -> None:
    first = await http.get("/events/demo", headers={"Accept-Encoding": "br"})
    plain = await http.get("/events/demo", headers={"Accept-Encoding": "identity"})
    tag = first.headers["etag"]
    again = await http.get("/events/demo", headers={"Accept-Encoding": "br", "If-None-Match": tag})

    assert (first.headers["content-encoding"], first.text) == ("br", plain.text)
    assert tag != plain.headers["etag"]
    assert int(first.headers["content-length"]) < len(plain.content) / 2
    assert (again.status_code, again.content) == (304, b"")


async def test_a_change_of_the_event_is_a_new_page(world: World, http: httpx.AsyncClient) -> None:
    before = await http.get("/events/demo")
    operator = await world.operator()
    await operator.patch("/api/v1/admin/events/demo", json={"name": HOSTILE})
    after = await http.get("/events/demo", headers={"If-None-Match": before.headers["etag"]})

    assert after.status_code == 200
    assert "<script>alert" not in after.text
    assert f'<h1 id="name">{html.escape(HOSTILE)}</h1>' in after.text
    assert data_of(after.text) == (await http.get("/api/v1/events/demo")).json()
    assert "<script>alert" not in (await http.get("/")).text


async def test_an_unknown_event_is_a_page_for_browsers_and_a_problem_for_programs(
    http: httpx.AsyncClient,
) -> None:
    for name in ("nothing", "%3Cb%3E"):
        page = await http.get(f"/events/{name}")
        assert (page.status_code, page.headers["cache-control"]) == (404, "no-store")
        assert "There is no such event" in page.text
        assert "<b>" not in page.text
    problem = await http.get("/events/nothing", headers={"Accept": "application/json"})
    assert (problem.status_code, problem.json()["code"]) == (404, "unknown_event")


async def test_an_address_that_there_is_not_is_a_page_for_browsers(http: httpx.AsyncClient) -> None:
    page = await http.get("/nothing", headers={"Accept": "text/html", "Accept-Language": "th"})
    problem = await http.get("/nothing", headers={"Accept": "application/json"})
    api = await http.get("/api/v1/nothing", headers={"Accept": "text/html"})

    assert (page.status_code, page.headers["cache-control"]) == (404, "no-store")
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="th" dir="ltr">' in page.text
    assert 'href="/"' in page.text
    assert '<link rel="stylesheet"' in page.text
    assert [problem.json()["code"], api.json()["code"]] == ["not_found", "not_found"]


@pytest.mark.parametrize("html", ["text/html;q=0", "text/html; q=0.5", "text/htmlx"])
async def test_who_likes_json_better_than_html_gets_the_problem(
    http: httpx.AsyncClient, html: str
) -> None:
    headers = {"Accept": f"{html}, application/json"}
    paths = ("/nothing", "/events/nothing")
    problems = [(await http.get(path, headers=headers)).json() for path in paths]

    assert [problem["code"] for problem in problems] == ["not_found", "unknown_event"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/favicon.ico", "image/svg+xml"),
        ("/robots.txt", "text/plain"),
        ("/notification-worker.js", "text/javascript"),
    ],
)
async def test_browsers_and_robots_find_their_files(
    http: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await http.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)


async def test_a_form_joins_the_line_and_the_place_is_kept(http: httpx.AsyncClient) -> None:
    await http.get("/events/demo")
    outside = await http.get("/events/demo/line")
    joined = await http.post("/events/demo/join")
    place = await http.get(joined.headers["location"])
    again = await http.post("/events/demo/join")

    assert "You are not in line" in outside.text
    assert (joined.status_code, joined.headers["location"]) == (303, "/events/demo/line")
    assert 'data-testid="place-number">1<' in place.text
    assert '<meta http-equiv="refresh"' in place.text
    assert place.headers["cache-control"] == "no-store"
    assert "set-cookie" not in again.headers
    assert 'data-testid="place-number">1<' in (await http.get("/events/demo/line")).text


async def test_a_turn_without_scripts_says_how_long_it_lasts(http: httpx.AsyncClient) -> None:
    await http.post("/events/demo/join")

    async def turn() -> str | None:
        text = (await http.get("/events/demo/line")).text
        return text if "It is your turn" in text else None

    page = await until(turn)
    assert re.search(r'data-testid="turn-left">[45]:\d\d<', page)
    assert '<div hidden><dt data-text="event.noscript.ahead">' in page
    assert 'data-text="event.noscript.refreshes" hidden>' in page


async def test_pages_without_scripts_say_when_it_opens_and_how_many_dates(
    world: World, http: httpx.AsyncClient
) -> None:
    shows = [{"id": f"s{n}", "starts_at": f"2030-05-0{n}T19:00:00Z"} for n in (1, 2, 3)]
    later = {"opens_at": "2030-01-01T10:00:00Z", "state": "scheduled"}
    await world.event("two", shows=shows[:2], sections=[])
    await world.event("three", shows=shows, sections=[], **later)
    home = (await http.get("/")).text

    assert "19:00 UTC and one more date<" in home
    assert "19:00 UTC and 2 more dates<" in home
    assert "Opens Tuesday 1 January 2030 at 10:00 UTC. Numbers are drawn then.<" in home


@pytest.mark.parametrize("rules", [{"rate_per_second": 0}, {"active_max": 0}])
async def test_pages_say_where_rules_admit_nobody(
    world: World, http: httpx.AsyncClient, rules: dict[str, int]
) -> None:
    await world.event("halted", rules=rules)
    page = (await http.get("/events/halted")).text
    room = await world.services.rooms.room("halted")

    assert '<span id="state-text">Nobody is let in just now. The line is open.<' in page
    assert (await http.get("/api/v1/events/halted")).json()["event"]["halted"] is True
    assert room.state_members()["halted"] is True


@pytest.mark.parametrize("path", ["", "/join", "/leave"])
async def test_a_form_on_another_site_does_nothing(http: httpx.AsyncClient, path: str) -> None:
    for headers in ({"Origin": "https://else.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await http.post(f"/events/demo{path}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
        assert "set-cookie" not in answer.headers


async def test_who_waits_without_scripts_reads_that_it_is_sold_out_and_leaves(
    world: World, http: httpx.AsyncClient
) -> None:
    await world.event("one", sections=[stalls(rows=[{"name": "A", "seats": 1}])])
    await (await world.visitor()).buys("one", seats=["stalls.A-1"])

    async def sold_out() -> bool:
        return "Everything is sold." in (await http.get("/events/one")).text

    await until(sold_out)
    joined = await http.post("/events/one")
    page = (await http.get(joined.headers["location"])).text
    left = await http.post("/events/one/leave")

    assert "Visitors are let in when a place comes back." in page
    assert "The line is the waiting list" in page
    assert 'data-testid="leave">Leave the line<' in page
    assert "You are not in line" in (await http.get(left.headers["location"])).text


async def test_who_waits_without_scripts_reads_when_the_sale_opens(
    world: World, http: httpx.AsyncClient
) -> None:
    await world.event("later", state="scheduled", opens_at="2030-01-01T10:00:00Z")
    await http.post("/events/later/join")
    page = (await http.get("/events/later/line")).text

    assert 'data-testid="opens">Tuesday 1 January 2030 at 10:00 UTC<' in page


async def test_a_stopped_sale_says_so_in_its_pages(world: World, http: httpx.AsyncClient) -> None:
    await (await world.operator()).post("/api/v1/admin/events/demo/stop", json={"reason": "Fire"})

    async def stopped() -> bool:
        return ">Stopped<" in (await http.get("/events/demo")).text

    await until(stopped)
    for path in ("/events/demo", "/events/demo/line"):
        page = (await http.get(path)).text
        assert "The sale is stopped for the moment." in page
        assert "Visitors are being let in." not in page


async def test_what_scripts_would_do_is_not_promised_where_none_run(
    world: World, http: httpx.AsyncClient
) -> None:
    await world.measure_rush()
    joined = await http.post("/events/demo/join")
    asked = (await http.get(joined.headers["location"])).text
    busy = (await http.get("/events/demo/line?why=try_again")).text

    assert "needs JavaScript" in asked
    assert "Try again in a moment" in busy
    assert "We keep asking" not in busy


async def test_nobody_is_told_to_join_where_nobody_can(
    world: World, http: httpx.AsyncClient
) -> None:
    await world.event("over", state="closed")
    await world.event("last", state="draining")

    for event in ("over", "last", "none"):
        page = (await http.get(f"/events/{event}")).text
        assert re.search(r'<noscript>\s*<div class="banner" data-level="info" hidden>', page)
    assert "<title>There is no such event · Booking Rush</title>" in page


async def test_a_line_that_is_closed_says_so(world: World, http: httpx.AsyncClient) -> None:
    operator = await world.operator()
    await operator.post("/api/v1/admin/events/demo/drain")
    joined = await http.post("/events/demo/join")
    page = await http.get(joined.headers["location"])

    assert "Nobody may join this line any more." in page.text
    assert "Join the line</button>" not in (await http.get("/events/demo")).text.replace(
        " hidden>Join the line</button>", ""
    )


def test_prices_are_told_as_people_do() -> None:
    price = {"amount": 4500, "currency": "EUR"}
    yen = {"amount": 900, "currency": "JPY"}

    assert price_range([], TEXTS) == ""
    assert price_range([{"price": price}, {"price": yen}], TEXTS) == "€45.00, JP¥900"
    assert price_range([{"price": price | {"amount": 0}}], TEXTS) == "Free"
    assert price_range([{"price": price | {"amount": 0}}, {"price": price}], TEXTS) == (
        "Free – €45.00"
    )


def test_no_json_ends_its_script_element() -> None:
    assert inlined(b'{"a":"</script><!--"}') == '{"a":"\\u003c/script\\u003e\\u003c!--"}'
