"""Members that JSON names twice: decoders take the last of them, other readers the first. Pure.

RFC 8259, 4 calls what happens then unpredictable, so such a request is refused.
"""

import json


class _RepeatedMemberError(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


def repeated_member(text: str, members: int = 0) -> str | None:
    """Return the name of a member that an object in this JSON has twice, or None.

    The text has been decoded before: what this decoder alone refuses has no repeated member.
    `members` are those that the decoded object is known to have, if there is no other object in
    it: a text with no more colons has none twice, which takes a tenth of the time to see.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if text.count(":") == members:
        return None
    try:
        _decoder.decode(text)
    except _RepeatedMemberError as found:
        return found.name
    except ValueError:
        return None
    return None


def _check(members: list[tuple[str, object]]) -> None:
    names = {name for name, _ in members}
    if len(names) < len(members):
        for name, _ in members:
            if name not in names:
                raise _RepeatedMemberError(name)
            names.remove(name)


# Numbers stay text: Python refuses to convert some that JSON allows.
_decoder = json.JSONDecoder(
    object_pairs_hook=_check, parse_int=str, parse_float=str, parse_constant=str
)
