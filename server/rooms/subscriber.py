"""Who listens: one socket or stream of a visitor, and what they have been told."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from booking_rush.lua.client import pubsub
from booking_rush.lua.line.commands import Admitted, Late, PlaceReply, Waiting
from booking_rush.queue.line import Place

Audience = Literal["waiting", "admitted"]
Bought = pubsub.Held | pubsub.Ending | pubsub.Ended | pubsub.Booked
Own = Bought | pubsub.Connected
UNKNOWN = (-1, 0)


@dataclass(slots=True, eq=False)
class Subscriber:
    """A listener of a room.

    `push` sends a frame at once or drops the guest, `end` closes with a code, `behind` says
    whether the last frames are still unread.
    """

    visitor: str
    kind: Literal["socket", "stream"]
    push: Callable[[bytes], None]
    end: Callable[[int, str], None]
    behind: Callable[[], bool]
    welcomed: bool = False  # until then nothing is told, so that the welcome is the first frame
    pending_news: list[Own] = field(default_factory=list[Own])  # news from before that
    connection: tuple[int, int] = UNKNOWN  # epoch, and which of the event's sockets this is
    place: Place | None = None
    present: bool = False  # heard of since the pass was given
    answering: bool = (
        True  # being welcomed, or asking about the place: told by that answer, not beside
    )
    listed_number: int = 0  # the number under which positions are sent
    sent_ahead: int = 0
    sent_at: float = 0.0
    needs_resend: bool = (
        False  # could not be told what they hold and have booked; to be made up for
    )
    hold: str = ""  # the living one that they know of
    checking_out: str = ""  # one that they are checking out: told by that answer, not beside
    changed: bool = False  # something was, meanwhile
    booking: UUID | None = None  # one that is on its way, and the step that they were told
    step: int = 0
    can_pay: bool = False  # were told what it is paid with

    @property
    def audience(self) -> Audience | None:
        """Which broadcasts besides those to all are meant for this visitor."""
        match self.place:
            case Admitted():
                return "admitted"
            case Waiting() | Late():
                return "waiting"
            case _:
                return None

    def learn(self, place: Place | None) -> None:
        """Take note of what is being told."""
        if isinstance(place, Waiting):
            same = isinstance(self.place, Waiting) and self.place.number == place.number
            self.sent_ahead = min(self.sent_ahead, place.ahead) if same else place.ahead
            self.sent_at = time.monotonic()
        if not isinstance(place, Admitted):
            self.present = False
        self.place = place

    def move_to_late(self) -> None:
        """The turn is missed: the place is kept on the late list for a while."""
        if self.place is not None:
            shared = {name: getattr(self.place, name) for name in PlaceReply.__struct_fields__}
            self.learn(Late(**shared))


def frame_for(had: Place | None, now: Place | None) -> str:
    """What has to be told to who knew `had` and stands at `now`: a frame's type, or nothing.

    An end is told with its reason, `queue.expired <reason>`.
    """
    match had, now:
        case Waiting(), Waiting():
            return "" if had.number == now.number else "queue.joined"
        case Admitted(), Admitted():
            same = (had.wave, had.deadline_ms) == (now.wave, now.deadline_ms)
            return "" if same and had.number == now.number else "queue.admitted"
        case Late(), Late():
            return ""
        case _, Waiting():
            return "queue.joined"
        case _, Admitted():
            return "queue.admitted"
        case None, Late():
            return "queue.joined"
        case _, Late():
            return "queue.expired missed"
        case None, None:
            return ""
        case Admitted(), None:
            return "queue.expired pass_over"
        case Late(), None:
            return "queue.expired late_over"
        case _, None:
            return "queue.expired removed"
