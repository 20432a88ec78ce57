"""Every move in one table: what may be asked, and whatever may be answered."""

from booking_rush.lua import commands as line
from booking_rush.lua import seat_commands as seats

COMMANDS = (
    line.JoinLine, line.LeaveLine, line.ClaimPass, line.FindPlace, line.AdmitVisitor,
    line.SetRules, line.Announce, line.ReportSockets, line.ReadGone, line.AdmitNext,
    line.MarkRecorded, line.CloseEpoch, line.LoadEvent, line.LoadPlaces, line.OpenEpoch,
    seats.HoldSeats, seats.FindHold, seats.ExtendHold, seats.ReleaseHold, seats.CheckoutHold,
    seats.ReadSeats, seats.MarkSold, seats.FreeHold, seats.ReopenHold, seats.RetakeHold,
    seats.TellBooking, seats.AddSections, seats.ReadHolds, seats.LoadSections, seats.LoadHolds,
)  # fmt: skip

AnyReply = (
    line.NotReady | line.Failed | line.Waiting | line.Admitted | line.Late | line.NotInLine
    | line.LineClosed | line.LineFull | line.Left | line.RulesSet | line.RulesStale
    | line.Announced | line.Stats | line.GoneNumbers | line.Advanced | line.Marked
    | line.EpochClosed | line.EpochOpened | line.EpochPassed | line.Loaded
    | seats.Held | seats.HoldExists | seats.KeyReused | seats.NoRight | seats.NotOnSale
    | seats.UnknownSeats | seats.UnknownSection | seats.LimitExceeded | seats.MixedCurrencies
    | seats.SeatsTaken | seats.SoldOut | seats.UnknownHold | seats.HoldOver | seats.BeingPaid
    | seats.ExtensionsUsedUp | seats.HoldReleased | seats.CheckedOut | seats.SeatsRead
    | seats.SectionsAdded | seats.Obeyed | seats.StepPassed | seats.NothingHeld
    | seats.SeatsLost | seats.Told | seats.HoldsRead
)  # fmt: skip
