"""Visitors' tokens are JWTs as the library reads and writes them, and no others are read."""

import jwt
import pytest

from booking_rush.queue.keys.sealing import derive
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.protocol.problems import NotAuthenticated

SECRET = "a secret of the tests"
KEY = derive(SECRET, "visitor tokens")
FUTURE = 4_000_000_000
CLAIMS = {"sub": "v_ada", "aud": "visitor", "exp": FUTURE}
tokens = VisitorTokens(SECRET)


def signed(key: bytes = KEY, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({**CLAIMS, **claims}, key, algorithm)


def test_the_library_reads_what_we_issue() -> None:
    issued = tokens.issue()
    claims = jwt.decode(issued.token, KEY, ["HS256"], audience="visitor")
    assert claims == {"sub": issued.visitor, "aud": "visitor", "exp": issued.expires_at}


@pytest.mark.parametrize("length", range(1, 9))
def test_we_read_what_the_library_signs(length: int) -> None:
    assert tokens.read(signed(sub="v" * length)) == "v" * length


GOOD = signed()
HEAD, BODY, MAC = GOOD.split(".")
OTHERS = {
    "nothing": "",
    "two dots": "..",
    "no MAC": f"{HEAD}.{BODY}.",
    "no head": f"{BODY}.{MAC}",
    "another's claims": f"{HEAD}.{signed(sub='v_eve').split('.')[1]}.{MAC}",
    "a padded MAC": GOOD + "=",
    "a MAC with another last bit": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "text beyond ASCII": GOOD + "é",
    "another key": signed(derive(SECRET, "something else")),
    "no algorithm": jwt.encode(CLAIMS, "", "none"),
    "another algorithm": signed(KEY * 2, "HS512"),
    "another audience": signed(aud="operator"),
    "several audiences": signed(aud=["visitor"]),
    "no visitor": jwt.encode({"aud": "visitor", "exp": FUTURE}, KEY, "HS256"),
    "no end": jwt.encode({"sub": "v_ada", "aud": "visitor"}, KEY, "HS256"),
    "its end has come": signed(exp=1_000_000_000),
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_token_is_read(name: str) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.read(OTHERS[name])
