"""Text from outside, as types: no string reaches a store that the last store would refuse.

Every string member of a frame, body, webhook or mail is of one of these, a Literal or a pattern.
Lone surrogates are no UTF-8, so the JSON decoder has refused them before.
PostgreSQL has no NUL in its text; other control characters have no place on a page or in a log.
"""

import re
import unicodedata
from typing import Annotated

import msgspec

CONTROLS = r"\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
SEPARATORS = r"\u2028\u2029"  # end a line in some readers
SURROGATES = r"\ud800-\udfff"
BIDI = r"\u202a-\u202e\u2066-\u2069"  # turn the order of all that follows, on a page or in a list

KEY_PATTERN = rf"^[^{CONTROLS}{SEPARATORS}{SURROGATES}]{{1,64}}\Z"
LINE_PATTERN = rf"^[^{CONTROLS}{SEPARATORS}{SURROGATES}]*\Z"
PERSON_PATTERN = rf"^[^{CONTROLS}{SEPARATORS}{SURROGATES}{BIDI}]{{1,80}}\Z"
OPERATOR_PATTERN = r"^[^\W_](?:[\w.@ -]{0,62}[\w.@-])?\Z"
LINES_PATTERN = rf"^(?:[^{CONTROLS}{SEPARATORS}{SURROGATES}]|[\t\n\r])*\Z"

# An idempotency key, in a header or a frame.
Key = Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)]
# The id of a frame, and whatever names a thing: one that does not exist is simply unknown.
Name64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=LINE_PATTERN)]
# A seat's id has 64 characters of its section, and at most 10 more.
Name80 = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=LINE_PATTERN)]
# One line: a name on a page, an address, an id of another system.
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE_PATTERN)]
OptionalLine = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE_PATTERN)]
OptionalName64 = Annotated[str, msgspec.Meta(max_length=64, pattern=LINE_PATTERN)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=320, pattern=LINE_PATTERN)]
# A password: of any script, and hashed before it is stored.
Password = Annotated[str, msgspec.Meta(max_length=200, pattern=LINES_PATTERN)]
# The name of a person, as they write it.
PersonName = Annotated[str, msgspec.Meta(pattern=PERSON_PATTERN)]
# The name of an operator, in a body and on the command line.
OperatorName = Annotated[str, msgspec.Meta(pattern=OPERATOR_PATTERN)]
# Several lines, for visitors or the journal to read.
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=LINES_PATTERN)]

# Letters and symbols that are drawn as nothing: fillers of Hangul, and the blank of Braille.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

_key = re.compile(KEY_PATTERN)
_line = re.compile(LINE_PATTERN)
_person = re.compile(PERSON_PATTERN)
_operator = re.compile(OPERATOR_PATTERN)
_not_in_lines = re.compile(rf"[{CONTROLS}{SEPARATORS}{SURROGATES}]")


def is_key(text: str) -> bool:
    """Return whether a text is an idempotency key: 1 to 64 characters, none of them a control."""
    return _key.match(text) is not None


def is_line(text: str, characters_max: int = 200) -> bool:
    """Return whether a text is one line of 1 to `characters_max` characters."""
    return 1 <= len(text) <= characters_max and _line.match(text) is not None


def person_name_of(text: str) -> str | None:
    """Return the name of a person in its composed form (NFC), or None where nothing can be read."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    seen = set(name) - BLANKS
    is_seen = any(unicodedata.category(character)[0] in "LNPS" for character in seen)
    return name if is_seen and _person.match(name) else None


def is_operator_name(text: str) -> bool:
    """Return whether an operator may be called so."""
    return _operator.match(text) is not None


def as_line(text: str) -> str:
    """Return a text without the characters that a line may not hold, as rows of old may."""
    return _not_in_lines.sub("", text)
