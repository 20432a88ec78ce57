"""Refusals of holds and checkouts: one class each; its docstring is the title clients read."""

from booking_rush.errors import Refusal


class SeatsTaken(Refusal):
    """Some of these seats are not free; `conflicts` names them."""

    code, status = "seats_taken", 409


class SoldOut(Refusal):
    """Fewer places are free than you ask for."""

    code, status = "sold_out", 409


class HoldExists(Refusal):
    """You hold something here already; `hold` is it."""

    code, status = "hold_exists", 409


class LimitExceeded(Refusal):
    """That is more than one visitor may have."""

    code, status = "limit_exceeded", 422


class UnknownSeat(Refusal):
    """There is no such seat."""

    code, status = "unknown_seat", 404


class UnknownSection(Refusal):
    """There is no such section."""

    code, status = "unknown_section", 404


class UnknownHold(Refusal):
    """You have no such hold."""

    code, status = "unknown_hold", 404


class HoldExpired(Refusal):
    """That hold's time is over, and its seats are free again."""

    code, status = "hold_expired", 410


class PaymentInProgress(Refusal):
    """That hold is being paid."""

    code, status = "payment_in_progress", 409


class ExtensionsUsedUp(Refusal):
    """That hold was extended as often as may be."""

    code, status = "extensions_used_up", 409


class CoolingDown(Refusal):
    """Several of your holds ended unpaid: wait a while before the next."""

    code, status = "cooling_down", 429

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"hold again in {wait_s} s", retry_after_seconds=wait_s)
        self.retry_after_s = wait_s


class PassRequired(Refusal):
    """Seats are for who has been admitted: wait for your turn, and send the pass."""

    code, status = "pass_required", 403


class PassExpired(Refusal):
    """That pass is over, given up or spent."""

    code, status = "pass_expired", 403


class PassInvalid(Refusal):
    """That is no pass of yours for this event."""

    code, status = "pass_invalid", 403
