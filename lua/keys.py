"""What Redis holds: every key, its type, who writes it and when it goes.

`{e}` is the event's hash tag and epoch, `{event}:<n>`; only the epoch's own key is without n.
Every key of an event lies in one slot of a cluster. The keys of an old epoch are unlinked when
the next one has been opened.
"""

from typing import NamedTuple


class Key(NamedTuple):
    """One kind of key, as `key(name, part)` of `prelude.lua` builds it."""

    name: str
    kind: str
    holds: str
    goes: str


KEYS = (
    Key("rules", "hash", "state, version, rate, bounds and seconds", "with its epoch"),
    Key("stats", "hash", "joined, admitted, wave, waits, held, paying, sold", "with its epoch"),
    Key("bucket", "hash", "tokens and when, whose turn it was, last tick", "with its epoch"),
    Key("sockets", "hash", "process → how many sockets it holds, and when it said so", "5 s"),
    Key("numbers", "counter", "by lane: the last number given", "with its epoch"),
    Key("kept", "counter", "by lane: the last number that Postgres has", "with its epoch"),
    Key("head", "counter", "by lane: smallest waiting number − 1, or the last", "with its epoch"),
    Key("line", "zset", "by lane: visitor → number, who waits", "admitted, or left"),
    Key("gone", "zset", "by lane: number → number, left from the middle", "head passes it"),
    Key("active", "zset", "visitor → deadline ms of the pass", "the pass ends"),
    Key("unclaimed", "zset", "visitor → ms by which we want to hear of them", "heard, or late"),
    Key("late", "zset", "visitor → ms until which a missed turn is kept", "heard, or over"),
    Key("back", "zset", "visitor → number, late and heard of again", "admitted"),
    Key("places", "hash", "visitor → number, joined, wave, admitted, claim, deadline", "its end"),
    Key("sections", "hash", "section → kind, price", "with its epoch"),
    Key("order", "hash", "section → names of its rows, front first", "with its epoch"),
    Key("rows", "hash", "section/row → one character a seat", "with its epoch"),
    Key("free", "hash", "section → free places", "with its epoch"),
    Key("version", "hash", "section → counts each change", "with its epoch"),
    Key("hold", "string", "by id: a hold, whole", "24 h after its end"),
    Key("holds", "zset", "hold → ms at which it ends, while it is held", "paid, or ended"),
    Key("warnings", "zset", "hold → ms at which its end is announced", "announced, or ended"),
    Key("carts", "hash", "visitor → the living hold", "sold, or ended"),
    Key("taken", "hash", "visitor → tickets held and bought", "with its epoch"),
    Key("keys", "hash", "by visitor: idempotency key → hold", "24 h"),
    Key("outbox", "stream", "what happened, for Postgres", "recorded and trimmed"),
    Key("recorded", "string", "the last outbox entry that Postgres has", "with its epoch"),
)


def tag_of(event: str) -> str:
    """The hash tag that all keys of an event share."""
    return f"{{{event}}}"


def epoch_key(event: str) -> str:
    """`<n>:<run id of the Redis that holds it>`, or `<n>:closed` while it is being recovered."""
    return f"{{{event}}}:epoch"


def key(event: str, epoch: int, name: str, part: str = "") -> str:
    """A key of one epoch, as the moves name it."""
    assert any(known.name == name for known in KEYS), name
    return f"{{{event}}}:{epoch}:{name}" + (f":{part}" if part else "")


def channel(event: str) -> str:
    """Where ticks and news of an event are told."""
    return f"{{{event}}}:news"


CHANNELS = "{*}:news"
