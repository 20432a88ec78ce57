"""The shape of the code base, kept by a test rather than by memory."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from booking_rush.lua import commands, keys
from booking_rush.lua.client import moves
from booking_rush.lua.client.program import FRAME, MOVES, text_of
from tests.layers import LAYERS, TECHNOLOGY, TEST_LAYERS

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "static"

FOLDERS = ("server", "booking", "queue", "lua", "tracing", "migrations")
SOURCES = sorted(
    [
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "booking_rush").glob("*.py"),
    ]
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BROWSER = sorted(
    path
    for kind in ("js", "css", "html")
    for path in STATIC.rglob(f"*.{kind}")
    if path.parent.name != "dist"  # made by esbuild of the rest
)
LUA = sorted((ROOT / "lua").rglob("*.lua"))
MODULES = [path for path in BROWSER if path.suffix == ".js"]
ALL_PYTHON = [*SOURCES, *TESTS, *sorted((ROOT / "loadtest").rglob("*.py"))]
TEXTS = sorted(
    path
    for folder, kinds in {
        "lua": ["lua"],
        "migrations": ["sql"],
        "static": ["js", "css", "html"],
    }.items()
    for kind in kinds
    for path in (ROOT / folder).rglob(f"*.{kind}")
    if path.parent.name != "dist"
)
SIGNATURE = re.compile(r"-- (\w+)\(([\w, ]*)\) -> ([\w |]+)\n")
PARAMETERS = re.compile(r"^return function\(([\w,\s]*)\)", re.MULTILINE)
CLAUSE_OPENERS = {
    "What", "Who", "Whoever", "Whose", "How", "Whether", "Where", "Wherever", "Everything",
    "Everybody", "Nobody", "Somebody", "Nothing",
}  # fmt: skip
LINES_MAX = 350
FILES_MAX = 12
FUNCTION_LINES_MAX = 60


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def wing_of(path: Path) -> str:
    """The folder that a file lies in; a file of `server/` itself is its own."""
    folder = str(path.relative_to(ROOT).parent)
    return f"server/{path.stem}" if folder == "server" else folder


def imported(source: Path) -> set[str]:
    """The modules that a file imports; what it takes out of them is named, too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def file_of(name: str) -> Path | None:
    """The file of ours that a dotted name leads to: a module, or something out of one."""
    package, _, rest = name.partition(".")
    parts = rest.split(".") if package == "booking_rush" else name.split(".")
    shared = ROOT / "booking_rush" if package == "booking_rush" else ROOT
    for root, end in ((r, e) for e in (len(parts), len(parts) - 1) for r in (ROOT, shared)):
        path = root.joinpath(*parts[:end]).with_suffix(".py")
        if end and path.exists():
            return path
    return None


def wings_imported(source: Path) -> set[str]:
    """The wings of ours, other than its own, that a file imports from."""
    files = map(file_of, imported(source))
    return {wing_of(file) for file in files if file is not None} - {wing_of(source)}


def below(wing: str, layers: tuple[tuple[str, ...], ...]) -> set[str]:
    """The wings that a wing may import from."""
    [at] = [at for at, line in enumerate(layers) if wing in line]
    return {lower for line in layers[at + 1 :] for lower in line}


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_imports_point_downwards(source: Path) -> None:
    assert wings_imported(source) <= below(wing_of(source), LAYERS)


@pytest.mark.parametrize("source", TESTS, ids=name_of)
def test_tests_import_no_test_and_no_wing_of_tests_beside_theirs(source: Path) -> None:
    names = [name for name in imported(source) if name.startswith("tests.")]
    wings = {wing for wing in wings_imported(source) if wing.split("/")[0] == "tests"}

    assert wings <= below(wing_of(source), TEST_LAYERS)
    assert not [file.name for file in map(file_of, names) if file and "test_" in file.name]


@pytest.mark.parametrize("source", [*SOURCES, *TEXTS], ids=name_of)
def test_nothing_but_the_tests_knows_where_they_lie(source: Path) -> None:
    assert not re.search(r"\btests?[./]\w+", source.read_text())


def test_every_folder_of_code_has_its_layer() -> None:
    known = {wing for layers in (LAYERS, TEST_LAYERS) for line in layers for wing in line}

    assert {wing_of(path) for path in (*SOURCES, *TESTS)} == known


def test_every_wing_is_on_the_map_with_its_promise() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in {name_of(path.parent) for path in SOURCES}:
        assert re.search(rf"^\| `{folder}/` \| .{{20,}} \|$", architecture, re.MULTILINE), folder


