"""Verify the journal of an event: whether each entry follows from those before it.

    python3 docs/verify_journal.py https://example.org gala
    python3 docs/verify_journal.py gala.ndjson

The second reads what `booking-rush journal EVENT --export` wrote. It needs Python alone, with
`verify_admissions.py` beside it, and shares no code with the server. The head's signature is
verified where `cryptography` is installed.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import urllib.request
from collections import defaultdict
from heapq import heappop, heappush
from pathlib import Path

from verify_admissions import Admissions

DEFERRED = "its network has its share of the last numbers"
GIVEN_BEFORE = "numbers given before are not in this journal"
ENDS, WAITING = {"left", "removed", "lapsed", "purchased"}, {"number", "drawn"}
LIVING = {"window", "deferred", "number", "drawn", "admitted", "late", "back"}
OPENS = {"window": {None, "deferred", *ENDS}, "number": {None, "deferred", *ENDS}}
MAY_FOLLOW = {"deferred": {None, *ENDS}, "drawn": {"window"}, **OPENS}  # ends: whatever lives
MAY_FOLLOW |= {
    "late": {"admitted"},
    "back": {"late"},
    "admitted": LIVING - {"admitted", "deferred"},
}
BEFORE_PUT_BACK = {"deferred": "deferred", "lobby": "window", "waiting": "number"}
QUEUES = {"line": WAITING, "back": {"back"}, "lobby": {"window"}}  # what those in each are
UNREADABLE = (KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError)


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
    yield {"seeds": (seed_of(told.get("windows"), "key"), seed_of(told.get("lottery"), "seed"))}
    after, last = 0, (0, "")
    while after is not None:
        page = fetch(f"{base}/api/v1/events/{event}/journal?limit=1000&after={after}")
        if after == 0 and "begins" in page:
            yield {"begins": page["begins"]}
        yield from page["entries"]
        last = ([(one["n"], one["hash"]) for one in page["entries"]] or [last])[-1]
        after = page["next"]
    claims = read_signed(page["head"]["signature"], fetch(f"{base}/.well-known/jwks.json"))
    is_signed = (claims["n"], claims["hash"], claims["aud"]) == (*last, event)
    check(is_signed, f"entry {last[0]}: signed is {claims['n']}")


def seed_of(told, name):
    """Return a seed, in hex, that fits its commitment; None: it is not told yet."""
    seed = told and told.get(name)
    digest = hashlib.sha256(bytes.fromhex(seed or "")).hexdigest()
    check(not seed or digest == told["commitment"], f"the {name} is not what was committed to")
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
    """Follow every entry. Return how many there are, the last hash, and the check of admissions."""
    n, last, line, seeds = 0, "", Line(is_whole=True), (None, None)
    for entry in entries:
        if "seeds" in entry:
            seeds = entry["seeds"]
            continue
        if "begins" in entry:  # those before it were deleted by their age
            n, last, line = entry["begins"]["n"], entry["begins"]["hash"], Line(is_whole=False)
            continue
        name = f"entry {entry['n']}"
        check(entry["n"] == n + 1, f"{name}: stands after entry {n}")
        hashed = {member: value for member, value in entry.items() if member != "hash"}
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        n, last = n + 1, hashlib.sha256((last + canonical).encode()).hexdigest()
        check(entry["hash"] == last, f"{name}: its hash is not over it and the entry before")
        if not entry["who"] and entry.get("why") == GIVEN_BEFORE:
            line = Line(is_whole=False)
        try:
            line.follow(name, entry, seeds) if entry["who"] else line.take(name, entry)
        except UNREADABLE as why:
            raise ValueError(f"{name}: it cannot be read: {why!r}") from why
    return n, last, line.admissions


class Line:
    """Living places by visitor (lane and number, what they are, why) as the entries so far say.

    Those that were removed stay, since they may be put back; others that ended are forgotten.
    """

    def __init__(self, is_whole):
        self.is_whole, self.places, self.admissions = is_whole, {}, Admissions(is_whole)
        self.draws, self.given, self.queues = {}, defaultdict(int), defaultdict(list)

    def take(self, name, entry):
        """Take an entry about the event."""
        if told := re.fullmatch(r"draw: window (\d+), indexes (\d+) to (\d+)", entry["why"]):
            self.draws[entry["lane"]] = (told[1], int(told[2]), int(told[3]), set())
        else:
            self.admissions.take(name, entry)

    def follow(self, name, entry, seeds):
        """Check an entry about a place, and take it."""
        who, why, by, place = entry["who"], entry.get("why"), entry.get("by"), place_of(entry)
        what = "deferred" if why == DEFERRED else entry["what"]
        held, was, reason = self.places.get(who, (None, None, None))
        is_put_back = what == "back" and by and was in ENDS
        has_one = what in OPENS and was in LIVING - {"deferred"}
        check(not has_one, f"{name}: its visitor has a place already")
        may = ENDS if is_put_back else MAY_FOLLOW.get(what, LIVING)
        check(was in may or not (was or self.is_whole), f"{name}: {what} after {was}")
        if what == "number":
            check(place[1] > self.given[place[0]], f"{name}: {place[1]} was given before")
        elif was and what not in {*OPENS, "deferred", "drawn"}:
            check(held == place, f"{name}: number {place[1]} is another visitor's")
        if what == "drawn" and self.is_whole:
            check(why == reason, f"{name}: its visitor waits for another draw")
            self.check_draw(name, place, seeds, *re.findall(r"\d+", why))
        if what in WAITING:
            self.given[place[0]] = max(place[1], self.given[place[0]])
        if entry["what"] == "admitted" and was and not by:
            self.check_order(name, place, was)
        if entry["what"] == "admitted":
            self.admissions.admit(name, entry, was)
        if is_put_back:
            what = BEFORE_PUT_BACK.get(why.rpartition(": ")[2], why.rpartition(": ")[2])
        self.admissions.move(place[0], was, what)
        self.places[who] = (place, what, reason if is_put_back or what in ENDS else why)
        if what in ENDS and what != "removed":
            del self.places[who]
        for queue in (one for one, states in QUEUES.items() if what in states):
            self.push(place[0], queue, place[1], who)

    def push(self, lane, queue, number, who):
        """Let a visitor wait in a queue of a lane, in the order of numbers or of indexes."""
        heap = self.queues[lane, queue]
        if len(heap) > 2 * len(self.places) + 100:  # most of it is over
            heap[:] = sorted(one for one in heap if self.waits(lane, queue, *one))
        at = int(self.places[who][2].rpartition(" ")[2]) if queue == "lobby" else number
        heappush(heap, (at, who))

    def waits(self, lane, queue, at, who):
        """Return whether a visitor waits there still."""
        held, what, why = self.places.get(who, ((None, None), None, None))
        is_here = why.endswith(f" {at}") if what == "window" else held[1] == at
        return what in QUEUES[queue] and held[0] == lane and is_here

    def first_of(self, lane, queue):
        """Return the first number of a queue."""
        heap = self.queues[lane, queue]
        while heap and not self.waits(lane, queue, *heap[0]):
            heappop(heap)
        return heap[0][0] if heap else float("inf")

    def check_order(self, name, place, was):
        """Check that nobody of the lane was before one who was admitted in turn."""
        check(was in {*WAITING, "back"}, f"{name}: admitted after {was} by nobody's hand")
        first = self.first_of(place[0], "back" if was == "back" else "line")
        check(first >= place[1], f"{name}: {place[1]} was admitted while {first} was next")
        _, begins, ends, _ = self.draws.get(place[0], ("", 1, 0, ()))
        while (undrawn := self.first_of(place[0], "lobby")) < begins:  # of a draw before
            heappop(self.queues[place[0], "lobby"])
        undrawn = begins if begins <= undrawn <= ends else undrawn
        check(was == "back" or place[1] < undrawn, f"{name}: those from {undrawn} on are not drawn")

    def check_draw(self, name, place, seeds, window, index):
        """Check that a number is one of its draw, and by the seed (window 0 has the lottery's)."""
        drawn, first, last, given = self.draws.get(place[0], ("", 1, 0, set()))
        is_one = drawn == window and first <= place[1] <= last
        check(is_one, f"{name}: its draw has the numbers {first} to {last}")
        check(place[1] not in given, f"{name}: {place[1]} was given before")
        given.add(place[1])
        seed = seeds[window == "0"]
        wanted = draw(seed, place[0], window, last - first + 1, int(index) - first + 1)
        is_so = wanted in (None, place[1] - first + 1)
        check(is_so, f"{name}: the seed gives index {index} another number")


def place_of(entry):
    """Return the lane and the number of an entry; 0: it has none."""
    return entry.get("lane", ""), entry.get("number", 0)


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


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        if len(sys.argv) == 3:
            n, last, admissions = verify(read_url(sys.argv[1].rstrip("/"), sys.argv[2]))
        else:
            with Path(sys.argv[1]).open(encoding="utf-8", newline="\n") as lines:
                n, last, admissions = verify(json.loads(line) for line in lines if line.strip())
    except ValueError as why:
        sys.exit(f"does not follow: {why}")
    print(f"{n} entries follow, up to {last}")
    print(admissions.coverage())
