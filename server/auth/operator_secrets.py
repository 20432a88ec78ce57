"""Secrets of high entropy that operators come in by: made here, and kept as digests."""

import hashlib
import secrets


def new_secret(prefix: str) -> tuple[str, str]:
    """Return a secret that begins with this, and the digest that Postgres keeps of it."""
    secret = f"{prefix}{secrets.token_urlsafe(32)}"
    return secret, digest_of(secret)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret of high entropy, which needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