@pytest.mark.parametrize("wing", sorted({path.parent for path in (*SOURCES, *TESTS)}), ids=name_of)
def test_a_wing_fits_in_the_head(wing: Path) -> None:
    """All of its sources, whatever their language; applied migrations can only grow in number."""
    files = [path for path in wing.iterdir() if path.suffix in (".py", ".lua", ".js", ".css")]

    assert len(files) <= FILES_MAX


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_technology_stays_at_its_edge(source: Path) -> None:
    used = {name.split(".")[0] for name in imported(source)}
    name = name_of(source)
    for technology, edges in TECHNOLOGY.items():
        at_the_edge = name in edges or wing_of(source) in edges
        assert technology not in used or at_the_edge, technology


@pytest.mark.parametrize("source", ALL_PYTHON + TEXTS, ids=name_of)
def test_files_fit_in_the_head(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= LINES_MAX


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_functions_fit_on_a_screen(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("source", ALL_PYTHON, ids=name_of)
def test_every_file_opens_with_its_promise(source: Path) -> None:
    promise = ast.get_docstring(ast.parse(source.read_text())) or ""
    assert re.match(r"[A-Z`].*[.:]$", promise.splitlines()[0] if promise else ""), promise


def is_refusal(node: ast.AST) -> bool:
    """Return whether a class says the `code` of a refusal."""
    assigned = [part for part in getattr(node, "body", []) if isinstance(part, ast.Assign)]
    names = {name.id for part in assigned for name in ast.walk(part) if isinstance(name, ast.Name)}
    return isinstance(node, ast.ClassDef) and "code" in names


@pytest.mark.parametrize("source", ALL_PYTHON, ids=name_of)
def test_no_docstring_opens_with_a_clause(source: Path) -> None:
    """An imperative or a noun comes first. Refusals have none: theirs are titles for clients."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = (ast.get_docstring(node) or "It").split()[0]
            is_refusal = isinstance(node, ast.ClassDef) and any(
                "code" in ast.unparse(part) for part in node.body
            )
            assert is_refusal or first not in CLAUSE_OPENERS, ast.get_docstring(node)


@pytest.mark.parametrize("module", [*MODULES, *LUA], ids=name_of)
def test_no_comment_on_top_opens_with_a_clause(module: Path) -> None:
    first = re.match(r"\W*(\w+)", module.read_text())
    assert first is not None
    assert first[1] not in CLAUSE_OPENERS


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_public_things_say_what_they_are(source: Path) -> None:
    """Ruff asks for docstrings of functions; here: of classes' public methods, too."""
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_every_move_is_a_command_and_every_command_a_move() -> None:
    assert {commands.tag_of_type(command.__name__) for command in moves.COMMANDS} == set(MOVES)


@pytest.mark.parametrize("command", moves.COMMANDS)
def test_every_move_declares_its_command_and_its_replies(command: Any) -> None:
    name = commands.tag_of_type(str(command.__name__))
    signature = SIGNATURE.match(text_of(name).replace("\n--   ", " "))
    tags = [commands.tag_of_type(reply.__name__) for reply in moves.replies_of(command)]

    assert signature is not None
    assert signature[1] == name
    assert [field for field in signature[2].split(", ") if field] == list(command.__struct_fields__)
    assert signature[3].split(" | ") == tags
    [parameters] = PARAMETERS.findall(text_of(name))
    assert len(re.findall(r"\w+", parameters)) == len(command.__struct_fields__)


def test_redis_is_described_in_one_place() -> None:
    """Every key that a move builds is in the table, and every key of the table is built."""
    text = "".join(text_of(part) for part in (*MOVES, *FRAME))
    used = set(re.findall(r'\bkey\("(\w+)"', text))
    used |= set(re.findall(r'\bmemory\.(?:hash|zset|strings|schedule)\("(\w+)"', text))

    assert used == {known.name for known in keys.KEYS}


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_are_not_packages(folder: str) -> None:
    """An __init__.py in queue/ would shadow the standard library's queue."""
    assert not list((ROOT / folder).rglob("__init__.py"))
    assert (ROOT / "booking_rush" / folder).resolve() == ROOT / folder


def test_the_standard_library_queue_is_still_itself() -> None:
    import queue

    assert queue.Queue is not None


@pytest.mark.parametrize("source", [path for path in TEXTS if path.suffix == ".html"], ids=name_of)
def test_pages_hold_no_script_and_no_style_of_their_own(source: Path) -> None:
    text = source.read_text()
    assert not re.search(
        r"<style|\sstyle=|\son\w+=|<script(?![^>]*(?:\bsrc=|type=\"application/json\"))", text
    )


@pytest.mark.parametrize("source", [path for path in TEXTS if path.suffix == ".js"], ids=name_of)
def test_scripts_write_text_and_never_markup(source: Path) -> None:
    text = source.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert text.startswith(("/**", "//", "// @ts-check"))
