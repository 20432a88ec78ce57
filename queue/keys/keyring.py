"""Key ring that signs passes, receipts and tickets: in Postgres, encrypted under the secret."""

import base64
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from booking_rush.postgres import Connection, Pool
from booking_rush.queue.keys.sealing import NotOpened, derive, seal, unseal
from booking_rush.queue.passes import ALGORITHM

LOCK = 0x4B455953  # "KEYS": one process makes a key at a time
PURPOSE = "signing keys"
PUBLISHED_MAX = 2  # the key that signs and the one before it: two live during rotation

RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class SecretKeyError(Exception):
    """Keys in Postgres that were encrypted under another RUSH_SECRET_KEY."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Ed25519 key; `x` is its public half as in a JWK, base64url without padding."""

    kid: str
    private: Ed25519PrivateKey
    x: str

    def jwk(self) -> dict[str, str]:
        """Return the public half as a JWK (RFC 8037)."""
        return _jwk(self.kid, self.x)


def _jwk(kid: str, x: str) -> dict[str, str]:
    return {
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": kid, "x": x,
    }  # fmt: skip


class KeyRing:
    """Keys of one process, newest first: the first signs, all verify.

    Rings of the same keys are equal, so that what a ring signed can be remembered under the ring.
    """

    def __init__(self, keys: list[SigningKey]) -> None:
        assert keys, "a ring has at least one key"
        self._keys = keys
        self._heads: dict[str, bytes] = {}  # of what the first key signs, by kind
        self.kids = tuple(key.kid for key in keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and self.kids == other.kids

    def __hash__(self) -> int:
        return hash(self.kids)

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """Sign claims. Return the JWS (RFC 7515, 7.1), whose header has this kind as `typ`.

        PyJWT makes the header anew and asks its key's kind each time, a third of what Ed25519 takes
        itself; each join is signed once, while it is waited for.
        """
        head = self._heads.get(kind)
        if head is None:
            members = {"alg": ALGORITHM, "kid": self._keys[0].kid, "typ": kind}
            head = self._heads[kind] = _base64url(orjson.dumps(members))
        signed = head + b"." + _base64url(orjson.dumps(claims))
        return (signed + b"." + _base64url(self._keys[0].private.sign(signed))).decode()

    def jwks(self) -> dict[str, Any]:
        """Return the published keys as a JWK set (RFC 7517)."""
        return {"keys": [key.jwk() for key in self._keys]}


def _base64url(data: bytes) -> bytes:
    """Return bytes as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


async def load(pool: Pool, secret: str) -> KeyRing:
    """Return the ring as Postgres has it. The first process makes the first key.

    Raises:
        SecretKeyError: the secret does not decrypt the keys.
    """
    keys = await _read(pool, secret)
    if not keys:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if not await connection.fetchval("SELECT count(*) FROM signing_keys"):
                await _insert(connection, secret)
        keys = await _read(pool, secret)
    return KeyRing(keys)


async def all_jwks(pool: Pool) -> dict[str, Any]:
    """Return the public halves of all keys that ever signed, as a JWK set: old heads have them."""
    rows = await pool.fetch("SELECT kid, public FROM signing_keys ORDER BY created_at")
    return {"keys": [_jwk(row["kid"], row["public"]) for row in rows]}


async def rotate(pool: Pool, secret: str) -> str:
    """Insert a new key, which signs from now on; the last one still verifies. Return its kid."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(
            "UPDATE signing_keys SET retired_at = now() WHERE retired_at IS NULL"
        )
        return await _insert(connection, secret)


async def _insert(connection: Connection, secret: str) -> str:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(*RAW)
    x = _base64url(public).decode()
    kid = x[:12]
    sealed = seal(derive(secret, PURPOSE), kid, private.private_bytes_raw())
    await connection.execute(
        "INSERT INTO signing_keys (kid, sealed, public) VALUES ($1, $2, $3)", kid, sealed, x
    )
    return kid


async def _read(pool: Pool, secret: str) -> list[SigningKey]:
    rows = await pool.fetch(
        """
        SELECT kid, sealed, public FROM signing_keys
        ORDER BY retired_at IS NULL DESC, created_at DESC LIMIT $1
        """,
        PUBLISHED_MAX,
    )
    key = derive(secret, PURPOSE)
    keys: list[SigningKey] = []
    for row in rows:
        try:
            raw = unseal(key, row["kid"], row["sealed"])
        except NotOpened as error:
            raise SecretKeyError(
                f"RUSH_SECRET_KEY does not open signing key {row['kid']}: "
                "start with the secret that this database was first started with"
            ) from error
        keys.append(
            SigningKey(row["kid"], Ed25519PrivateKey.from_private_bytes(raw), row["public"])
        )
    return keys
