"""Results of benchmarks: what is printed can be read again, compared, and drawn."""

from xml.etree import ElementTree

import pytest

from loadtest import bench, reporting
from loadtest.against import parse, ratios
from loadtest.reporting import drawing, report


def test_printed_results_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    report("holds of 400 sockets", per_second=10_789, p50_ms=33.25, redis_us=1234.5)
    report("a name of exactly so many ch", ratio=0.5)
    reporting.results.clear()

    assert parse(f"noise\n{capsys.readouterr().out}") == {
        "holds of 400 sockets": {"per_second": 10_789, "p50_ms": 33.25, "redis_us": 1234.5},
        "a name of exactly so many ch": {"ratio": 0.5},
    }


def test_a_comparison_shows_the_ratio_of_means_and_its_spread() -> None:
    before = [{"holds": {"per_second": 100.0}}, {"holds": {"per_second": 200.0}}]
    after = [{"holds": {"per_second": 300.0, "new": 1.0}}, {"holds": {"per_second": 300.0}}]

    [line] = ratios(after, before)

    assert line.split(maxsplit=1) == ["holds", "per_second 2.00 (1.50-3.00)"]
    assert ratios(after, [{}, {}])[0].endswith("not there")


def test_results_are_drawn_as_svg() -> None:
    about = {"commit": "abc", "at": "2026", "cores": 2}
    found = [
        {"name": "<lone> join", "p50_ms": 3.2, "p99_ms": 11.0},
        {"name": "cost of hold", "us": 38.8, "calls": 3.2},
        {"name": "no time", "count": 1},
    ]

    drawn = ElementTree.fromstring(drawing(about, found))

    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "<lone> join" in texts
    assert "38.8 us, 3.2 calls" in texts
    assert "no time" not in texts


def test_an_unknown_row_is_named_with_those_that_exist() -> None:
    with pytest.raises(SystemExit, match="no row nosuch; there are") as stopped:
        bench.chosen_rows(["moves", "nosuch"])
    assert "quiet" in str(stopped.value)
