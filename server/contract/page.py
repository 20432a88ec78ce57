"""The page of the contract for people: routes, frames and codes, read out of both documents."""

from collections.abc import Iterable, Iterator
from html import escape

from booking_rush.booking.holds.states import STATES
from booking_rush.errors import Refusal
from booking_rush.server.contract.messages import CLOSE_CODES
from booking_rush.server.contract.schemas import Json

HEAD = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Contract · Booking Rush</title>
    <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/static/styles/base.css">
  </head>
  <body>
    <header class="top"><a class="brand" href="/">Booking Rush</a></header>
    <main id="main" class="column">
      <h1>Contract</h1>
      <p>For machines: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1) and
        <a href="/asyncapi.json">/asyncapi.json</a> (AsyncAPI 3.0). Members may be added at any
        time: ignore those that you do not know.</p>
"""
FOOT = "    </main>\n  </body>\n</html>\n"
CALLERS = {
    "visitorToken": "a visitor", "operatorKey": "an operator", "": "anybody",
}  # fmt: skip


def page(openapi: Json, asyncapi: Json, refusals: Iterable[type[Refusal]]) -> str:
    """Return the page as HTML; every text in it is escaped."""
    tags = dict.fromkeys(
        operation["tags"][0]
        for methods in openapi["paths"].values()
        for operation in methods.values()
    )
    routes = (_section(f"Routes: {tag}", _routes(openapi, tag)) for tag in tags)
    sockets = (
        _section(f"{_kind_of(channel)} {channel['address']}", _frames(asyncapi, channel))
        for channel in asyncapi["channels"].values()
    )
    codes = {f"{refusal.status} {refusal.code}": refusal.title() for refusal in refusals}
    closes = {str(code): meaning for code, meaning in CLOSE_CODES.items()}
    return "".join(
        [
            HEAD,
            *routes,
            *sockets,
            _section("Codes of refusals", _entries(sorted(codes.items()))),
            _section("Codes of a socket's close", _entries(closes.items())),
            _section("States of a booking", [f"<p>{', '.join(STATES)}</p>"]),
            FOOT,
        ]
    )


def _section(title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return f'<section class="panel"><h2>{escape(title)}</h2>\n{body}\n</section>\n'


def _routes(openapi: Json, tag: str) -> Iterator[str]:
    """Yield an entry for each route of a tag, with its answers folded."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] != [tag]:
                continue
            scheme = next(iter(operation["security"][0])) if operation["security"] else ""
            answers = (
                (status, response["description"])
                for status, response in operation["responses"].items()
            )
            yield (
                f"<details><summary><code>{method.upper()} {_breakable(path)}</code><br>"
                f"{escape(operation['summary'])}</summary>"
                f"<p>Asked by {CALLERS[scheme]}.</p>{''.join(_entries(answers))}</details>"
            )


def _kind_of(channel: Json) -> str:
    return "Topic" if "kafka" in channel["bindings"] else "Socket"


def _frames(asyncapi: Json, channel: Json) -> Iterator[str]:
    """Yield an entry for each command and frame of a channel."""
    messages = asyncapi["components"]["messages"]
    schemas = asyncapi["components"]["schemas"]
    for name in channel["messages"]:
        members = [member for member in schemas[name]["properties"] if member != "type"]
        told = ", ".join(members) or "no members"
        yield (
            f"<details><summary><code>{escape(messages[name]['name'])}</code><br>"
            f"{escape(messages[name]['summary'])}</summary><p>{escape(told)}</p></details>"
        )


def _entries(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "<dl>"
    for name, meaning in pairs:
        yield f"<dt><code>{escape(name)}</code></dt><dd>{escape(meaning)}</dd>"
    yield "</dl>"


def _breakable(path: str) -> str:
    """Return a path that a narrow screen may break after its slashes."""
    return escape(path).replace("/", "/<wbr>")
