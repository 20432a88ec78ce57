"""Entries of an event's journal: what each says, its canonical JSON, and the chain of hashes."""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from booking_rush.queue.forecast import REASONS
from booking_rush.timestamps import moment

What = Literal[
    "number", "window", "drawn", "admitted", "late", "back",
    "left", "removed", "lapsed", "purchased", "rule", "state",
]  # fmt: skip
WHATS: tuple[What, ...] = get_args(What)
ENDS: frozenset[What] = frozenset({"left", "removed", "lapsed", "purchased"})

# The change of a place as the outbox names it: its state, or the reason for its end.
OF_STATE: dict[str, What] = {
    "lobby": "window", "waiting": "number", "admitted": "admitted", "late": "late",
    "back": "back",
}  # fmt: skip
OF_REASON: dict[str, What] = {
    "left": "left", "pass_over": "lapsed", "late_over": "lapsed", "purchase": "purchased",
}  # fmt: skip

# What `why` says of a place that waits for a draw, and of a draw itself.
IN_DRAW = re.compile(r"window (\d+), index (\d+)")
OF_DRAW = re.compile(r"draw: window (\d+), indexes (\d+) to (\d+)")
DEFERRED = "its network has its share of the last numbers"  # a window is not known yet
UNREADY = "nobody ready"  # lanes whose waiting visitors no admission could be given to yet
PUT_BACK = "put back"  # an operator's removal that was undone; behind it the state from before

ADMISSION = "admission"  # what `why` begins with where the rate of admission has changed
CLOSED = "the event is closed"
OPERATOR = "an operator"  # whose name is not known
GIVEN_BEFORE = "numbers given before are not in this journal"


class Act(NamedTuple):
    """Something that is to be entered; `visitor` empty: it is about the event itself.

    `at_ms` is in ms since 1970; 0: the moment at which it is entered.
    """

    what: What
    visitor: str = ""
    lane: str = ""
    number: int = 0
    why: str = ""
    by: str = ""
    at_ms: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry as the contract has it; members stand in the order of their canonical JSON."""

    at: str
    by: str = ""
    hash: str = ""
    lane: str = ""
    n: int
    number: int = 0
    what: What
    who: str
    why: str = ""

    def canonical(self) -> bytes:
        """Return the entry without `hash` as canonical JSON (RFC 8785)."""
        return _encode(msgspec.structs.replace(self, hash="") if self.hash else self)

    def members(self) -> dict[str, Any]:
        """Return the members of the wire contract."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class Head(NamedTuple):
    """The end of a chain: how many entries it has, and the hash of the last, empty before it."""

    n: int = 0
    hash: str = ""
    at_ms: int = 0


_encode = msgspec.json.Encoder().encode
_moment = lru_cache(4096)(moment)


def digest_of(event: str, visitor: str) -> str:
    """Return the digest of a visitor in an event's journal, in hex; the event's own is empty."""
    return hashlib.sha256(f"{event}:{visitor}".encode()).hexdigest() if visitor else ""


def hash_of(before: str, entry: Entry) -> str:
    """Return the hash of an entry, in hex, over the hash of the one before it."""
    return hashlib.sha256(before.encode() + entry.canonical()).hexdigest()


def chain(event: str, acts: Iterable[Act], head: Head) -> list[tuple[Entry, int]]:
    """Chain acts to the head of an event's journal. Return the entries, with their times in ms."""
    n, before = head.n, head.hash
    chained: list[tuple[Entry, int]] = []
    for act in acts:
        n += 1
        entry = Entry(
            at=_moment(act.at_ms), by=act.by, lane=act.lane, n=n, number=act.number, what=act.what,
            who=digest_of(event, act.visitor), why=act.why,
        )  # fmt: skip
        before = hash_of(before, entry)
        chained.append((msgspec.structs.replace(entry, hash=before), act.at_ms))
    return chained


def place_act(
    state: str,
    reason: str,
    *,
    visitor: str,
    lane: str,
    number: int,
    at_ms: int,
    window: int = 0,
    index: int = 0,
    unready: str = "",
) -> Act:
    """Return the act of a place that has come into a state for a reason, as the outbox has it.

    An operator's hand is a reason of the form `name: why`, `removed: name` or `put back: name`. A
    place with an index waits for a draw, or has its number by one. `unready`: of an admission the
    lanes in which somebody waited, but nobody who was recorded and drawn.
    """
    said = partial(Act, visitor=visitor, lane=lane, number=number, at_ms=at_ms)
    first, _, second = reason.partition(": ")
    if first == PUT_BACK:
        return said("back", why=f"{PUT_BACK}: {state}", by=second or OPERATOR)
    if index and state in ("lobby", "waiting"):
        is_drawn = state == "waiting"
        return said("drawn" if is_drawn else "window", why=f"window {window}, index {index}")
    what = OF_STATE.get(state) or OF_REASON.get(reason, "removed")
    by, why = "", reason
    if what == "admitted" and reason:
        by, why = (first, second) if second else (OPERATOR, reason)
    elif what == "admitted" and unready:
        why = f"{UNREADY}: {unready}"
    elif what == "removed" and first == "removed":
        by, why = second, ""
    elif what in ("left", "purchased"):
        why = ""  # the word itself says it
    return said(what, why=why, by=by)


def deferral_act(visitor: str, lane: str, at_ms: int) -> Act:
    """Return the act of a join that is deferred: it waits for a number."""
    return Act("window", visitor, lane, why=DEFERRED, at_ms=at_ms)


def draw_act(lane: str, window: int, first: int, last: int, *, at_ms: int) -> Act:
    """Return the act of a draw, which gives these indexes of a lane their numbers."""
    why = f"draw: window {window}, indexes {first} to {last}"
    return Act("state", lane=lane, why=why, at_ms=at_ms)


def reason_act(because: str, rate: float, *, at_ms: int) -> Act:
    """Return the act of a rate of admission that has changed, with why, by a word of a tick."""
    why = REASONS.get(because, because).format(rate=rate)
    return Act("state", why=f"{ADMISSION}: {why}", at_ms=at_ms)


def state_act(state: str, *, by: str = "", reason: str | None = None) -> Act:
    """Return the act of an event that has come into a state."""
    return Act("state", why=f"{state}: {reason}" if reason else state, by=by)


def rule_act(rules: dict[str, Any], *, by: str) -> Act:
    """Return the act of rules that were set; their names and values are JSON."""
    return Act("rule", why=msgspec.json.encode(rules, order="sorted").decode(), by=by)
