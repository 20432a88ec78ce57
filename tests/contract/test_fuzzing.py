"""Requests that nobody would think of: no mistake of ours, and answers as documented, for all."""

import asyncio
import copy
from collections import Counter
from typing import Any

import pytest
import requests
import schemathesis
import schemathesis.checks
import schemathesis.specs.openapi.checks
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from booking_rush.postgres import Pool
from booking_rush.server.auth.operators import Operators
from tests.support.contract.validation import documents
from tests.support.world import World

EXAMPLES = 20  # of one route
_openapi: Any = schemathesis.specs.openapi.checks
_server: Any = schemathesis.checks
CHECKS = [
    _server.not_a_server_error,
    _openapi.status_code_conformance,
    _openapi.content_type_conformance,
    _openapi.response_schema_conformance,
]
STREAM = "get_api_v1_events_event_queue_stream"  # its answer has no end
TIMEOUT_S = 60.0
ROLES = ("nobody", "visitor", "viewer", "operator", "admin")
FITTING = {"visitors": ("visitor",), "operators": ("operator", "admin"), "pages and process": ()}


def of_one_tag(tag: str) -> dict[str, Any]:
    """The document with only the routes of this tag."""
    document = copy.deepcopy(documents()[0])
    for path, methods in list(document["paths"].items()):
        for method, operation in list(methods.items()):
            if operation["tags"] != [tag] or operation["operationId"] == STREAM:
                del methods[method]
        if not methods:
            del document["paths"][path]
    return document


async def people(world: World, pool: Pool) -> tuple[dict[str, str], dict[str, str]]:
    """A bearer token for each role, and ids that are there, by the names of parameters."""
    visitor = await world.visitor()
    hold = (await visitor.hold("one", await visitor.admitted(), seats=["stalls.A-1"])).json()
    operators = Operators(pool)
    tokens = {role: await operators.new_key(role, role) for role in ("viewer", "operator", "admin")}
    tokens |= {"nobody": "", "visitor": visitor.token}
    known = {"event": "demo", "hold": hold["hold"]["id"], "booking": hold["hold"]["id"]}
    return tokens, known | {"visitor": visitor.id, "provider": "bank"}


@pytest.mark.parametrize("tag", ["visitors", "operators", "pages and process"])
async def test_no_request_is_a_mistake_of_ours(world: World, pool: Pool, tag: str) -> None:
    await world.event()
    tokens, known = await people(world, pool)
    schema: Any = schemathesis.openapi.from_dict(of_one_tag(tag))
    schema.config.generation.update(with_security_parameters=False)
    failures: list[str] = []
    statuses: Counter[int] = Counter()

    def run() -> None:
        with requests.Session() as session:
            for found in schema.get_all_operations():
                fuzz(found.ok(), world.clients.base, session, tokens, known, failures, statuses)

    await asyncio.to_thread(run)

    assert not failures, "\n\n".join(failures)
    assert {200, 404} <= set(statuses), "too tame: nothing went through, or all of it"


def fuzz(
    operation: Any,
    base: str,
    session: requests.Session,
    tokens: dict[str, str],
    known: dict[str, str],
    failures: list[str],
    statuses: Counter[int],
) -> None:
    """Ask one route, as every role, for things that are there and things that are not."""

    @given(
        case=st.one_of(
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.NEGATIVE),
        ),
        role=st.one_of(
            st.sampled_from(FITTING[operation.tags[0]] or ROLES), st.sampled_from(ROLES)
        ),
        is_there=st.booleans(),
    )
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
        ],
    )
    def ask(case: Any, role: str, is_there: bool) -> None:
        if is_there:
            case.path_parameters |= {
                name: known[name] for name in case.path_parameters if name in known
            }
        headers = {"Authorization": f"Bearer {tokens[role]}"} if tokens[role] else {}
        session.cookies.clear()
        answer = case.call(
            base_url=base,
            session=session,
            headers=headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except Exception as error:
        failures.append(f"{operation.label}: {error}"[:1500])
