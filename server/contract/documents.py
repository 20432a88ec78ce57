"""The documents of the contract, made once of the route table and the frames' types."""

from collections.abc import Sequence

import orjson
from starlette.routing import BaseRoute

from booking_rush.compression import encoded
from booking_rush.server.contract.asyncapi import asyncapi
from booking_rush.server.contract.endpoints import Documents
from booking_rush.server.contract.openapi import openapi


def documents_of(routes: Sequence[BaseRoute]) -> Documents:
    """Return the documents of a route table."""
    return Documents(encoded(orjson.dumps(openapi(routes))), encoded(orjson.dumps(asyncapi())))
