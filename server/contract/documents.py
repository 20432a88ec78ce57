"""The documents of the contract, made once of the route table and the frames' types."""

from collections.abc import Sequence

import orjson
from starlette.routing import BaseRoute

from booking_rush.compression import encoded
from booking_rush.server.api.contract import Documents
from booking_rush.server.contract.asyncapi import asyncapi
from booking_rush.server.contract.openapi import openapi
from booking_rush.server.contract.operation import refusals_of
from booking_rush.server.contract.operations import OPERATIONS
from booking_rush.server.contract.page import page


def documents_of(routes: Sequence[BaseRoute]) -> Documents:
    """Return the documents of a route table."""
    for_http, for_sockets = openapi(routes), asyncapi()
    refusals = {refusal for operation in OPERATIONS.values() for refusal in refusals_of(operation)}
    return Documents(
        encoded(orjson.dumps(for_http)),
        encoded(orjson.dumps(for_sockets)),
        encoded(page(for_http, for_sockets, refusals).encode()),
    )
