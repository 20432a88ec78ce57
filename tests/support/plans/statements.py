"""Every SQL statement of the program, read out of its source: a new one cannot be forgotten."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
FOLDERS = ("booking_rush", "booking", "lua", "queue", "server", "tracing")
BEGINNING = re.compile(r"\s*(SELECT|WITH|INSERT INTO|DELETE FROM|UPDATE [\w.]+( AS \w+)?\s+SET)\b")
KEYWORD = re.compile(r"\b(SELECT|INSERT INTO|DELETE FROM|UPDATE)\b")  # in files that have SQL

# What the local names of a text stand for, by the place of the text.
Fillings = Mapping[str, Sequence[Mapping[str, str]]]


class Statement(NamedTuple):
    """A statement and its place: the file, and what it is defined in there."""

    place: str
    text: str


def statements(fillings: Fillings) -> list[Statement]:
    """Return the statements of the program; texts that others begin with are none by themselves.

    Raises:
        NameError: a text has a local name for which `fillings` has nothing.
    """
    found = [one for path in _files() for one in _statements_of(path, fillings)]
    texts = {one.text for one in found}
    whole = {text for text in texts if not any(text != other and text in other for other in texts)}
    return [one for one in found if one.text in whole]


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        pattern = "*.py" if folder == "booking_rush" else "**/*.py"
        yield from sorted((ROOT / folder).glob(pattern))


def _statements_of(path: Path, fillings: Fillings) -> Iterator[Statement]:
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text()
    if not KEYWORD.search(text):
        return
    names = vars(importlib.import_module(_module_of(name)))
    for place, literal in _literals(ast.parse(text), name):
        if _is_statement(literal, names):
            code = compile(ast.Expression(literal), name, "eval")
            for locals_ in fillings.get(place, [{}]):
                yield Statement(place, _text_of(code, {**names, **locals_}))


def _text_of(code: CodeType, names: dict[str, Any]) -> str:
    text: str = eval(code, names)
    return text


def _module_of(name: str) -> str:
    parts = name.removesuffix(".py").removeprefix("booking_rush/").split("/")
    return ".".join(["booking_rush", *parts]).removesuffix(".__init__")


def _literals(node: ast.AST, place: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield the strings below a node, each as a whole, with what they are defined in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr | ast.Constant):
            yield place, child
        else:
            name = _name_of(child)
            inner = f"{place}{'.' if ' ' in place else ' '}{name}" if name else place
            yield from _literals(child, inner)


def _name_of(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) if name.isupper():
            return name
        case ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
            return name
        case _:
            return ""


def _is_statement(literal: ast.expr, names: Mapping[str, Any]) -> bool:
    """Return whether a text begins as a statement does, or with a constant that does."""
    parts = literal.values if isinstance(literal, ast.JoinedStr) else [literal]
    texts = (_beginning(part, names) for part in parts)
    return bool(BEGINNING.match(next((text for text in texts if text.strip()), "")))


def _beginning(part: ast.expr, names: Mapping[str, Any]) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Name(id=name)):
            return str(names.get(name, "?"))
        case _:
            return "?"
