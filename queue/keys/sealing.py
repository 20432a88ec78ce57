"""Keys derived from RUSH_SECRET_KEY for one purpose each, and secrets sealed under them at rest."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12  # of AES-GCM, in front of what is sealed


class NotOpened(Exception):
    """Secret that was sealed under another RUSH_SECRET_KEY, or for another name."""


def derive(secret: str, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose (HKDF-SHA256), so that no two purposes share one."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


def seal(key: bytes, name: str, raw: bytes) -> bytes:
    """Return what AES-256-GCM makes of `raw`, bound to the name that it is stored under."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, raw, name.encode())


def unseal(key: bytes, name: str, sealed: bytes) -> bytes:
    """Return what was sealed under this key and name.

    Raises:
        NotOpened: it was sealed under another.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
    except InvalidTag as error:
        raise NotOpened(name) from error
