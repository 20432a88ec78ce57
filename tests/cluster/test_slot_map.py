"""The slot map of a cluster: what nodes say, whom to believe, and where a key is."""

from typing import Any

import pytest
from redis.exceptions import ClusterDownError

from booking_rush.lua.cluster.cluster_client import key_of
from booking_rush.lua.cluster.slot_map import Address, SlotMap, agreed, ranges_of
from booking_rush.lua.keys import epoch_key, key, tag_of

LAST = 16_383
A, B, C = Address("a", 1), Address("b", 1), Address("c", 1)


def reply(*ranges: tuple[int, int, Address]) -> list[Any]:
    """Return a reply to CLUSTER SLOTS; each primary has a replica on the next port."""
    return [
        [first, last, *([at.host.encode(), port, b"id", []] for port in (at.port, at.port + 1))]
        for first, last, at in ranges
    ]


OF_A = ranges_of(reply((0, LAST, A)), A)
OF_B = ranges_of(reply((0, LAST, B)), A)


def test_all_keys_of_an_event_are_at_the_primary_of_its_tag() -> None:
    half = 8_191
    slots = SlotMap(ranges_of(reply((0, half, A), (half + 1, LAST, B)), A))
    events = [f"e{number}" for number in range(100)]

    for event in events:
        names = (
            tag_of(event),
            epoch_key(event),
            key(event, 3, "line", "main"),
            f"{{{event}}}:news",
        )
        assert len({slots.primary_of(name.encode()) for name in names}) == 1
    assert {slots.primary_of(tag_of(event).encode()) for event in events} == {A, B}


def test_a_node_that_has_no_name_for_itself_is_the_one_that_was_asked() -> None:
    [found] = ranges_of([[0, LAST, [None, 6379, b"id"], [b"?", 6380, b"id"]]], A)

    assert (found.primary, found.replicas) == (("a", 6379), (("a", 6380),))


@pytest.mark.parametrize(
    ("answers", "known", "believed"),
    [
        ([OF_B, OF_A, OF_B], OF_A, OF_B),  # a former primary goes on, and names itself
        ([OF_B, OF_A], OF_A, OF_A),
        ([OF_B], OF_A, OF_B),
        ([OF_B, OF_A, OF_A, OF_B], OF_B, OF_B),
    ],
)
def test_most_nodes_are_believed(answers: Any, known: Any, believed: Any) -> None:
    assert agreed(answers, known) == believed


def test_a_slot_that_moved_is_looked_for_where_its_node_says() -> None:
    slots = SlotMap(ranges_of(reply((0, LAST, A)), A))

    slots.moved(12_739, C)  # of "123456789", as the specification has it

    assert slots.primary_of(b"123456789") == C
    assert slots.primary_of(b"another") == A
    assert slots.primaries == [A, C]


def test_a_slot_that_nobody_has_is_asked_for_at_a_primary_which_says_so() -> None:
    slots = SlotMap(ranges_of(reply((0, 1, A)), A))

    assert slots.primary_of(b"123456789") == A
    with pytest.raises(ClusterDownError, match="no node has a slot"):
        SlotMap(()).primary_of(b"123456789")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("GET", "{e}:1:x"), b"{e}:1:x"),
        (("EVALSHA", "digest", 1, "{e}", "stamp"), b"{e}"),
        (("XREAD", "COUNT", 5, "STREAMS", "{e}:1:outbox", "0-0"), b"{e}:1:outbox"),
        (("PUBLISH", b"{e}:news", b""), b"{e}:news"),
        (("PING",), None),
        (("INFO", "server"), None),
    ],
)
def test_a_command_goes_where_its_key_is(words: tuple[Any, ...], found: bytes | None) -> None:
    assert key_of(words) == found
