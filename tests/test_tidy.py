"""The shape of the code base, kept by a test rather than by memory.

Each rule is one test, which names every file that breaks it, and what breaks it there.
"""

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

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
SCRIPTS = [path for path in TEXTS if path.suffix == ".js"]
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


def breaches(files: Iterable[Path], found_in: Callable[[Path], object]) -> dict[str, object]:
    """Return what breaks a rule in each file, by its name; nothing of those that keep it."""
    return {name_of(file): found for file in files if (found := found_in(file))}


class Facts(NamedTuple):
    """Facts of a Python file that rules ask for; its tree is not kept, which is large."""

    imported: set[str]
    promise: str
    clauses: list[str]
    long_functions: list[str]
    classes_without_promise: list[str]


@cache
def facts_of(source: Path) -> Facts:
    """Parse a file, once for all rules. Return its facts."""
    tree = ast.parse(source.read_text())
    nodes = list(ast.walk(tree))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    public = [node for node in classes if not node.name.startswith("_")]
    return Facts(
        imported=imported_by(nodes),
        promise=(ast.get_docstring(tree) or "").partition("\n")[0],
        clauses=clauses_of(nodes),
        long_functions=long_functions_of(nodes),
        classes_without_promise=[node.name for node in public if not ast.get_docstring(node)],
    )


def imported_by(nodes: Iterable[ast.AST]) -> set[str]:
    """The modules that a file imports; what it takes out of them is named, too."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def long_functions_of(nodes: Iterable[ast.AST]) -> list[str]:
    names: list[str] = []
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno >= FUNCTION_LINES_MAX:
                names.append(node.name)
    return names


def clauses_of(nodes: Iterable[ast.AST]) -> list[str]:
    """The docstrings that open with a clause; a refusal may: its own is a title for clients."""
    texts: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or "It"
            if text.split()[0] in CLAUSE_OPENERS and not is_refusal(node):
                texts.append(text)
    return texts


def is_refusal(node: ast.AST) -> bool:
    """Return whether a class says the `code` of a refusal."""
    return isinstance(node, ast.ClassDef) and any("code" in ast.unparse(part) for part in node.body)


@cache
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


@cache
def wings_imported(source: Path) -> set[str]:
    """The wings of ours, other than its own, that a file imports from."""
    files = map(file_of, facts_of(source).imported)
    return {wing_of(file) for file in files if file is not None} - {wing_of(source)}


def below(wing: str, layers: tuple[tuple[str, ...], ...]) -> set[str]:
    """The wings that a wing may import from."""
    [at] = [at for at, line in enumerate(layers) if wing in line]
    return {lower for line in layers[at + 1 :] for lower in line}


def test_imports_point_downwards() -> None:
    def upwards(source: Path) -> set[str]:
        return wings_imported(source) - below(wing_of(source), LAYERS)

    assert breaches(SOURCES, upwards) == {}


def test_tests_import_no_wing_of_tests_beside_theirs() -> None:
    def beside(test: Path) -> set[str]:
        wings = {wing for wing in wings_imported(test) if wing.split("/")[0] == "tests"}
        return wings - below(wing_of(test), TEST_LAYERS)

    assert breaches(TESTS, beside) == {}


def test_tests_import_no_test() -> None:
    def tests_imported(test: Path) -> list[str]:
        names = [name for name in facts_of(test).imported if name.startswith("tests.")]
        return [file.name for file in map(file_of, names) if file and "test_" in file.name]

    assert breaches(TESTS, tests_imported) == {}


def test_nothing_but_the_tests_knows_where_they_lie() -> None:
    def paths_of_tests(source: Path) -> list[str]:
        return re.findall(r"\btests?[./]\w+", source.read_text())

    assert breaches([*SOURCES, *TEXTS], paths_of_tests) == {}


def test_every_folder_of_code_has_its_layer() -> None:
    known = {wing for layers in (LAYERS, TEST_LAYERS) for line in layers for wing in line}

    assert {wing_of(path) for path in (*SOURCES, *TESTS)} == known


def test_every_wing_is_on_the_map_with_its_promise() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in {name_of(path.parent) for path in SOURCES}:
        assert re.search(rf"^\| `{folder}/` \| .{{20,}} \|$", architecture, re.MULTILINE), folder


def test_a_wing_fits_in_the_head() -> None:
    """All of its sources, whatever their language; applied migrations can only grow in number."""

    def too_many(wing: Path) -> int:
        files = [path for path in wing.iterdir() if path.suffix in (".py", ".lua", ".js", ".css")]
        return max(0, len(files) - FILES_MAX)

    assert breaches({path.parent for path in (*SOURCES, *TESTS)}, too_many) == {}


def test_technology_stays_at_its_edge() -> None:
    def away_from_its_edge(source: Path) -> list[str]:
        used = {name.split(".")[0] for name in facts_of(source).imported}
        places = {name_of(source), wing_of(source)}
        return [
            name for name, edges in TECHNOLOGY.items() if name in used and not places & set(edges)
        ]

    assert breaches(SOURCES, away_from_its_edge) == {}


def test_files_fit_in_the_head() -> None:
    def too_many(source: Path) -> int:
        return max(0, len(source.read_text().splitlines()) - LINES_MAX)

    assert breaches([*ALL_PYTHON, *TEXTS], too_many) == {}


def test_functions_fit_on_a_screen() -> None:
    assert breaches(SOURCES, lambda source: facts_of(source).long_functions) == {}


def test_every_file_opens_with_its_promise() -> None:
    def other_opening(source: Path) -> str:
        promise = facts_of(source).promise
        return "" if re.match(r"[A-Z`].*[.:]$", promise) else promise or "none"

    assert breaches(ALL_PYTHON, other_opening) == {}


def test_no_docstring_opens_with_a_clause() -> None:
    """An imperative or a noun comes first."""
    assert breaches(ALL_PYTHON, lambda source: facts_of(source).clauses) == {}


def test_no_comment_on_top_opens_with_a_clause() -> None:
    def clause_on_top(module: Path) -> str:
        first = re.match(r"\W*(\w+)", module.read_text())
        assert first is not None, module
        return first[1] if first[1] in CLAUSE_OPENERS else ""

    assert breaches([*MODULES, *LUA], clause_on_top) == {}


def test_public_things_say_what_they_are() -> None:
    """Ruff asks for docstrings of functions; here: of classes' public methods, too."""
    assert breaches(SOURCES, lambda source: facts_of(source).classes_without_promise) == {}


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


def test_pages_hold_no_script_and_no_style_of_their_own() -> None:
    own = r"<style|\sstyle=|\son\w+=|<script(?![^>]*(?:\bsrc=|type=\"application/json\"))"

    def found_in(page: Path) -> list[str]:
        return re.findall(own, page.read_text())

    assert breaches([path for path in TEXTS if path.suffix == ".html"], found_in) == {}


def test_scripts_write_text_and_never_markup() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b"

    def found_in(script: Path) -> list[str]:
        return re.findall(markup, script.read_text())

    assert breaches(SCRIPTS, found_in) == {}


def test_scripts_open_with_a_comment() -> None:
    def other_opening(script: Path) -> str:
        text = script.read_text()
        return "" if text.startswith(("/**", "//", "// @ts-check")) else text[:20] or "empty"

    assert breaches(SCRIPTS, other_opening) == {}
