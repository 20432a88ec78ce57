"""Languages: the browser's is answered, and every language has every text and no other."""

import json
import re
import subprocess

import httpx
import pytest

from booking_rush.server.pages.languages import local_time, preferred_language
from booking_rush.server.web.static_files import STATIC, site
from tests.support.clients import PATIENCE_S
from tests.support.servers.demo_run import ROOT
from tests.support.world import World

NODE_S = 60
LANGUAGES = site().languages
# Members of these tables are read by a name that is only known while the page runs.
TABLES = (
    "states", "stock.words", "stock.states", "stock.notes", "stock.byPrice", "stock.odds",
    "event.connection", "event.room", "event.unknown", "event.history.what", "event.history.checks",
    "event.orders", "event.undrawn", "event.draw.checks", "event.draw.facts",
    "event.expired", "event.refused", "event.broadcast.levels", "event.callBack.ways",
    "seats.titles", "seats.leads", "seats.sections", "seats.sections.stock", "seats.map.states",
    "seats.map.kinds", "seats.map.signs", "seats.quantity.none", "seats.refused", "seats.ended",
    "seats.pay.methods", "event.history.what",
    "seats.booking.titles", "seats.booking.leads", "seats.booking.states",
)  # fmt: skip


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    """The keys of each language, with the kinds of their texts."""
    printed = subprocess.run(
        ["node", ROOT / "tools" / "static" / "text-keys.js"],
        check=True,
        capture_output=True,
        timeout=NODE_S,
    ).stdout
    found: dict[str, dict[str, str]] = json.loads(printed)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_and_no_other(
    keys: dict[str, dict[str, str]], language: str
) -> None:
    assert keys[language] == keys["en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_what_is_not_there(keys: dict[str, dict[str, str]], language: str) -> None:
    assert set(keys[language].values()) == {"string", "empty", "function"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_server_has_the_same_texts_in_every_language(language: str) -> None:
    assert site(language=language).texts.keys() == site().texts.keys()


def test_every_text_is_used(keys: dict[str, dict[str, str]]) -> None:
    sources = [
        *(
            path
            for kind in ("js", "html")
            for path in STATIC.rglob(f"*.{kind}")
            if path.parent.name not in ("dist", "texts", "languages", "admin")
        ),
        *(ROOT / "server" / "pages").glob("*.py"),
    ]
    text = "\n".join(path.read_text() for path in sources)
    words = set(re.findall(r"\w+", text))

    unused = [
        key
        for key in keys["en"]
        if not key.startswith(tuple(f"{table}." for table in TABLES))
        and key.rpartition(".")[2] not in words
    ]
    assert unused == []


def test_every_table_is_there(keys: dict[str, dict[str, str]]) -> None:
    for table in TABLES:
        assert [key for key in keys["en"] if key.startswith(f"{table}.")], table


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("th", "th"),
        ("th-TH,th;q=0.9,en;q=0.8", "th"),
        ("de, en;q=0.3, th;q=0.5", "th"),
        ("de", "en"),
        ("th;q=0, *", "en"),
        ("th;q=much", "en"),
        (";;,,q=", "en"),
    ],
)
def test_the_language_that_a_browser_likes_best_is_preferred(accepted: str, language: str) -> None:
    assert preferred_language(accepted, ("en", "th")) == language


def test_times_are_told_as_people_do() -> None:
    instant = "2026-12-27T19:00:00.000Z"

    assert local_time(instant, "UTC", site().texts) == "Sunday 27 December 2026 at 19:00 UTC"
    assert local_time(instant, "Asia/Bangkok", site(language="th").texts) == (
        "วันจันทร์ที่ 28 ธันวาคม 2569 เวลา 02:00 GMT+7"
    )


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Berlin", "GMT+1"),
        ("Asia/Kolkata", "GMT+5:30"),
        ("America/St_Johns", "GMT-3:30"),
        ("Europe/London", "UTC"),
    ],
)
def test_a_zone_is_named_by_its_offset(zone: str, name: str) -> None:
    assert local_time("2026-12-27T19:00:00Z", zone, site().texts).endswith(f" {name}")


@pytest.mark.parametrize("path", ["/", "/events/demo", "/events/demo/line", "/events/nothing"])
async def test_a_page_is_in_the_language_of_the_browser(world: World, path: str) -> None:
    await world.event()
    base = (await world.visitor()).http.base_url
    headers = {"Accept": "text/html"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=PATIENCE_S) as http:
        thai = await http.get(path, headers={"Accept-Language": "th-TH,en;q=0.5"})
        other = await http.get(path, headers={"Accept-Language": "de"})

    assert '<html lang="th" dir="ltr" data-languages="en th">' in thai.text
    assert '<html lang="en" dir="ltr" data-languages="en th">' in other.text
    assert "ข้ามไปยังเนื้อหา" in thai.text
    assert "Skip to the content" not in thai.text
    if "cache-control" in thai.headers and "public" in thai.headers["cache-control"]:
        assert "Accept-Language" in thai.headers["vary"]
        assert thai.headers["etag"] != other.headers["etag"]


@pytest.mark.parametrize("sheet", ["base.css", "event.css", "seats.css"])
def test_styles_name_no_side_that_another_direction_of_writing_turns_round(sheet: str) -> None:
    text = (STATIC / "styles" / sheet).read_text()

    assert not re.search(r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)(?:-\w+)?:", text)
    assert not re.search(r"text-align: (?:left|right)", text)
