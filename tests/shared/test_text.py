"""Text from outside, by type: no struct that is decoded has a bare string, whoever adds it."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from booking_rush import text

ROOT = Path(__file__).parents[2]
# Structs whose strings do not come from outside, or go no further; each with its reason.
NOT_FROM_OUTSIDE = {
    "Settings": "the operator's own environment, checked at start",
    "StaticFile": "made from our own files",
    "Site": "made from our own files",
    "Bundle": "made from our own files",
    "BookingChange": "read from Redis; what Postgres refuses of it becomes a dead letter",
    "Entry": "of a journal, which its chain of hashes proves or not",
    "_Claims": "of a visitor's token, as we made and signed it",
    "Undone": "read from the audit, as we wrote it",
}
READ_AND_CLEANED = {
    "_Problem": "of a provider's refusal: `as_line` before it goes anywhere",
    "_Failure": "holds a _Problem",
    "_Object": "its metadata is read by two keys, as a UUID and a number",
}


def structs() -> dict[str, type]:
    """Every struct of `server/`, `booking/` or `queue/`, but those that tell what we answer."""
    found: dict[str, type] = {}
    for folder in ("server", "booking", "queue"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name == "__main__.py" or path.parent.name == "contract":
                continue
            name = ".".join(("booking_rush", *path.relative_to(ROOT).with_suffix("").parts))
            module = importlib.import_module(name)
            for value in vars(module).values():
                is_struct = isinstance(value, type) and issubclass(value, msgspec.Struct)
                if is_struct and value.__module__ == name:
                    found[value.__name__] = value
    return found


def admits_controls(pattern: str) -> bool:
    """Return whether a pattern has a class of what is refused that leaves controls out.

    `[^\\W` is a class of what may be there.
    """
    refused = re.findall(r"\[\^(?!\\W)[^]]*", pattern)
    return any(text.CONTROLS not in one for one in refused) or r"\S" in pattern


def bare_strings(type_: inspect.Type, where: str) -> Iterator[str]:
    """Yield the places of strings that have no pattern, or one that lets controls through."""
    match type_:
        case inspect.StrType(pattern=pattern):
            if pattern is None or admits_controls(pattern):
                yield where
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from bare_strings(field.type, f"{where}.{field.name}")
        case inspect.UnionType(types=types):
            for one in types:
                yield from bare_strings(one, where)
        case inspect.ListType(item_type=item) | inspect.SetType(item_type=item):
            yield from bare_strings(item, f"{where}[]")
        case inspect.DictType(key_type=key, value_type=value):
            if not isinstance(value, inspect.AnyType):  # read by names of ours
                yield from bare_strings(key, f"{where} keys")
            yield from bare_strings(value, f"{where} values")
        case inspect.Metadata(type=inner):
            yield from bare_strings(inner, where)
        case _:
            pass


def test_no_string_from_outside_is_bare() -> None:
    found = structs()
    assert {"Create", "NewEvent", "NewCharge", "Webhook", "Login", "Reason"} <= set(found)
    allowed = NOT_FROM_OUTSIDE.keys() | READ_AND_CLEANED.keys()
    bare = [
        where
        for name, struct in found.items()
        if name not in allowed
        for where in bare_strings(inspect.type_info(struct), name)
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("type_", "characters_max"), [(text.Name64, 64), (text.Line, 200), (text.Text, 500)]
)
def test_lines_have_their_length_in_characters(type_: Any, characters_max: int) -> None:
    longest = "\U0001f39f" * characters_max
    assert msgspec.convert(longest, type_) == longest
    for wrong in ("", longest + "x", "\0", "\x85", "\u2029", "\ud800"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, type_)


def test_only_text_has_lines() -> None:
    assert msgspec.convert("a\n\tb", text.Text) == "a\n\tb"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("a\nb", text.Line)


def test_old_names_lose_what_a_line_may_not_hold() -> None:
    assert text.as_line("a\x7f b\u2028\ud800") == "a b"
