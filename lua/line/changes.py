"""Changes of the line as its moves enqueue them into the outbox, times in ms by Redis's clock."""

import msgspec


class PlaceChange(msgspec.Struct, frozen=True, array_like=True, tag="place"):
    """Whole place as it is after a change; times in ms since 1970 by Redis's clock.

    `number` is 0 until a draw; `index` is 0 where none is, or was, to come.
    """

    visitor: str
    lane: str
    number: int
    joined: int
    state: str
    wave: int
    admitted: int
    deadline: int
    reason: str
    code: str = ""  # by whose use the place was opened
    index: int = 0
    window: int = 0
    block: str = ""  # a digest of the address block that it was joined from
    unready: str = ""  # of an admission: the lanes in which nobody was ready


class DrawChange(msgspec.Struct, frozen=True, array_like=True, tag="draw"):
    """Draw of the indexes `first` to `last` of a lane: nobody comes to them any more."""

    lane: str
    window: int
    first: int
    last: int


class DrawnChange(msgspec.Struct, frozen=True, array_like=True, tag="drawn"):
    """End of the lottery: everybody of the lobby has a number."""


class DeferredChange(msgspec.Struct, frozen=True, array_like=True, tag="deferred"):
    """Join that waits for a number: its address block has its share of them."""

    visitor: str
    lane: str
    code: str
    block: str
    turn: int
    joined: int


class DeferralOverChange(msgspec.Struct, frozen=True, array_like=True, tag="deferral_over"):
    """End of a deferral; without a `reason` the visitor has got a place."""

    visitor: str
    lane: str
    reason: str


class ReasonChange(msgspec.Struct, frozen=True, array_like=True, tag="reason"):
    """Why visitors are admitted as they are from here on, a word of REASONS, and the rate."""

    because: str
    rate: float


class InForce(msgspec.Struct, frozen=True, omit_defaults=True):
    """Terms by which visitors are admitted from here on.

    `rate` bounds the rate at which visitors are released: that of the rule where nothing corrects
    it, else `missed` of the last `turns` do. `anew`: nothing is saved up, as in a new epoch.
    """

    active_max: int
    lanes: dict[str, int]
    queue_from: int
    rate: int | float
    rate_per_second: int | float
    state: str
    anew: bool = False
    bank_away: bool = False
    missed: int = 0
    stopped: bool = False
    turns: int = 0


class InForceChange(msgspec.Struct, frozen=True, array_like=True, tag="in_force"):
    """Terms of admission from a moment on."""

    at: int
    found: InForce


class ClockChange(msgspec.Struct, frozen=True, array_like=True, tag="clock"):
    """Redis's clock, set back by some ms."""

    at: int
    back: int
