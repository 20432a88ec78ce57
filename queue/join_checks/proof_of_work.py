"""Proof of work (Hashcash): challenges signed for a visitor and an event, and their proofs. Pure.

A challenge is `issued.bits.mac`: milliseconds since 1970, the bits that are asked, and an HMAC over
both, the event and the visitor, so that no process stores any. A proof is `challenge:nonce` whose
SHA-256 begins with so many zero bits. That none counts twice is the join's move to say.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

LIFE_MS = 120_000  # the wire contract's two minutes
AHEAD_MS = 1_000  # between the clocks of two processes; more and they do not start
BITS_MAX = 32  # a browser counts nonces in 32 bits
CHALLENGE = re.compile(r"([0-9]{1,15})\.([0-9]{1,2})\.[A-Za-z0-9_-]{22}\Z")
NONCE = re.compile(r"[!-~]{1,64}\Z")


class Proof(NamedTuple):
    """Proof that is good, if it is not spent: its name, and when its challenge was issued, ms."""

    name: str
    issued_ms: int


NO_PROOF = Proof("", 0)


class Challenges:
    """Challenges of one deployment, under a key that is derived for them alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, event: str, visitor: str, bits: int, now_ms: int) -> str:
        """Return a challenge for this visitor and event."""
        return f"{now_ms}.{bits}.{self._mac(event, visitor, now_ms, bits)}"

    def verify(self, proof: str, event: str, visitor: str, now_ms: int) -> Proof | None:
        """Return the proof, or None where it is not good for this visitor and event now."""
        challenge, _, nonce = proof.partition(":")
        found = CHALLENGE.match(challenge)
        if found is None or not NONCE.match(nonce):
            return None
        issued_ms, bits = int(found[1]), int(found[2])
        mac = challenge.rpartition(".")[2]
        is_ours = hmac.compare_digest(mac, self._mac(event, visitor, issued_ms, bits))
        is_alive = -AHEAD_MS <= now_ms - issued_ms < LIFE_MS
        if not (is_ours and is_alive and has_zero_bits(proof, bits)):
            return None
        return Proof(mac, issued_ms)

    def _mac(self, event: str, visitor: str, issued_ms: int, bits: int) -> str:
        text = f"{event}\n{visitor}\n{issued_ms}\n{bits}".encode(errors="surrogatepass")
        digest = hmac.digest(self._key, text, "sha256")[:16]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def has_zero_bits(proof: str, bits: int) -> bool:
    """Return whether the SHA-256 of a proof begins with so many zero bits."""
    return int.from_bytes(hashlib.sha256(proof.encode()).digest()) >> (256 - bits) == 0


def solve(challenge: str, bits: int) -> str:
    """Return a proof of a challenge. It takes 2 to the power of `bits` hashes on average."""
    salt, nonce = secrets.token_hex(4), 0
    begun, above = hashlib.sha256(f"{challenge}:{salt}".encode()), 1 << (256 - bits)
    while True:
        found = begun.copy()
        found.update(b"%x" % nonce)
        if int.from_bytes(found.digest()) < above:
            return f"{challenge}:{salt}{nonce:x}"
        nonce += 1
