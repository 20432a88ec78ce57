"""Identities: tokens asked of a real small service, and statements signed by its keys."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from booking_rush.booking.joining.identities import Identities
from booking_rush.booking.payments.http_client import open_http
from booking_rush.errors import TryAgain
from booking_rush.queue.join_checks.identity import IdentityRequired, IdentityRule, IdentityUsed
from booking_rush.server.web.services import Services
from tests.support.clients import until
from tests.support.world import World

QUEUE = "/api/v1/events/demo/queue"


@dataclass(slots=True)
class IdentityService:
    """A service over HTTP: `good` is the token that it takes, once; its keys are a JWK Set."""

    address: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])
    status: int = 200
    good: str = "good"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        body = (await reader.readexactly(length)).decode() if length else ""
        answer: dict[str, Any] = {"keys": self.keys}
        if head.startswith("post"):
            self.asked.append(parse_qs(body))
            answer = {"success": self.asked[-1]["response"] == [self.good], "hostname": "x"}
        found = orjson.dumps(answer)
        lines = f"HTTP/1.1 {self.status} x\r\nContent-Length: {len(found)}\r\nConnection: close"
        writer.write(f"{lines}\r\n\r\n".encode() + found)
        await writer.drain()
        writer.close()

    def add_key(self, kid: str) -> Callable[..., str]:
        """Publish a key. Return a function that signs statements with it."""
        private = Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        self.keys.append({**public, "kid": kid})

        def sign(subject: str = "ada@example.org", **claims: Any) -> str:
            body = {"sub": subject, "exp": time.time() + 60, **claims}
            kept = {name: value for name, value in body.items() if value is not None}
            return jwt.encode(kept, private, "EdDSA", {"kid": kid})

        return sign


@pytest.fixture
async def service() -> AsyncGenerator[IdentityService]:
    service = IdentityService()
    async with await asyncio.start_server(service.serve, "127.0.0.1") as server:
        service.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield service


@pytest.fixture
async def identities(service: IdentityService, world: World) -> AsyncGenerator[Identities]:
    """The checks of a process, put into the server of this test."""
    await world.event(state="paused")
    named = {"identity_url": service.address, "identity_jwks": service.address}
    world.services.settings = msgspec.structs.replace(world.services.settings, **named)
    async with open_http(connections=5) as http:
        made = Identities(
            world.services.pool, http, url=service.address, secret="s", jwks=service.address
        )
        checks = (await world.services.rooms.room("demo")).joining._checks  # pyright: ignore
        checks.identities = made
        yield made


async def set_rule(world: World, identity: str) -> None:
    """Set the rule, and wait until the process has it."""
    operator = await world.operator()
    answer = await operator.patch("/api/v1/admin/events/demo/rules", json={"identity": identity})
    assert answer.status_code == 200, answer.text
    services: Services = world.services

    async def is_known() -> bool:
        return (await services.rooms.room("demo")).joining.identity == identity

    await until(is_known)


async def test_a_token_is_asked_of_the_service_once_a_place(
    world: World, service: IdentityService, identities: Identities
) -> None:
    await set_rule(world, "token")
    visitor = await world.visitor()

    without = await visitor.http.post(QUEUE)
    wrong = await visitor.http.post(QUEUE, json={"identity": "bad"})
    async with visitor.socket() as socket:
        joined = await socket.ask("queue.join", identity="good")
    again = await visitor.http.post(QUEUE)

    assert [(a.status_code, a.json()["code"]) for a in (without, wrong)] == [
        (403, "identity_required")
    ] * 2
    assert joined["type"] == "queue.joined"
    assert again.status_code == 200
    assert service.asked[-1] == {
        "secret": ["s"], "response": ["good"], "remoteip": ["127.0.0.1"],
    }  # fmt: skip
    assert len(service.asked) == 2


async def test_one_subject_has_one_place(
    world: World, service: IdentityService, identities: Identities
) -> None:
    sign = service.add_key("one")
    await set_rule(world, "subject")
    ada, bob = await world.visitor(), await world.visitor()

    first = await ada.http.post(QUEUE, json={"identity": sign()})
    second = await bob.http.post(QUEUE, json={"identity": sign()})
    await ada.http.delete(QUEUE)
    back = await ada.http.post(QUEUE, json={"identity": sign()})
    still = await bob.http.post(QUEUE, json={"identity": sign()})
    other = await bob.http.post(QUEUE, json={"identity": sign("bob@example.org", aud="demo")})

    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (403, "identity_used")
    assert back.status_code == 201
    assert still.json()["code"] == "identity_used"
    assert other.status_code == 201


async def test_many_at_once_with_one_subject_are_one(
    service: IdentityService, identities: Identities
) -> None:
    statement = service.add_key("one")()

    async def join(visitor: str) -> str:
        while True:
            try:
                await identities.check("subject", "demo", visitor, statement, "")
            except IdentityUsed:
                return ""
            except TryAgain:
                continue
            return visitor

    joined = await asyncio.gather(*(join(f"v_{n}") for n in range(20)))

    assert len([visitor for visitor in joined if visitor]) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": time.time() - 10},
        {"exp": None},
        {"subject": None},
        {"aud": "other"},
        {"aud": ["other", "third"]},
        {"nbf": time.time() + 86_400},
    ],
    ids=["over", "endless", "nobody's", "another event's", "of others", "not yet"],
)
async def test_a_statement_that_is_not_good_here_and_now_is_refused(
    service: IdentityService, identities: Identities, claims: dict[str, Any]
) -> None:
    statement = service.add_key("one")(**claims)

    with pytest.raises(IdentityRequired):
        await identities.check("subject", "demo", "v_ada", statement, "")


async def test_a_statement_of_nobody_we_know_is_refused(
    service: IdentityService, identities: Identities
) -> None:
    service.add_key("one")
    stranger = IdentityService().add_key("one")()
    unsigned = jwt.encode({"sub": "ada", "exp": time.time() + 60}, "", "none")
    shared = jwt.encode({"sub": "ada", "exp": time.time() + 60}, "k" * 32, "HS256", {"kid": "one"})

    for statement in (stranger, unsigned, shared, "no statement", "a.b.c"):
        with pytest.raises(IdentityRequired):
            await identities.check("subject", "demo", "v_ada", statement, "")


async def test_a_statement_by_another_kind_of_key_is_read(
    service: IdentityService, identities: Identities
) -> None:
    private = generate_private_key(SECP256R1())
    service.keys.append(
        {**ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"}
    )
    claims = {"sub": "ada", "exp": time.time() + 60, "aud": ["demo"]}

    await identities.check(
        "subject", "demo", "v_ada", jwt.encode(claims, private, "ES256", {"kid": "ec"}), ""
    )


async def test_where_the_service_is_away_nobody_is_let_in(
    service: IdentityService, identities: Identities
) -> None:
    service.status = 503
    rules: tuple[IdentityRule, ...] = ("token", "subject")
    for rule in rules:
        with pytest.raises(TryAgain):
            await identities.check(rule, "demo", "v_ada", "good", "")


async def test_a_server_without_the_settings_says_so(world: World) -> None:
    await world.event(state="paused", rules={"identity": "subject"})

    answer = await (await world.visitor()).http.post(QUEUE, json={"identity": "x"})

    assert (answer.status_code, answer.json()["code"]) == (403, "identity_required")
    assert "RUSH_IDENTITY_JWKS" in answer.json()["detail"]
