"""Contacts of buyers: an address checked on arrival, saved before the checkout, never shown."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

import msgspec

from booking_rush.errors import Invalid
from booking_rush.postgres import Pool

Language = Literal["en", "th"]

LANGUAGES: tuple[str, ...] = get_args(Language)
EMAIL_CHARACTERS_MAX = 254  # the longest path of RFC 5321
# Plain addresses only: no character that could end a header or begin another address.
EMAIL = re.compile(r"""[^\s\x00-\x20\x7f-\U0010ffff@,;:<>()\[\]"\\]+@[a-zA-Z0-9._-]+""")


@dataclass(frozen=True, slots=True)
class Contact:
    """An address and the language of its mails; `repr` hides the address from logs."""

    email: str
    language: Language

    def __repr__(self) -> str:
        return f"Contact(language={self.language!r})"


def contact_of(email: str | msgspec.UnsetType, language: str) -> Contact | None:
    """Check an address and a language. Return the contact, or None without an address.

    Raises:
        Invalid: it is no address, or a language that has no texts.
    """
    if language not in LANGUAGES:
        raise Invalid(("language", f"one of {', '.join(LANGUAGES)}"))
    if email is msgspec.UNSET:
        return None
    if len(email) > EMAIL_CHARACTERS_MAX or not EMAIL.fullmatch(email):
        raise Invalid(
            ("email", f"a plain address, name@host, of at most {EMAIL_CHARACTERS_MAX} characters")
        )
    return Contact(email, cast("Language", language))


async def save(pool: Pool, booking: UUID, contact: Contact) -> None:
    """Save the contact of a booking; a later one replaces it."""
    await pool.execute(
        """
        INSERT INTO contacts (booking, email, language) VALUES ($1, $2, $3)
        ON CONFLICT (booking) DO UPDATE SET email = $2, language = $3
        """,
        booking, contact.email, contact.language,
    )  # fmt: skip
