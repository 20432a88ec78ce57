"""The browser's modules: wings in layers, imports that point downwards, and no circles."""

import re
from graphlib import TopologicalSorter

import pytest

from booking_rush.server.web.static_files import STATIC, imports_of, module_graph, read_files

# A module imports from its own wing and from lower lines; wings of one line do not know each other.
BROWSER_LAYERS = [
    ["pages"],
    ["booking"],
    ["queue", "seats", "admin"],
    ["connection", "ui"],
    ["lib"],
    ["texts"],
    ["styles"],
]
WING_FILES_MAX = 12
TYPE = re.compile(r'import\("([^"]+)"\)')  # in JSDoc: knowing a type is knowing its module
LEVELS = {wing: level for level, wings in enumerate(BROWSER_LAYERS) for wing in wings}
FILES = read_files(STATIC)
MODULES = sorted(path for path in FILES if path.endswith(".js"))


def wing_of(path: str) -> str:
    return path.rpartition("/")[0] or "pages"


def known_to(path: str) -> list[str]:
    """The modules that a module imports, for values or for types."""
    source = FILES[path].decode()
    types = "".join(f'import "{name}";\n' for name in TYPE.findall(source))
    return imports_of(path, source) + imports_of(path, types)


def test_every_folder_stands_in_the_layers() -> None:
    assert {wing_of(path) for path in FILES} == set(LEVELS)


@pytest.mark.parametrize("path", MODULES)
def test_imports_point_downwards(path: str) -> None:
    wing = wing_of(path)
    for other in known_to(path):
        assert other in FILES, other
        below = wing_of(other)
        assert below == wing or LEVELS[below] > LEVELS[wing], other


@pytest.mark.parametrize("wing", LEVELS)
def test_a_wing_fits_in_the_head(wing: str) -> None:
    assert len([path for path in FILES if wing_of(path) == wing]) <= WING_FILES_MAX


def test_modules_do_not_import_in_circles() -> None:
    TopologicalSorter(module_graph(FILES)).prepare()
