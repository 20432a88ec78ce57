"""Every move in one table: what may be asked, and whatever may be answered."""

from booking_rush.lua import commands as shared
from booking_rush.lua.events import commands as events
from booking_rush.lua.holds import commands as holds
from booking_rush.lua.line import commands as line
from booking_rush.lua.recovery import commands as recovery
from booking_rush.lua.saga import commands as saga

COMMANDS = (
    line.JoinLine, line.LeaveLine, line.ClaimPass, line.FindPlace, line.AdmitVisitor,
    line.ReadGone, line.AdmitNext,
    holds.HoldSeats, holds.FindHold, holds.ExtendHold, holds.ReleaseHold, holds.CheckoutHold,
    holds.ReadHolds,
    saga.MarkSold, saga.FreeHold, saga.ReopenHold, saga.RetakeHold, saga.PublishBooking,
    events.SetRules, events.PublishBroadcast, events.ReportSockets, events.ReadSeats,
    events.AddSections,
    recovery.MarkRecorded, recovery.CloseEpoch, recovery.OpenEpoch, recovery.LoadEvent,
    recovery.LoadPlaces, recovery.LoadSections, recovery.LoadHolds,
)  # fmt: skip

AnyReply = (
    shared.NotReady | shared.Failed | line.Waiting | line.Admitted | line.Late | line.NotInLine
    | line.LineClosed | line.LineFull | line.Left | events.RulesSet | events.RulesStale
    | shared.Published | events.Stats | line.GoneNumbers | line.Advanced | recovery.Marked
    | recovery.EpochClosed | recovery.EpochOpened | recovery.EpochPassed | recovery.Loaded
    | holds.Held | holds.HoldExists | holds.KeyReused | holds.NoRight | holds.NotOnSale
    | holds.UnknownSeats | holds.UnknownSection | holds.LimitExceeded | holds.MixedCurrencies
    | holds.SeatsTaken | holds.SoldOut | holds.UnknownHold | holds.HoldOver | holds.BeingPaid
    | holds.ExtensionsUsedUp | holds.HoldReleased | holds.CheckedOut | events.SeatsRead
    | events.SectionsAdded | saga.Obeyed | saga.StepPassed | saga.NothingHeld
    | saga.SeatsLost | holds.HoldsRead
)  # fmt: skip
