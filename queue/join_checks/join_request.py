"""Join request: the optional members of `queue.join` and of `POST E/queue`."""

from typing import Annotated

import msgspec

from booking_rush.text import LINE_PATTERN, Line

# A token or a signed statement of another service, and a receipt as a code.
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern=LINE_PATTERN)]


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code of a lane, proof of work, and identity that came with a join; each may be missing."""

    code: Token | msgspec.UnsetType = msgspec.UNSET
    proof: Line | msgspec.UnsetType = msgspec.UNSET
    identity: Token | msgspec.UnsetType = msgspec.UNSET


NOTHING = JoinRequest()
