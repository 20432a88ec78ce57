"""The shape of the browser's modules: the wings of `static/`, and who may import whom."""

import re
from pathlib import Path

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


def test_modules_import_what_is_there() -> None:
    missing = {
        name_of(module): sorted(str(path) for path in imported(module) if not path.exists())
        for module in MODULES
    }

    assert {name: paths for name, paths in missing.items() if paths} == {}


def test_imports_point_downwards() -> None:
    upwards = {
        name_of(module): {name_of(path.parent) for path in imported(module)}
        - {name_of(module.parent)}
        - below(name_of(module.parent))
        for module in MODULES
    }

    assert {name: wings for name, wings in upwards.items() if wings} == {}


def below(wing: str) -> set[str]:
    """The wings that a wing may import from."""
    [at] = [at for at, line in enumerate(BROWSER_LAYERS) if wing in line]
    return {lower for line in BROWSER_LAYERS[at + 1 :] for lower in line}


def test_every_wing_has_its_layer() -> None:
    known = {wing for line in BROWSER_LAYERS for wing in line}

    assert {name_of(folder) for folder in FOLDERS} - known == set()


def test_a_wing_fits_in_the_head() -> None:
    counts = {
        name_of(folder): sum(path.suffix in (".js", ".css", ".html") for path in folder.iterdir())
        for folder in FOLDERS
    }

    assert {name: count for name, count in counts.items() if count > FILES_MAX} == {}
