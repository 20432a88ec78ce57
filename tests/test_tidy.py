"""The shape of the code base, kept by a test rather than by memory."""

import ast
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from booking_rush.lua import commands, keys
from booking_rush.lua.client import moves
from booking_rush.lua.client.program import FRAME, MOVES, text_of

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "server": {"booking", "queue", "lua", "migrations"},
    "booking": {"queue", "lua"},
    "queue": {"lua"},
    "lua": set[str](),
    "migrations": set[str](),
}
# Technology is named at the edge that is made for it, and nowhere else.
TECHNOLOGY = {
    "starlette": {"server"},
    "uvicorn": {"server"},
    "click": {"server"},
    "prometheus_client": {"server"},
    "argon2": {"server"},
    "jwt": {"queue", "server"},
    "aiohttp": {"booking"},
}
SOURCES = sorted(path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py"))
ALL_PYTHON = [
    *SOURCES,
    *sorted((ROOT / "tests").glob("**/*.py")),
    *sorted((ROOT / "loadtest").glob("*.py")),
]
TEXTS = sorted(
    path
    for folder, kinds in {
        "lua": ["lua"],
        "migrations": ["sql"],
        "static": ["js", "css", "html"],
    }.items()
    for kind in kinds
    for path in (ROOT / folder).rglob(f"*.{kind}")
)
SIGNATURE = re.compile(r"-- (\w+)\(([\w, ]*)\) -> ([\w |]+)\n")
LINES_MAX = 350
FUNCTION_LINES_MAX = 60


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def folder_of(source: Path) -> str:
    """The top-level folder that a source lies under."""
    return source.relative_to(ROOT).parts[0]


def imported(source: Path) -> set[str]:
    """The modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_imports_point_downwards(source: Path) -> None:
    folder = folder_of(source)
    ours = {name.split(".")[1] for name in imported(source) if name.startswith("booking_rush.")}
    assert ours & MAY_IMPORT.keys() <= MAY_IMPORT[folder] | {folder}


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_technology_stays_at_its_edge(source: Path) -> None:
    used = {name.split(".")[0] for name in imported(source)}
    for technology, folders in TECHNOLOGY.items():
        assert technology not in used or folder_of(source) in folders


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


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_public_things_say_what_they_are(source: Path) -> None:
    """Ruff asks for docstrings of functions; here: of classes' public methods, too."""
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_every_move_is_a_command_and_every_command_a_move() -> None:
    assert {commands.word_of(command.__name__) for command in moves.COMMANDS} == set(MOVES)


@pytest.mark.parametrize("command", moves.COMMANDS)
def test_every_move_declares_its_command_and_its_replies(command: Any) -> None:
    name = commands.word_of(str(command.__name__))
    signature = SIGNATURE.match(text_of(name).replace("\n--   ", " "))
    [replies] = get_args(command.__orig_bases__[0])
    words = [commands.word_of(r.__name__) for r in get_args(replies) or (replies,)]

    assert signature is not None
    assert signature[1] == name
    assert [field for field in signature[2].split(", ") if field] == list(command.__struct_fields__)
    assert signature[3].split(" | ") == words


def test_every_reply_can_be_decoded() -> None:
    every: tuple[Any, ...] = moves.COMMANDS
    replies = {
        reply
        for command in every
        for union in get_args(command.__orig_bases__[0])
        for reply in get_args(union) or (union,)
    }
    assert replies <= set(get_args(moves.AnyReply))


def test_redis_is_described_in_one_place() -> None:
    """Every key that a move builds is in the table, and every key of the table is built."""
    used = {
        name for move in (*MOVES, *FRAME) for name in re.findall(r'key\("(\w+)"', text_of(move))
    }
    used |= set(re.findall(r'number_at\("(\w+)"', "".join(text_of(m) for m in (*MOVES, *FRAME))))
    used |= set(re.findall(r'due\("(\w+)"', text_of("admit_next")))
    sets = re.search(r"SETS = \{([^}]*)\}", text_of("prelude"))
    assert sets is not None
    used |= set(re.findall(r'"(\w+)"', sets[1]))

    assert used == {known.name for known in keys.KEYS}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folders_are_not_packages(folder: str) -> None:
    """An __init__.py in queue/ would shadow the standard library's queue."""
    assert not (ROOT / folder / "__init__.py").exists()
    assert (ROOT / "booking_rush" / folder).resolve() == ROOT / folder


def test_the_standard_library_queue_is_still_itself() -> None:
    import queue

    assert queue.Queue is not None


@pytest.mark.parametrize("source", [path for path in TEXTS if path.suffix == ".html"], ids=name_of)
def test_pages_hold_no_script_and_no_style_of_their_own(source: Path) -> None:
    text = source.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", text)


@pytest.mark.parametrize("source", [path for path in TEXTS if path.suffix == ".js"], ids=name_of)
def test_scripts_write_text_and_never_markup(source: Path) -> None:
    text = source.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert text.startswith(("/**", "//", "// @ts-check"))
