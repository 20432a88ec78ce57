"""The documents for machines: whole, valid by the official schemas, and of the same tables."""

import gzip
import html
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from booking_rush.errors import Refusal
from booking_rush.server.app import ROUTES
from booking_rush.server.contract.messages import ANSWERS, CLOSE_CODES
from booking_rush.server.contract.openapi import entries
from booking_rush.server.contract.operations import OPERATIONS
from booking_rush.server.protocol import frames
from tests.support.contract.validation import ContractError, check_answer, check_frame, documents
from tests.support.world import World

META_SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.json.gz")


def every(kind: type[Any]) -> set[type[Any]]:
    """The classes below a class."""
    return {one for below in kind.__subclasses__() for one in (below, *every(below))}


def test_every_route_is_in_the_document_and_no_other() -> None:
    routes = {(path, method.lower()) for path, method, _ in entries(ROUTES)}
    document = documents()[0]
    documented = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }

    assert documented == routes
    assert {handler for _, _, handler in entries(ROUTES)} == set(OPERATIONS)
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_command_and_close_code_is_in_the_document() -> None:
    commands = {kind for kind in every(frames.ClientCommand) if kind.__struct_config__.tag}
    codes = {value for value in vars(frames).values() if isinstance(value, int)} - {
        frames.FRAME_BYTES_MAX,
        frames.ID_CHARACTERS_MAX,
        frames.RETRY_MS_MIN,
        frames.BUSY_SPREAD_MS,
    }

    assert set(ANSWERS) == commands - {frames.HoldCommand}
    assert set(CLOSE_CODES) == codes


def test_the_openapi_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(documents()[0]).iter_errors()) == []


def test_the_document_says_of_the_order_what_a_new_event_gets() -> None:
    order = documents()[0]["components"]["schemas"]["Rules"]["properties"]["fairness"]

    assert "default" not in order  # it is another with `opens_at`
    assert "`lottery` where `opens_at` is given, otherwise `arrival`" in order["description"]


def test_the_asyncapi_document_is_valid() -> None:
    official = jsonschema_rs.validator_for(json.loads(gzip.decompress(META_SCHEMA.read_bytes())))
    document = documents()[1]

    official.validate(document)
    assert not official.is_valid({**document, "operations": {"push": {"action": "shout"}}})
    for reference in references_of(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references_of(document: dict[str, Any]) -> list[str]:
    return re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))


async def test_both_documents_are_served_and_not_sent_twice(world: World) -> None:
    http = await world.clients.http()
    for path, document in zip(("/openapi.json", "/asyncapi.json"), documents(), strict=True):
        answer = await http.get(path)
        again = await http.get(path, headers={"If-None-Match": answer.headers["etag"]})

        assert answer.json() == document
        assert (again.status_code, again.content) == (304, b"")


def test_no_code_of_a_refusal_has_two_statuses() -> None:
    by_code: dict[str, set[int]] = {}
    for refusal in every(Refusal):
        if hasattr(refusal, "code"):
            by_code.setdefault(refusal.code, set()).add(refusal.status)

    assert {code: statuses for code, statuses in by_code.items() if len(statuses) > 1} == {}


@pytest.mark.parametrize(
    ("status", "media_type", "body"),
    [
        (200, "application/json", {"place": None}),
        (418, "application/json", {}),
        (404, "application/json", {}),
        (404, "application/problem+json", {"code": "not_in_line"}),
    ],
)
def test_an_answer_that_is_not_documented_is_noticed(
    status: int, media_type: str, body: object
) -> None:
    with pytest.raises(ContractError):
        check_answer(
            "GET", "/api/v1/events/demo/queue", status, media_type, json.dumps(body).encode()
        )


@pytest.mark.parametrize(
    "frame", [{"type": "nothing"}, {"type": "pong"}, {"type": "pong", "re": "1", "more": 1}]
)
def test_a_frame_that_is_not_documented_is_noticed(frame: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        check_frame(frame)


async def test_the_page_has_every_route_frame_and_code(world: World) -> None:
    http = await world.clients.http()
    answer = await http.get("/docs")
    text = answer.text.replace("<wbr>", "")

    assert answer.headers["content-type"].startswith("text/html")
    for path, method, _ in entries(ROUTES):
        assert f"<code>{method} {html.escape(path)}</code>" in text
    for message in documents()[1]["components"]["messages"].values():
        assert f"<code>{message['name']}</code>" in text
    for code in ("409 seats_taken", "404 unknown_event", *map(str, CLOSE_CODES)):
        assert f"<code>{code}</code>" in text
    assert "<script" not in text
    assert "style=" not in text
    [style] = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
    assert (await http.get(style)).status_code == 200
