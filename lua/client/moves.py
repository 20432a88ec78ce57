"""Table of every command, and of every reply that the commands declare."""

from typing import Any, get_args

from booking_rush.lua.commands import Command, Failed, NotReady, Reply
from booking_rush.lua.events import commands as events
from booking_rush.lua.holds import commands as holds
from booking_rush.lua.line import commands as line
from booking_rush.lua.recovery import commands as recovery
from booking_rush.lua.saga import commands as saga

COMMANDS: tuple[type[Command[Any]], ...] = (
    line.JoinLine, line.LeaveLine, line.PutBack, line.ClaimPass, line.FindPlace, line.AdmitVisitor,
    line.ReadGone, line.AdmitNext, line.DrawPlaces,
    holds.HoldSeats, holds.FindHold, holds.ReadHolds, holds.ExtendHold,
    holds.ReleaseHold, holds.CheckoutHold,
    saga.MarkSold, saga.FreeHold, saga.ReopenHold, saga.RetakeHold, saga.SetRow, saga.SetFree,
    saga.PublishBooking,
    events.SetRules, events.PublishBroadcast, events.ReportSockets, events.ReadSeats,
    events.ReadStock,
    events.AddSections,
    recovery.MarkRecorded, recovery.CloseEpoch, recovery.OpenEpoch, recovery.LoadEvent,
    recovery.LoadPlaces, recovery.LoadSections, recovery.LoadHolds, recovery.LoadCodes,
    recovery.LoadDeferrals,
)  # fmt: skip


def replies_of(command: type[Command[Any]]) -> tuple[type[Reply], ...]:
    """Return the replies that a command's class declares, in the order in which it names them."""
    [base] = vars(command)["__orig_bases__"]
    [declared] = get_args(base)
    return get_args(declared) or (declared,)


# NotReady and Failed may answer any command.
REPLIES: tuple[type[Reply], ...] = (
    NotReady,
    Failed,
    *(reply for command in COMMANDS for reply in replies_of(command)),
)
