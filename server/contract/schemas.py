"""JSON Schemas (2020-12) of types, as both documents hold them below `components`."""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

from booking_rush.text import SURROGATES

REF = "#/components/schemas/{name}"
Json = dict[str, Any]


def schemas_of(types: Iterable[Any]) -> tuple[dict[Any, Json], Json]:
    """Return a reference for each type, and the schemas that they refer to, by name."""
    wanted = list(dict.fromkeys(types))
    found, components = msgspec.json.schema_components(wanted, ref_template=REF)
    references = dict(zip(wanted, map(portable, found), strict=True))
    return references, {name: portable(schema) for name, schema in sorted(components.items())}


def portable(schema: Any) -> Any:
    """Return a schema with its patterns as ECMA-262 has them."""
    if isinstance(schema, dict):
        members: Json = schema  # pyright: ignore[reportUnknownVariableType]
        return {
            name: pattern(value)
            if name == "pattern" and isinstance(value, str)
            else portable(value)
            for name, value in members.items()
        }
    if isinstance(schema, list | tuple):
        return [portable(member) for member in schema]  # pyright: ignore[reportUnknownVariableType]
    return schema


def pattern(text: str) -> str:
    r"""Return a pattern with `$` for `\Z`, and without surrogates, which no UTF-8 has."""
    return text.replace(r"\Z", "$").replace(SURROGATES, "")


def reference(name: str) -> Json:
    """Return a reference to a schema of this name."""
    return {"$ref": REF.format(name=name)}


def first_line(thing: Any) -> str:
    """Return the first paragraph of a docstring, as one line."""
    text = inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0]
    return " ".join(text.split())
