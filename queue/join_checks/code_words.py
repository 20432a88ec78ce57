"""Words of access codes: made of letters that nobody mistakes, and compared without case. Pure."""

import hashlib
from collections.abc import Callable, Sequence

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 and O, no 1, I and L
GROUPS, GROUP = 3, 4  # twelve of 31 letters: 59 bits
LOOK_ALIKES = str.maketrans("OIL", "011")


def new_code(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a new code of three groups, `7K2M-9QPD-XW4T`; `choose` picks a letter at random."""
    return "-".join("".join(choose(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def canonical(code: str) -> str:
    """Return a code as it is compared: upper case, without separators, look-alikes as one."""
    return "".join(filter(str.isalnum, code.upper())).translate(LOOK_ALIKES)


def id_of(event: str, code: str) -> str:
    """Return the id of a code in its event, 32 hexadecimal digits, which says nothing of it.

    Rows are found by it, so that the time that a look-up takes says nothing of the code either.
    """
    return hashlib.sha256(f"{event}:{canonical(code)}".encode(errors="replace")).hexdigest()[:32]
