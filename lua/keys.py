"""Keys of Redis in one table: their types, what they contain, and when they are removed.

`{e}` is the event's hash tag and epoch, `{event}:<n>`; the epoch's own key alone is without n.
Every key of an event is in one slot of a cluster. Once an epoch has been opened, the record duty
unlinks the keys of those before it.
"""

from typing import NamedTuple

LAYOUT = 5  # counted up when a key or a packed value changes its meaning


class Key(NamedTuple):
    """Key of one kind, as `key(name, part)` of `prelude.lua` builds it."""

    name: str
    type: str
    value: str
    removed: str


KEYS = (
    Key("rules", "hash", "state, version, rate, bounds, seconds, lanes, clock", "with its epoch"),
    Key("stats", "hash", "joined, admitted, wave, waits, active, late, held, …", "with its epoch"),
    Key("bucket", "hash", "tokens and time, turns, their ends, deficits, tick", "with its epoch"),
    Key("sockets", "hash", "process → sockets that it has, and ms of its report", "after 5 s"),
    Key("lane", "hash", "by lane: last number given, last one kept, head, draw", "with its epoch"),
    Key("lobby", "zset", "by lane: visitor who waits for a draw → index", "drawn, or left"),
    Key("windows", "zset", "by lane: window that is not drawn → its first index", "drawn"),
    Key("line", "zset", "by lane: waiting visitor → number", "admitted, or left"),
    Key(
        "deferred",
        "zset",
        "by lane: block, turn and visitor of a deferred join",
        "its number, or left",
    ),
    Key("deferrals", "hash", "address block → its deferred joins; the last turn", "none is left"),
    Key("codes", "hash", "code → uses, code and visitor → 1", "with its epoch"),
    Key("back", "zset", "visitor → number, seen again after a missed turn", "admitted, or left"),
    Key("places", "hash", "visitor → place, packed", "its end"),
    Key("deadlines", "zset", "visitor → next end of something of the place, ms", "its end"),
    Key("proofs", "hash", "by time of challenge: proof of a join that is spent", "after 150 s"),
    Key("recent", "hash", "ring: block of each of the last 1,000 numbers given", "with its epoch"),
    Key("blocks", "hash", "address block → of those numbers", "none is of it"),
    Key("sections", "hash", "section → kind, price", "with its epoch"),
    Key("row_names", "hash", "section → names of its rows, front first", "with its epoch"),
    Key("rows", "hash", "section/row → one character a seat", "with its epoch"),
    Key("free", "hash", "section → free places", "with its epoch"),
    Key("version", "hash", "section → count of its changes", "with its epoch"),
    Key(
        "carts",
        "hash",
        "visitor → last hold, tickets taken, unpaid ends, packed",
        "nothing is left in it",
    ),
    Key("hold_deadlines", "zset", "visitors → next end of something of their carts", "its end"),
    Key("hold", "string", "by id: a hold that left its cart, packed", "24 h after its end"),
    Key("key", "string", "by visitor and idempotency key: a hold, or its id", "24 h"),
    Key("outbox", "stream", "places and holds as they change, for Postgres", "recorded"),
    Key("recorded", "string", "the last outbox entry that Postgres has", "with its epoch"),
)


def tag_of(event: str) -> str:
    """Return the hash tag that all keys of an event share."""
    return f"{{{event}}}"


def epoch_key(event: str) -> str:
    """Return the key of the epoch: `<n>:<run id of its Redis>`, or `<n>:closed` in a recovery.

    It names the layout, so that a build with another one finds no epoch, and recovers the event
    from Postgres instead of misreading it.
    """
    return f"{{{event}}}:epoch:{LAYOUT}"


def key(event: str, epoch: int, name: str, part: str = "") -> str:
    """Return a key of one epoch, as the moves name it."""
    assert any(known.name == name for known in KEYS), name
    return f"{{{event}}}:{epoch}:{name}" + (f":{part}" if part else "")


CHANNELS = "{*}:news"  # a pattern: ticks and news of an event are published on `{event}:news`
