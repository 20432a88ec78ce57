"""Verify the journal of an event: whether each entry follows from those before it.

    python3 docs/verify_journal.py https://example.org gala
    python3 docs/verify_journal.py gala.ndjson

The second reads what `booking-rush journal EVENT --export` wrote. It needs Python alone, and shares
no code with the server. The head's signature is verified where `cryptography` is installed.
"""

import base64
import hashlib
import heapq
import json
import sys
import urllib.request
from pathlib import Path

GIVEN_BEFORE = "numbers given before are not in this journal"
WAITING, LIVING = {"number", "drawn"}, {"number", "drawn", "admitted", "late", "back"}
MAY_FOLLOW = {"admitted": {"number", "drawn", "late", "back"}, "late": {"admitted"}}
MAY_FOLLOW["back"] = {"late"}


def check(is_so, why):
    """Raise an error that says what does not follow."""
    if not is_so:
        raise ValueError(why)


def fetch(url):
    """Return the JSON at an address."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def read_url(base, event):
    """Yield the entries of a published journal; then check that its signed head is the last."""
    after, last = 0, (0, "")
    while after is not None:
        page = fetch(f"{base}/api/v1/events/{event}/journal?limit=1000&after={after}")
        if after == 0 and "begins" in page:
            yield {"begins": page["begins"]}
        for entry in page["entries"]:
            last = (entry["n"], entry["hash"])
            yield entry
        after = page["next"]
    claims = read_signed(page["head"]["signature"], fetch(f"{base}/.well-known/jwks.json"))
    signed = (claims["n"], claims["hash"])
    check(signed == last and claims["aud"] == event, f"entry {last[0]}: signed is {signed[0]}")


def read_signed(jws, keys):
    """Return the claims of a signed head (RFC 7515, RFC 8037)."""
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in jws.split("."))
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        print("cryptography is not installed: the signature is not verified", file=sys.stderr)
        return json.loads(claims)
    [x] = [key["x"] for key in keys["keys"] if key["kid"] == json.loads(header)["kid"]]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=="))
    public.verify(signature, jws.rpartition(".")[0].encode())
    return json.loads(claims)


def verify(entries):
    """Follow every entry. Return how many there are, and the last hash."""
    n, last, lanes, is_whole = 0, "", {}, True
    for entry in entries:
        if "begins" in entry:  # those before it were deleted by their age
            n, last, is_whole = entry["begins"]["n"], entry["begins"]["hash"], False
            continue
        name = f"entry {entry['n']}"
        check(entry["n"] == n + 1, f"{name}: stands after entry {n}")
        hashed = {member: value for member, value in entry.items() if member != "hash"}
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        n, last = n + 1, hashlib.sha256((last + canonical).encode()).hexdigest()
        check(entry["hash"] == last, f"{name}: its hash is not over it and the entry before")
        if entry.get("why") == GIVEN_BEFORE:
            lanes, is_whole = {}, False
        if entry["who"] and entry["what"] != "window":
            empty = {"given": 0, "places": {}, "waiting": [], "back": []}
            follow(name, entry, lanes.setdefault(entry["lane"], empty), is_whole)
    return n, last


def follow(name, entry, lane, is_whole):
    """Check an entry about a place against the places of its lane, by number."""
    number, what, who = entry["number"], entry["what"], entry["who"]
    owner, before = lane["places"].get(number, (who, None))
    if what in WAITING:
        check(before is None, f"{name}: number {number} was given before")
        rises = what == "drawn" or number > lane["given"]
        check(rises, f"{name}: number {number} was given after {lane['given']}")
        lane["given"] = max(number, lane["given"])
    else:
        check(before or not is_whole, f"{name}: number {number} was never given")
        check(owner == who, f"{name}: number {number} is another visitor's")
        if "by" in entry and before == "removed" and entry.get("why", "").startswith("put back"):
            what = entry["why"].split()[-1]  # a removal was undone: it is what it was before
        else:
            may = MAY_FOLLOW.get(what, LIVING)
            check(before is None or before in may, f"{name}: {what} after {before}")
    lane["places"][number] = (who, what)
    if what in WAITING or what == "back":
        heapq.heappush(lane["back" if what == "back" else "waiting"], number)
    if what == "admitted" and "by" not in entry and before:
        check(before != "late", f"{name}: admitted after late by nobody's hand")
        states = {"back"} if before == "back" else WAITING
        first = first_of(lane["back" if before == "back" else "waiting"], states, lane["places"])
        check(first > number, f"{name}: number {number} was admitted while {first} was next")


def first_of(heap, states, places):
    """Return the smallest number of a heap that is still in these states."""
    while heap and places[heap[0]][1] not in states:
        heapq.heappop(heap)
    return heap[0] if heap else float("inf")


def main(arguments):
    """Verify what the arguments name. Return the exit code, or a text for standard error."""
    if len(arguments) == 2:
        entries = read_url(arguments[0].rstrip("/"), arguments[1])
    elif len(arguments) == 1:
        lines = Path(arguments[0]).read_text(encoding="utf-8").split("\n")
        entries = [json.loads(line) for line in lines if line]
    else:
        return __doc__
    try:
        n, last = verify(entries)
    except ValueError as why:
        return f"does not follow: {why}"
    print(f"{n} entries follow, up to {last}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
