"""Compression of answers: a body in every encoding, and the encoding that a client asks for."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import cramjam

BEST, QUICK = 11, 5  # qualities of Brotli: for files at start, and for what changes while we serve
GZIP_LEVEL = 6
BYTES_MIN = 256  # a smaller body does not get smaller
PREFERRED = ("br", "gzip")  # where the client likes both alike
Encodings = Mapping[str, bytes]


class Encoded(NamedTuple):
    """A body in every encoding, and the entity tag of the body as it is."""

    encodings: Encodings
    etag: str


def encoded(body: bytes) -> Encoded:
    """Return a body that changes while we serve, in every encoding."""
    return Encoded(encodings_of(body), etag_of(body))


def etag_of(body: bytes) -> str:
    """Return the entity tag of a body: a part of its SHA-256."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def encodings_of(body: bytes, quality: int = QUICK) -> Encodings:
    """Return a body by content coding; "" is the body as it is."""
    if len(body) < BYTES_MIN:
        return {"": body}
    return {
        "": body,
        "br": bytes(cramjam.brotli.compress(body, quality)),
        "gzip": bytes(cramjam.gzip.compress(body, GZIP_LEVEL)),
    }


def preferred_encoding(accepted: str, available: Iterable[str]) -> str:
    """Return which of the available codings an `Accept-Encoding` likes best; "" for none.

    RFC 9110, 12.5.3. A weight that is no number counts as 0, so the coding is not used.
    """
    weights = weights_of(accepted)
    rest = weights.get("*", 0.0)
    usable = [name for name in PREFERRED if name in set(available)]
    best = max(usable, key=lambda name: weights.get(name, rest), default="")
    weight = weights.get(best, rest)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""


def weights_of(accepted: str) -> dict[str, float]:
    """Return the weight of each name in an `Accept` or `Accept-Encoding` (RFC 9110, 12.4.2)."""
    return {name: weight for name, weight in map(_weighted, accepted.lower().split(",")) if name}


def _weighted(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, _weight(value.strip())
    return name, 1.0


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
