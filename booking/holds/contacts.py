"""Where buyers want their mail: checked when it is said, kept before the checkout, never shown."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

import msgspec

from booking_rush.errors import Invalid
from booking_rush.postgres import Pool

Language = Literal["en", "th"]

LANGUAGES: tuple[str, ...] = get_args(Language)
EMAIL_CHARACTERS_MAX = 254  # RFC 5321 has room for no more
# Plain addresses only: what could end a header or begin another address is in none of them.
EMAIL = re.compile(r"""[^\s\x00-\x20\x7f-\U0010ffff@,;:<>()\[\]"\\]+@[a-zA-Z0-9._-]+""")


@dataclass(frozen=True, slots=True)
class Contact:
    """An address and the language of its mails; its text is for nobody's log."""

    email: str
    language: Language

    def __repr__(self) -> str:
        return f"Contact(language={self.language!r})"


def contact_of(email: str | msgspec.UnsetType, language: str) -> Contact | None:
    """Where mail is wanted; None: nowhere.

    Raises:
        Invalid: it is no address, or a language that we do not write.
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
    """Note where a booking's mail goes; the last word counts."""
    await pool.execute(
        """
        INSERT INTO contacts (booking, email, language) VALUES ($1, $2, $3)
        ON CONFLICT (booking) DO UPDATE SET email = $2, language = $3
        """,
        booking, contact.email, contact.language,
    )  # fmt: skip
