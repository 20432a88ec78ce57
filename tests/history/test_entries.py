"""Entries of the journal: their canonical JSON, their chain, and what the outbox says in them."""

import hashlib
import json

import pytest

from booking_rush.booking.history.entries import (
    Act,
    Entry,
    Head,
    chain,
    digest_of,
    place_act,
    rule_act,
)

ODD = 'A "quoted" \\ text\nwith \x01 and \x7f, ü, ฿ and 🎫'


def canonical(entry: Entry) -> bytes:
    """Serialize by the rules of RFC 8785, for text and whole numbers, with another library."""
    members = {name: value for name, value in entry.members().items() if name != "hash"}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    [(entry, _)] = chain("gala", [Act("admitted", "v_ada", "main", 7, ODD, ODD, 5)], Head())

    assert entry.canonical() == canonical(entry)


def test_each_hash_is_over_the_one_before_and_the_entry() -> None:
    acts = [Act("number", f"v_{n}", "main", n, at_ms=n) for n in (1, 2, 3)]
    before = ""
    for entry, _ in chain("gala", acts, Head()):
        before = hashlib.sha256(before.encode() + canonical(entry)).hexdigest()
        assert entry.hash == before


def test_a_chain_goes_on_where_it_ended() -> None:
    acts = [Act("number", f"v_{n}", "main", n, at_ms=n) for n in (1, 2, 3)]
    whole = [entry for entry, _ in chain("gala", acts, Head())]
    [(rest, _)] = chain("gala", acts[2:], Head(2, whole[1].hash))

    assert rest == whole[2]


def test_members_that_say_nothing_are_left_out() -> None:
    [(entry, _)] = chain("gala", [rule_act({"rate_per_second": 5}, by="")], Head())

    assert entry.members().keys() == {"at", "hash", "n", "what", "who", "why"}
    assert (entry.who, entry.why) == ("", '{"rate_per_second":5}')


def test_a_visitor_is_told_by_a_digest() -> None:
    assert digest_of("gala", "v_ada") == hashlib.sha256(b"gala:v_ada").hexdigest()


@pytest.mark.parametrize(
    ("state", "reason", "entered"),
    [
        ("waiting", "", ("number", "", "")),
        ("admitted", "", ("admitted", "", "")),
        ("admitted", "admin: a wheelchair", ("admitted", "a wheelchair", "admin")),
        ("admitted", "a wheelchair", ("admitted", "a wheelchair", "an operator")),
        ("late", "missed", ("late", "missed", "")),
        ("back", "heard of again", ("back", "heard of again", "")),
        ("ended", "left", ("left", "", "")),
        ("ended", "pass_over", ("lapsed", "pass_over", "")),
        ("ended", "late_over", ("lapsed", "late_over", "")),
        ("ended", "purchase", ("purchased", "", "")),
        ("ended", "removed", ("removed", "", "")),
        ("ended", "removed: admin", ("removed", "", "admin")),
    ],
)
def test_the_outbox_words_become_those_of_the_contract(
    state: str, reason: str, entered: tuple[str, str, str]
) -> None:
    act = place_act(state, reason, visitor="v_ada", lane="main", number=1, at_ms=5)

    assert (act.what, act.why, act.by) == entered
