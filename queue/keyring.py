"""The keys that sign passes and receipts: kept in Postgres, sealed under the secret key."""

import base64
import os
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from booking_rush.postgres import Connection, Pool
from booking_rush.queue.passes import ALGORITHM

LOCK = 0x4B455953  # "KEYS": one process makes a key at a time
PUBLISHED_MAX = 2  # the key that signs and the one before it: two live during rotation

RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class SecretKeyError(Exception):
    """The keys in Postgres were sealed under another RUSH_SECRET_KEY."""


def derive(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256), so that no two purposes share one."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One Ed25519 key; `x` is its public half as a JWK writes it."""

    kid: str
    private: Ed25519PrivateKey
    x: str

    def jwk(self) -> dict[str, str]:
        """The public half (RFC 8037)."""
        return {
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM,
            "kid": self.kid, "x": self.x,
        }  # fmt: skip


class KeyRing:
    """The keys of one process, newest first: the first signs, all verify."""

    def __init__(self, keys: list[SigningKey]) -> None:
        assert keys, "a ring has at least one key"
        self._keys = keys

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """A JWS of these claims, of a kind (`typ`)."""
        key = self._keys[0]
        return jwt.encode(claims, key.private, ALGORITHM, {"kid": key.kid, "typ": kind})

    def jwks(self) -> dict[str, Any]:
        """The published keys (RFC 7517)."""
        return {"keys": [key.jwk() for key in self._keys]}


async def load(pool: Pool, secret: str) -> KeyRing:
    """The ring as Postgres has it; the first process makes the first key.

    Raises:
        SecretKeyError: the secret does not open the keys.
    """
    keys = await _read(pool, secret)
    if not keys:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if not await connection.fetchval("SELECT count(*) FROM signing_keys"):
                await _insert(connection, secret)
        keys = await _read(pool, secret)
    return KeyRing(keys)


async def rotate(pool: Pool, secret: str) -> str:
    """A new key signs from now on, the last one still verifies; the new key's kid."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(
            "UPDATE signing_keys SET retired_at = now() WHERE retired_at IS NULL"
        )
        return await _insert(connection, secret)


async def _insert(connection: Connection, secret: str) -> str:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(*RAW)
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    kid, nonce = x[:12], os.urandom(12)
    sealed = nonce + AESGCM(derive(secret, "signing keys")).encrypt(
        nonce, private.private_bytes_raw(), kid.encode()
    )
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
    opener = AESGCM(derive(secret, "signing keys"))
    keys: list[SigningKey] = []
    for row in rows:
        try:
            raw = opener.decrypt(row["sealed"][:12], row["sealed"][12:], row["kid"].encode())
        except InvalidTag as error:
            raise SecretKeyError(
                f"RUSH_SECRET_KEY does not open signing key {row['kid']}: "
                "start with the secret that this database was first started with"
            ) from error
        keys.append(
            SigningKey(row["kid"], Ed25519PrivateKey.from_private_bytes(raw), row["public"])
        )
    return keys
