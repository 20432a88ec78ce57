"""The chart in its two forms: the compact one is the same drawing, in few bytes."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_rush.booking.catalogue.events import Price, Row, SeatedSection
from booking_rush.booking.seats import event_cache
from booking_rush.booking.seats.chart import chart
from booking_rush.booking.seats.compact_chart import compact_chart, expand_row
from booking_rush.compression import encodings_of
from tests.support.servers.processes import called_in_node
from tests.support.world import World

STADIUM_BYTES_MAX = 100_000
PATH = "/api/v1/events/demo/chart"

halves = st.integers(-200, 200).map(lambda n: n / 2)
seats = st.fixed_dictionaries(
    {
        "number": st.integers(1, 60),
        "x": halves,
        "y": halves,
        "kind": st.sampled_from(["standard", "standard", "wheelchair"]),
    }
)


@st.composite
def even_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows as halls have them: even steps, with numbers left out."""
    numbers = draw(st.sets(st.integers(1, 60), min_size=1))
    x, y, by_x, by_y = (draw(halves) for _ in range(4))
    return [
        {"number": n, "x": x + n * by_x, "y": y + n * by_y, "kind": "standard"}
        for n in sorted(numbers)
    ]


rows = st.one_of(st.lists(seats, max_size=8), even_rows())


@given(st.lists(rows, max_size=3))
def test_expanding_is_the_same_drawing(given_rows: list[list[dict[str, Any]]]) -> None:
    section = {"id": "s", "rows": [{"name": "A", "seats": row} for row in given_rows]}
    drawing = {"sections": [section, {"id": "floor", "capacity": 5}]}

    [compact, floor] = compact_chart(drawing)["sections"]

    assert [expand_row(row) for row in compact["rows"]] == section["rows"]
    assert floor == {"id": "floor", "capacity": 5}


def test_a_row_of_even_steps_is_four_numbers_and_its_gaps() -> None:
    row = [{"number": n, "x": n - 2.5, "y": 3, "kind": "standard"} for n in (1, 2, 4)]

    [section] = compact_chart({"sections": [{"rows": [{"name": "B", "seats": row}]}]})["sections"]

    assert section["rows"] == [
        {"name": "B", "seats": 4, "at": [-1.5, 3.0], "step": [1.0, 0.0], "gaps": [3]}
    ]


def test_a_stadium_fits_into_a_slow_network() -> None:
    price = Price(amount=6500, currency="EUR")
    sections: list[Any] = [
        SeatedSection(
            id=f"s-{n}",
            show="evening",
            name=f"Block {n}",
            price=price,
            rows=[Row(name=f"{chr(65 + r % 26)}{r // 26 or ''}", seats=25) for r in range(40)],
        )
        for n in range(50)
    ]
    drawn = chart(sections)
    sizes = encodings_of(json.dumps(compact_chart(drawn)).encode())

    assert sum(section.capacity for section in sections) == 50_000
    assert len(sizes["br"]) <= STADIUM_BYTES_MAX
    assert len(sizes["gzip"]) <= STADIUM_BYTES_MAX


async def test_both_forms_are_compressed_cached_and_drawn_alike(world: World) -> None:
    await world.event()
    http = (await world.visitor()).http
    full = await http.get(PATH)
    compact = await http.get(f"{PATH}?form=compact", headers={"Accept-Encoding": "br"})
    tag = compact.headers["etag"]
    again = await http.get(
        f"{PATH}?form=compact", headers={"Accept-Encoding": "br", "If-None-Match": tag}
    )
    wrong = await http.get(f"{PATH}?form=tiny")

    assert tag != full.headers["etag"]
    assert compact.headers["content-encoding"] == "br"
    assert (again.status_code, again.content) == (304, b"")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "form")
    assert as_the_page_draws_it(compact.json()["sections"]) == full.json()["sections"]


def as_the_page_draws_it(sections: list[Any]) -> list[Any]:
    """Return sections that the page's own module has expanded."""
    expanded: list[Any] = called_in_node("seats/compact-chart.js", "expandSections", sections)
    return expanded


async def test_the_catalogue_is_compressed(world: World) -> None:
    await world.event()
    http = (await world.visitor()).http
    for path in ("/api/v1/events", "/api/v1/events/demo"):
        plain = await http.get(path, headers={"Accept-Encoding": "identity"})
        for encoding in ("br", "gzip"):
            found = await http.get(path, headers={"Accept-Encoding": encoding})
            assert found.headers["content-encoding"] == encoding
            assert found.json() == plain.json()


async def test_charts_that_are_drawn_together_are_all_answered_though_few_are_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_cache, "CHARTS_BYTES_MAX", 1)
    for event in ("one", "two", "three"):
        await world.event(event)
    cache = world.services.events

    charts = await asyncio.gather(*(cache.chart(event) for event in ("one", "two", "three")))

    assert all(chart.full.encodings[""].startswith(b'{"sections":') for chart in charts)
