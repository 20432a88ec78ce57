"""Verify the journal of an event: whether each entry follows from those before it.

    python3 docs/verify_journal.py https://example.org gala
    python3 docs/verify_journal.py gala.ndjson

The second reads what `booking-rush journal EVENT --export` wrote. It needs Python alone, and shares
no code with the server. The head's signature is verified where `cryptography` is installed.
"""

import base64
import hashlib
import heapq
import hmac
import json
import re
import sys
import urllib.request
from pathlib import Path

DEFERRED = "its network has its share of the last numbers"
GIVEN_BEFORE = "numbers given before are not in this journal"
ENDS, WAITING = {"left", "removed", "lapsed", "purchased"}, {"number", "drawn"}
LIVING = {"window", "deferred", "number", "drawn", "admitted", "late", "back"}
MAY_FOLLOW = {"late": {"admitted"}, "back": {"late"}, "admitted": LIVING - {"admitted"}}
BEFORE_PUT_BACK = {
    "deferred": "deferred",
    "lobby": "window",
    "waiting": "number",
    "admitted": "admitted",
    "late": "late",
}


def check(is_so, why):
    """Raise an error that says what does not follow."""
    if not is_so:
        raise ValueError(why)


def fetch(url):
    """Return the JSON at an address."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def read_url(base, event):
    """Yield an event's seeds and its entries; then check that the signed head is the last one."""
    told = fetch(f"{base}/api/v1/events/{event}")["event"]
    lottery, windows = told.get("lottery") or {}, told.get("windows") or {}
    seeds = {
        "0": seed_of(lottery, "seed"),
        "": seed_of(windows, "key"),
    }  # by window; "": the others
    yield {"seeds": seeds}
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


def seed_of(told, name):
    """Return a seed, in hex, that fits its commitment; None: it is not told yet."""
    seed = told.get(name)
    if seed:
        digest = hashlib.sha256(bytes.fromhex(seed)).hexdigest()
        check(digest == told["commitment"], f"the {name} is not the one that was committed to")
    return seed


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
    n, last, lanes, is_whole, seeds = 0, "", {}, True, {}
    for entry in entries:
        if "seeds" in entry:
            seeds = entry["seeds"]
            continue
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
        empty = {"given": 0, "places": {}, "living": set(), "draws": {}, "waiting": [], "back": []}
        lane = lanes.setdefault(entry.get("lane", ""), empty)
        if entry["who"]:
            follow(name, entry, lane, is_whole, seeds)
        elif told := re.fullmatch(r"draw: window (\d+), indexes (\d+) to (\d+)", entry["why"]):
            lane["draws"][told[1]] = (int(told[2]), int(told[3]))
    return n, last


def follow(name, entry, lane, is_whole, seeds):
    """Check an entry about a place; `places` has who and what by number, before a draw by who."""
    number, what, who, places = entry.get("number", 0), entry["what"], entry["who"], lane["places"]
    owner, before = places.get(number or who, (who, None))
    if what in ("number", "window"):
        if places.get(who) == (who, "deferred"):  # it waited for this
            places.pop(who)
            lane["living"].discard(who)
            owner, before = places.get(number or who, (who, None))
        check(who not in lane["living"], f"{name}: its visitor has a place already")
    if what in WAITING:
        check(before is None, f"{name}: number {number} was given before")
        rises = what == "drawn" or number > lane["given"]
        check(rises, f"{name}: number {number} was given after {lane['given']}")
        lane["given"] = max(number, lane["given"])
    if what == "drawn" and is_whole:
        check(places.pop(who, ("", ""))[1] == "window", f"{name}: its visitor waits for no draw")
        window, index = re.findall(r"\d+", entry["why"])
        first, last = lane["draws"].get(window, (1, 0))
        check(first <= number <= last, f"{name}: its draw has the numbers {first} to {last}")
        seed = seeds.get("0") if window == "0" else seeds.get("")
        wanted = draw(seed, entry["lane"], window, last - first + 1, int(index) - first + 1)
        check(wanted in (None, number - first + 1), f"{name}: the seed gives index {index} another")
    elif what not in ("number", "window"):
        check(before or not is_whole, f"{name}: number {number} was never given")
        check(owner == who, f"{name}: number {number} is another visitor's")
        is_put_back = what == "back" and "by" in entry and before in ENDS
        may = ENDS if is_put_back else MAY_FOLLOW.get(what, LIVING)
        check(before is None or before in may, f"{name}: {what} after {before}")
        if is_put_back:
            what = BEFORE_PUT_BACK.get(entry["why"].rpartition(": ")[2], "back")
    places[number or who] = (who, "deferred" if entry.get("why") == DEFERRED else what)
    (lane["living"].discard if what in ENDS else lane["living"].add)(who)
    if what in WAITING or what == "back":
        heapq.heappush(lane["back" if what == "back" else "waiting"], number)
    if what == "admitted" == entry["what"] and "by" not in entry and before:
        check(before in {*WAITING, "back"}, f"{name}: admitted after {before} by nobody's hand")
        states = {"back"} if before == "back" else WAITING
        first = first_of(lane["back" if before == "back" else "waiting"], states, places)
        check(first > number, f"{name}: number {number} was admitted while {first} was next")


def draw(seed, lane, window, count, index):
    """Return which of `count` places an index is drawn (see queue/lottery/permutation.py)."""
    if not seed:
        return None  # it is told later
    key = bytes.fromhex(seed)
    for part in (window, lane)[window == "0" :]:
        key = hmac.digest(key, part.encode(), "sha256")
    bits, at = (count.bit_length() + 1) // 2, index - 1
    while True:
        left, right = at >> bits, at & (1 << bits) - 1
        for turn in range(16):
            value = hmac.digest(key, f"{count}:{turn}:{right}".encode(), "sha256")[:4]
            left, right = right, left + int.from_bytes(value, "big") & (1 << bits) - 1
        at = left << bits | right
        if at < count:
            return at + 1


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
