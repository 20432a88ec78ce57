"""Signer across rotations of its keys: what it shows is always signed by a published key."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from booking_rush.postgres import Pool
from booking_rush.queue.keys import keyring
from booking_rush.queue.keys.keyring import KeyRing, SigningKey
from booking_rush.queue.keys.signer import Signer, open_signer
from booking_rush.queue.passes import ALGORITHM, ISSUER, PASS, RECEIPT, PassInvalidError, verify
from tests.support.world import SECRET, World, held


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def is_published(token: str, signer: Signer) -> bool:
    return kid_of(token) in {key["kid"] for key in signer.ring.jwks()["keys"]}


async def test_equal_claims_are_signed_anew_by_a_new_key(pool: Pool) -> None:
    signer = await open_signer(pool, SECRET)
    first = signer.ticket({"jti": "a"})

    kids = [await keyring.rotate(pool, SECRET) for _ in range(2)]
    before = signer.ticket({"jti": "a"})
    await signer.reload()
    after = signer.ticket({"jti": "a"})

    assert before == first  # this process has not seen the rotation yet
    assert kid_of(after) == kids[1]
    assert [key["kid"] for key in signer.ring.jwks()["keys"]] == kids[::-1]
    assert is_published(after, signer)
    assert not is_published(first, signer)


def test_what_is_signed_is_to_the_byte_what_another_library_makes() -> None:
    """So a process of before an upgrade and one of after it show the same pass."""
    private = Ed25519PrivateKey.generate()
    ring = KeyRing([SigningKey("kid", private, "x")])
    claims = {"iss": ISSUER, "iat": 1_790_000_000.123, "number": None, "n": 7, "void": ["a"]}

    for kind in (PASS, RECEIPT):
        theirs = jwt.encode(claims, private, ALGORITHM, {"kid": "kid", "typ": kind})
        assert ring.sign(kind, claims) == theirs


async def test_a_pass_of_a_key_that_is_gone_is_refused_though_it_was_verified(world: World) -> None:
    await world.event()
    visitor, signer = await world.visitor(), world.services.signer
    token = await visitor.admitted()
    assert signer.read_pass(token, "demo", visitor.id, 0)["sub"] == visitor.id

    for _ in range(2):
        await keyring.rotate(world.services.pool, SECRET)
        await signer.reload()

    with pytest.raises(PassInvalidError):
        signer.read_pass(token, "demo", visitor.id, 0)


async def test_after_two_rotations_what_is_shown_is_good(world: World) -> None:
    """A pass, a receipt and a ticket that were shown before are asked for again."""
    await world.event()
    buyer, hold = await held(world)
    await buyer.check_out(hold)
    [old, _] = (await buyer.booked(hold, "confirmed"))["tickets"]
    visitor = await world.visitor()
    await visitor.admitted()

    for _ in range(2):
        await keyring.rotate(world.services.pool, SECRET)
        await world.services.signer.reload()

    jwks = (await visitor.http.get("/.well-known/jwks.json")).json()
    shown = (await visitor.place()).json()
    [ticket, _] = (await buyer.booking(hold))["tickets"]
    assert verify(shown["pass"], jwks, event="demo", visitor=visitor.id)
    assert (
        await visitor.hold("two", shown["pass"], section="floor", quantity=1)
    ).status_code == 201
    for token in (shown["place"]["receipt"], ticket["code"]):
        key = next(key for key in jwks["keys"] if key["kid"] == kid_of(token))
        assert jwt.decode(token, jwt.PyJWK(key, "EdDSA"), ["EdDSA"], options={"verify_aud": False})
    assert ticket["id"] == old["id"]
    assert ticket["code"] != old["code"]
