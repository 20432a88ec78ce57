"""Bundles: what is committed is what the sources make, and small enough for a rush."""

import json
import subprocess
from pathlib import Path

import pytest

from booking_rush.server.web.static_files import STATIC, site
from tests.support.servers.demo_run import ROOT

TOOL = ROOT / "tools" / "static"
UNTIL_JOIN_BYTES_MAX = 40_000  # of scripts and styles, by Brotli; the page itself has the rest
INSTALL_S, BUILD_S = 120, 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle the sources with the pinned esbuild, which npm installs. Return the folder."""
    subprocess.run(
        ["make", "tools/static/node_modules/.package-lock.json"],
        cwd=ROOT,
        check=True,
        timeout=INSTALL_S,
    )
    folder = tmp_path_factory.mktemp("made") / "dist"
    subprocess.run(["node", TOOL / "build.js", folder], check=True, timeout=BUILD_S)
    return folder


def test_what_is_committed_is_what_the_sources_make(made: Path) -> None:
    """If this fails: `make static`, and commit `static/dist`."""
    committed = {path.name: path.read_bytes() for path in (STATIC / "dist").iterdir()}

    assert committed == {path.name: path.read_bytes() for path in made.iterdir()}


def test_the_lock_pins_one_version_and_names_no_registry() -> None:
    lock = (TOOL / "package-lock.json").read_text()
    wanted = json.loads((TOOL / "package.json").read_text())["devDependencies"]["esbuild"]

    assert json.loads(lock)["packages"]["node_modules/esbuild"]["version"] == wanted
    assert "resolved" not in lock


def test_an_event_page_needs_few_bytes_until_join() -> None:
    bundle = json.loads((STATIC / "dist" / "manifest.json").read_bytes())["event.html"]
    names = [bundle["script"], bundle["style"], *bundle["preloads"]]
    sizes = [len(site().files[f"dist/{name}"].encodings["br"]) for name in names]

    assert len(names) <= 3
    assert sum(sizes) <= UNTIL_JOIN_BYTES_MAX


def test_maps_and_booking_are_in_no_bundle_that_comes_before_join() -> None:
    bundle = json.loads((STATIC / "dist" / "manifest.json").read_bytes())["event.html"]
    parts = {path.name: path.read_text() for path in (STATIC / "dist").glob("*.js")}
    early = {bundle["script"], *bundle["preloads"]}
    only_of_the_booking_controller = "seats.watch"

    holding = {name for name, text in parts.items() if only_of_the_booking_controller in text}
    assert holding
    assert not holding & early
