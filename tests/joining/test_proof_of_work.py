"""Proofs of work: a challenge is good for one visitor, one event, and two minutes."""

import pytest

from booking_rush.queue.join_checks.proof_of_work import (
    LIFE_MS,
    Challenges,
    has_zero_bits,
    solve,
)

NOON = 1_800_000_000_000  # ms
CHALLENGES = Challenges(b"a key of the tests")


def proof_of(bits: int = 8) -> str:
    return solve(CHALLENGES.issue("demo", "v_ada", bits, NOON), bits)


def test_a_solved_challenge_is_a_proof() -> None:
    proof = proof_of(10)

    found = CHALLENGES.verify(proof, "demo", "v_ada", NOON + LIFE_MS - 1)

    assert has_zero_bits(proof, 10)
    assert found is not None
    assert found.issued_ms == NOON


@pytest.mark.parametrize(
    ("event", "visitor", "now"),
    [
        ("other", "v_ada", NOON),
        ("demo", "v_bob", NOON),
        ("demo", "v_ada", NOON + LIFE_MS),
        ("demo", "v_ada", NOON - 2_000),
    ],
    ids=["another event", "another visitor", "two minutes later", "not issued yet"],
)
def test_a_proof_is_bound_to_visitor_event_and_time(event: str, visitor: str, now: int) -> None:
    assert CHALLENGES.verify(proof_of(), event, visitor, now) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (".8.", ".0."),
        (str(NOON), str(NOON + 1)),
        (":", ""),
        (":", ":\n"),
        (".", "-"),
        (str(NOON), "1" * 200),
    ],
)
def test_what_was_not_issued_or_not_solved_is_no_proof(old: str, new: str) -> None:
    assert CHALLENGES.verify(proof_of().replace(old, new, 1), "demo", "v_ada", NOON) is None


def test_an_unsolved_challenge_is_no_proof() -> None:
    challenge = CHALLENGES.issue("demo", "v_ada", 8, NOON)
    wrong = next(nonce for nonce in range(1000) if not has_zero_bits(f"{challenge}:{nonce}", 8))

    assert CHALLENGES.verify(f"{challenge}:{wrong}", "demo", "v_ada", NOON) is None


def test_another_deployments_challenge_is_void() -> None:
    assert Challenges(b"another key").verify(proof_of(), "demo", "v_ada", NOON) is None
