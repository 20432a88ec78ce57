"""Contacts of buyers: an address, which is never shown, and the name that stands on the tickets.

Both are checked on arrival, and saved before the checkout.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

import msgspec

from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.text import person_name_of

Language = Literal["en", "th"]

LANGUAGES: tuple[str, ...] = get_args(Language)
EMAIL_CHARACTERS_MAX = 254  # the longest path of RFC 5321
# Plain addresses only: no character that could end a header or begin another address.
EMAIL = re.compile(r"""[^\s\x00-\x20\x7f-\U0010ffff@,;:<>()\[\]"\\]+@[a-zA-Z0-9._-]+""")


@dataclass(frozen=True, slots=True)
class Contact:
    """An address and the language of its mails, and a name; "" where one of them is not given.

    `repr` hides both from logs.
    """

    email: str
    language: Language
    name: str = ""

    def __repr__(self) -> str:
        return f"Contact(language={self.language!r})"


def contact_of(
    email: str | msgspec.UnsetType,
    language: str,
    name: str | msgspec.UnsetType = msgspec.UNSET,
) -> Contact | None:
    """Check an address, a language and a name. Return the contact; None: neither is given.

    Raises:
        Invalid: it is no address, no name, or a language that has no texts.
    """
    if language not in LANGUAGES:
        raise Invalid(("language", f"one of {', '.join(LANGUAGES)}"))
    given = _name_of(name)
    if email is msgspec.UNSET:
        return Contact("", cast("Language", language), given) if given else None
    if len(email) > EMAIL_CHARACTERS_MAX or not EMAIL.fullmatch(email):
        raise Invalid(
            ("email", f"a plain address, name@host, of at most {EMAIL_CHARACTERS_MAX} characters")
        )
    return Contact(email, cast("Language", language), given)


def _name_of(name: str | msgspec.UnsetType) -> str:
    if name is msgspec.UNSET:
        return ""
    found = person_name_of(name)
    if found is None:
        raise Invalid(("name", "a name of 1 to 80 characters that can be read"))
    return found


async def save(pool: Pool, booking: UUID, contact: Contact) -> None:
    """Save the contact of a booking; what a later one gives replaces it."""
    await pool.execute(
        """
        INSERT INTO contacts AS had (booking, email, language, name)
        VALUES ($1, nullif($2, ''), $3, $4)
        ON CONFLICT (booking) DO UPDATE SET email = coalesce(excluded.email, had.email),
            language = $3, name = coalesce(nullif($4, ''), had.name)
        """,
        booking, contact.email, contact.language, contact.name,
    )  # fmt: skip
