"""Keys of Redis in one table: their types, what they contain, and when they are removed.

`{e}` is the event's hash tag and epoch, `{event}:<n>`; the epoch's own key alone is without n.
Every key of an event is in one slot of a cluster. Once an epoch has been opened, the record duty
unlinks the keys of those before it.
"""

from typing import NamedTuple


class Key(NamedTuple):
    """Key of one kind, as `key(name, part)` of `prelude.lua` builds it."""

    name: str
    type: str
    value: str
    removed: str


KEYS = (
    Key("rules", "hash", "state, version, rate, bounds and seconds", "with its epoch"),
    Key("stats", "hash", "joined, admitted, wave, waits, held, paying, sold", "with its epoch"),
    Key("bucket", "hash", "tokens and their time, last turn, last tick", "with its epoch"),
    Key("sockets", "hash", "process → sockets that it has, and ms of its report", "after 5 s"),
    Key("numbers", "counter", "by lane: the last number given", "with its epoch"),
    Key("kept", "counter", "by lane: the last number that Postgres has", "with its epoch"),
    Key("head", "counter", "by lane: smallest waiting number − 1, or the last", "with its epoch"),
    Key("line", "zset", "by lane: waiting visitor → number", "admitted, or left"),
    Key("gone", "zset", "by lane: number → number, left from the middle", "head passes it"),
    Key("active", "zset", "visitor → deadline of the pass, ms", "the pass ends"),
    Key("unclaimed", "zset", "visitor → end of the claim window, ms", "seen, or late"),
    Key("late", "zset", "visitor → end of the missed turn, ms", "seen, or over"),
    Key("back", "zset", "visitor → number, seen again after a missed turn", "admitted, or left"),
    Key("places", "hash", "visitor → number, joined, wave, admitted, claim, deadline", "its end"),
    Key("sections", "hash", "section → kind, price", "with its epoch"),
    Key("row_names", "hash", "section → names of its rows, front first", "with its epoch"),
    Key("rows", "hash", "section/row → one character a seat", "with its epoch"),
    Key("free", "hash", "section → free places", "with its epoch"),
    Key("version", "hash", "section → count of its changes", "with its epoch"),
    Key("hold", "string", "by id: a hold, packed", "24 h after its end"),
    Key("holds", "zset", "held hold → deadline, ms", "being paid, or ended"),
    Key("warnings", "zset", "hold → time at which its end is announced, ms", "announced, or ended"),
    Key("carts", "hash", "visitor → the living hold", "sold, or ended"),
    Key("taken", "hash", "visitor → tickets held and bought", "with its epoch"),
    Key("keys", "hash", "by visitor: idempotency key → hold", "24 h"),
    Key("outbox", "stream", "places and holds as they change, for Postgres", "recorded"),
    Key("recorded", "string", "the last outbox entry that Postgres has", "with its epoch"),
)


def tag_of(event: str) -> str:
    """Return the hash tag that all keys of an event share."""
    return f"{{{event}}}"


def epoch_key(event: str) -> str:
    """Return the key of the epoch: `<n>:<run id of its Redis>`, or `<n>:closed` in a recovery."""
    return f"{{{event}}}:epoch"


def key(event: str, epoch: int, name: str, part: str = "") -> str:
    """Return a key of one epoch, as the moves name it."""
    assert any(known.name == name for known in KEYS), name
    return f"{{{event}}}:{epoch}:{name}" + (f":{part}" if part else "")


CHANNELS = "{*}:news"  # a pattern: ticks and news of an event are published on `{event}:news`
