"""The shape of the browser's modules: the wings of `static/`, and who may import whom."""

import re
from pathlib import Path

import pytest

from tests.layers import BROWSER_LAYERS

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "static"
MODULES = sorted(path for path in STATIC.rglob("*.js") if path.parent.name != "dist")
FOLDERS = sorted({path.parent for path in STATIC.rglob("*.*") if path.parent.name != "dist"})
IMPORT = re.compile(r'^(?:import|export)\b[^;(]*?\bfrom\s+["\'](\.[^"\']+)["\']', re.MULTILINE)
LATER = re.compile(r'import\(\s*["\'](\.[^"\']+)["\']')  # when it is wanted, or a type in JSDoc
FILES_MAX = 12


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(module: Path) -> set[Path]:
    """The modules of ours that a module names, at once, later or for a type."""
    text = module.read_text()
    return {
        (module.parent / found).resolve() for found in IMPORT.findall(text) + LATER.findall(text)
    }


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_modules_import_what_is_there(module: Path) -> None:
    assert [str(path) for path in imported(module) if not path.exists()] == []


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_point_downwards(module: Path) -> None:
    wing = name_of(module.parent)
    [at] = [at for at, line in enumerate(BROWSER_LAYERS) if wing in line]
    below = {lower for line in BROWSER_LAYERS[at + 1 :] for lower in line}

    assert {name_of(path.parent) for path in imported(module)} - {wing} <= below


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_wing_has_its_layer_and_fits_in_the_head(folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.suffix in (".js", ".css", ".html")]

    assert name_of(folder) in {wing for line in BROWSER_LAYERS for wing in line}
    assert len(files) <= FILES_MAX
