"""The AsyncAPI 3.0 document: the sockets with commands, frames and close codes, and the topics."""

from typing import Any

from booking_rush.server.contract.messages import (
    ANSWERS,
    CLOSE_CODES,
    OPERATORS,
    PUSHED,
    VISITORS,
    Error,
)
from booking_rush.server.contract.openapi import SECURITY_SCHEMES, VERSION
from booking_rush.server.contract.schemas import Json, first_line, schemas_of
from booking_rush.server.contract.topics import (
    TYPES,
    topic_channels,
    topic_messages,
    topic_operations,
)
from booking_rush.server.protocol.frames import FRAME_BYTES_MAX, SUBPROTOCOL

VISITOR, OPERATOR = "visitor", "operator"
CHANNELS = {
    VISITOR: ("/ws/events/{event}", (*ANSWERS, *VISITORS), "A visitor in an event's line."),
    OPERATOR: ("/ws/admin/events/{event}", OPERATORS, "The figures of an event."),
}
SECURITY = {
    VISITOR: ("visitorToken", "visitorCookie"),
    OPERATOR: ("operatorKey", "operatorSession"),
}
# AsyncAPI names a cookie's scheme otherwise than OpenAPI does.
SCHEMES = {
    name: {**scheme, "type": "httpApiKey"} if scheme["type"] == "apiKey" else scheme
    for name, scheme in SECURITY_SCHEMES.items()
    if name != "csrfToken"
}


def asyncapi() -> Json:
    """Return the document."""
    types = list(dict.fromkeys([*ANSWERS, *VISITORS, *OPERATORS]))
    references, schemas = schemas_of([*types, *TYPES])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Booking Rush",
            "version": VERSION,
            "description": "Text frames, one JSON object each. Members and types may be added at "
            "any time: ignore those that you do not know. Routes are in `/openapi.json`. "
            "`GET /api/v1/events/{event}/queue/stream` sends the same frames as Server-Sent "
            "Events. Channels with the binding `kafka` are topics.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name) for name in CHANNELS} | topic_channels(),
        "operations": _operations() | topic_operations(),
        "components": {
            "messages": {type_.__name__: _message(type_, references) for type_ in types}
            | topic_messages(references, first_line),
            "schemas": schemas,
            "securitySchemes": SCHEMES,
        },
    }


def tag_of(type_: Any) -> str:
    """Return the `type` of a command or frame."""
    return str(type_.__struct_config__.tag)


def _channel(name: str) -> Json:
    address, types, description = CHANNELS[name]
    return {
        "address": address,
        "description": description,
        "parameters": {"event": {"description": "The event's id."}},
        "messages": {
            type_.__name__: {"$ref": f"#/components/messages/{type_.__name__}"} for type_ in types
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
        "x-subprotocol": SUBPROTOCOL,
        "x-frame-bytes-max": FRAME_BYTES_MAX,
        "x-close-codes": {str(code): meaning for code, meaning in CLOSE_CODES.items()},
    }


def _operations() -> Json:
    """Return an operation for each command with its answers, and one for what comes unasked."""
    found: Json = {"push": _sends(VISITOR, PUSHED), "figures": _sends(OPERATOR, OPERATORS)}
    for command, answers in ANSWERS.items():
        found[tag_of(command)] = {
            "action": "receive",
            "channel": _of_channel(VISITOR),
            "summary": first_line(command),
            "security": _security(VISITOR),
            "messages": _messages(VISITOR, [command]),
            "reply": {
                "channel": _of_channel(VISITOR),
                "messages": _messages(VISITOR, [*answers, Error]),
            },
        }
    return found


def _sends(channel: str, types: Any) -> Json:
    return {
        "action": "send",
        "channel": _of_channel(channel),
        "security": _security(channel),
        "messages": _messages(channel, types),
    }


def _security(channel: str) -> list[Json]:
    return [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY[channel]]


def _of_channel(channel: str) -> Json:
    return {"$ref": f"#/channels/{channel}"}


def _messages(channel: str, types: Any) -> list[Json]:
    return [{"$ref": f"#/channels/{channel}/messages/{type_.__name__}"} for type_ in types]


def _message(type_: Any, references: Any) -> Json:
    return {"name": tag_of(type_), "summary": first_line(type_), "payload": references[type_]}
