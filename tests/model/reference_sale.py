"""Reference model of a sale: dictionaries of what Redis has, above the ledger in Postgres.

No Lua, no SQL, no batches. `sale_machine.py` compares the real sale with it.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.model.reference_ledger import (  # fmt: skip
    EXTENSIONS,
    HOLD_MS,
    LIMIT,
    ORDERS,
    PAY_MS,
    PLACES,
    REOPENED_MS,
    REPEAT_MS,
    SEATS,
    Answer,
    Booking,
    Hold,
    HoldRequest,
    OutboxEntry,
    Pass,
    ReferenceLedger,
)


@dataclass
class ReferenceSale(ReferenceLedger):
    """Values in Redis, and the stream of entries that are not recorded yet."""

    passes: dict[str, int] = field(default_factory=dict[str, int])
    rows: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SEATS, "."))
    free: int = PLACES
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    stream: list[Pass | Hold] = field(default_factory=list[Pass | Hold])
    passes_given: int = 0
    sold_over: set[str] = field(default_factory=set[str])  # seats sold while others held them

    # Commands of visitors and operators

    def admit(self, visitor: str) -> None:
        if visitor not in self.passes:
            self.stream.append(Pass(visitor, -1))
        if self.passes.get(visitor, 0) <= 0:
            self.passes_given += 1
            self.passes[visitor] = self.passes_given
            self.stream.append(Pass(visitor, self.passes_given))

    def leave(self, visitor: str, *, removed: bool) -> Answer:
        hold = self.living(visitor) if removed else None
        if hold and hold.state == "held":
            self._finish(hold, "released", "removed")
        elif visitor not in self.passes:
            return ("not_in_line",)
        self._end_pass(visitor)
        return ("left",)

    def hold(self, id_: str, visitor: str, key: str, request: HoldRequest) -> Answer:
        for known in self.holds.values():
            if (known.visitor, known.key) == (visitor, key):
                if known.request != request:
                    return ("key_reused",)
                return ("held", known.id, known.first_deadline, EXTENSIONS)
        if self.passes.get(visitor, 0) <= 0:
            return ("no_right",)
        if living := self.living(visitor):
            return ("hold_exists", living.id)
        if self.tickets_of(visitor) + request.quantity > LIMIT:
            return ("limit_exceeded", self.tickets_of(visitor))
        if conflicts := {seat for seat in request.seats if self.rows[seat] != "."}:
            return ("seats_taken", conflicts)
        if self.free < request.on_floor:
            return ("sold_out",)
        until = self.now + HOLD_MS
        made = Hold(id_, visitor, key, request, self.passes[visitor], until, until)
        self.holds[id_] = made
        self._mark(made, "h", -1)
        self._append(made)
        return ("held", id_, until, EXTENSIONS)

    def extend(self, visitor: str, id_: str) -> Answer:
        hold = self._owned(visitor, id_)
        if not isinstance(hold, Hold):
            return hold
        if not hold.extended or self.now - hold.extended >= REPEAT_MS:
            if not hold.left:
                return ("extensions_used_up",)
            hold.left, hold.extended = hold.left - 1, self.now
            hold.deadline = self.now + HOLD_MS
            self._append(hold)
        return ("held", hold.id, hold.deadline, hold.left)

    def release(self, visitor: str, id_: str) -> Answer:
        hold = self._owned(visitor, id_)
        if not isinstance(hold, Hold):
            return hold
        self._finish(hold, "released", "cancelled")
        return ("hold_released",)

    def check_out(self, visitor: str, id_: str) -> Answer:
        hold = self.holds[id_]
        if hold.visitor != visitor:
            return ("unknown_hold",)
        self._expire(hold)
        if again := hold.state != "held":
            if not hold.attempt:
                return ("hold_over",) if hold.state == "expired" else ("unknown_hold",)
        else:
            hold.state, hold.attempt = "paying", hold.attempt + 1
            hold.pay_until, hold.reason = self.now + PAY_MS, ""
            self._append(hold)
        return ("checked_out", hold.attempt, again)

    def tick(self) -> None:
        for hold in self.holds.values():
            self._expire(hold)

    def living(self, visitor: str) -> Hold | None:
        found = [h for h in self.holds.values() if h.visitor == visitor]
        for hold in found:
            self._expire(hold)
        return next((h for h in found if h.state in ("held", "paying")), None)

    def tickets_of(self, visitor: str) -> int:
        return sum(
            h.request.quantity for h in self.holds.values() if h.visitor == visitor and h.has_seats
        )

    def will_take_seats(self, id_: str, *kinds: str) -> bool:
        """Return whether an order of these kinds waits that takes freed seats back."""
        waits = any(entry.booking == id_ and entry.kind in kinds for entry in self.waiting())
        return waits and not self.holds[id_].has_seats

    def count(self, state: str) -> int:
        return sum(h.request.quantity for h in self.holds.values() if h.state == state)

    def _is_free(self, request: HoldRequest) -> bool:
        return self.free >= request.on_floor and all(
            self.rows[seat] == "." for seat in request.seats
        )

    def _owned(self, visitor: str, id_: str) -> Hold | Answer:
        hold = self.holds[id_]
        if hold.visitor != visitor or hold.state == "released":
            return ("unknown_hold",)
        self._expire(hold)
        if hold.state == "expired":
            return ("hold_over",)
        return hold if hold.state == "held" else ("being_paid",)

    def _expire(self, hold: Hold) -> None:
        if hold.state == "held" and hold.deadline <= self.now:
            self._finish(hold, "expired", "expired")

    def _finish(self, hold: Hold, state: str, reason: str) -> None:
        """End a hold and free its seats, except those that were sold to others meanwhile."""
        sold = {seat: "s" for seat in hold.request.seats if self.rows[seat] == "s"}
        self._mark(hold, ".", 1)
        self.rows.update(sold)
        hold.state, hold.reason = state, reason
        self._append(hold)

    def _mark(self, hold: Hold, mark: str, places: int) -> None:
        self.rows.update(dict.fromkeys(hold.request.seats, mark))
        self.free += places * hold.request.on_floor

    def _append(self, hold: Hold) -> None:
        self.stream.append(replace(hold))

    def _end_pass(self, visitor: str) -> None:
        if self.passes.pop(visitor, None):
            self.stream.append(Pass(visitor, 0))

    # Orders and messages

    def waiting(self) -> list[OutboxEntry]:
        return [entry for entry in self.outbox if entry.visible and not entry.done]

    def carry_out(self, entry: OutboxEntry) -> None:
        """Handle a message; or carry out an order and enqueue its answer, if it has one."""
        entry.done = True
        if entry.kind not in ORDERS:
            return self.handle(entry)
        id_, booking = entry.booking, self.bookings[entry.booking]
        if entry.step < booking.step and entry.kind != "refund":
            return
        if entry.kind in ("charge", "cancel_charge", "refund"):
            self.bank_calls.append((entry.kind, id_, entry.attempt))
        elif entry.kind != "tell":
            reply = self.apply_order(entry.kind, id_, entry.step, *self.arguments_of(entry))
            if entry.kind == "retake" and reply != "step_passed":
                self._enqueue_answer(entry, "retaken" if reply == "obeyed" else reply)

    def _enqueue_answer(self, order: OutboxEntry, reply: str) -> None:
        number = self.outbox.index(order)
        if not any((entry.answers, entry.kind) == (number, reply) for entry in self.outbox):
            self.outbox.append(OutboxEntry(order.booking, reply, order.attempt, 0, answers=number))

    def arguments_of(self, entry: OutboxEntry) -> tuple[Any, ...]:
        """Return an order's own arguments.

        Of Reopen the attempt that failed; of Free how the booking ended, and the marks of those of
        its seats that others claim, or hold under a sale.
        """
        if entry.kind != "free":
            return (entry.attempt,) if entry.kind == "reopen" else ()
        booking = self.bookings[entry.booking]
        others = {
            seat: "h" if self.bookings[owner].state == "paying" else "s"
            for seat, owner in self.claims.items()
            if seat in booking.made.request.seats and owner != entry.booking
        }
        if booking.state == "refunded":
            for other in self.bookings.values():
                if other.state == "held":
                    for seat in {*other.made.request.seats} & {*booking.made.request.seats}:
                        others.setdefault(seat, "h")
        state = booking.state if booking.state == "expired" else "released"
        return state, booking.reason, others

    def apply_order(self, kind: str, id_: str, step: int, *more: Any) -> str:
        hold = self.holds[id_]
        if kind == "reopen" and not hold.has_seats:
            return "nothing_held"
        if step < hold.step or (kind == "reopen" and hold.attempt > more[0]):
            return "step_passed"
        hold.step = step
        if kind == "free" and not hold.has_seats:
            return "nothing_held"
        if kind == "retake" and not hold.has_seats:
            latest = max(h.id for h in self.holds.values() if h.visitor == hold.visitor)
            if self.living(hold.visitor) or latest != id_ or not self._is_free(hold.request):
                return "seats_lost"
            self._mark(hold, "h", -1)
        if kind == "retake":
            hold.state, hold.reason = "paying", ""
        elif kind == "mark_sold":
            if not hold.has_seats:
                self.sold_over |= {seat for seat in hold.request.seats if self.rows[seat] != "."}
                self.free -= hold.request.on_floor
            self._mark(hold, "s", 0)
            hold.state, hold.reason = "sold", ""
            if self.passes.get(hold.visitor) == hold.pass_number:
                self._end_pass(hold.visitor)
        elif kind == "reopen":
            self.rows.update({seat: "h" for seat in hold.request.seats if self.rows[seat] == "."})
            hold.state, hold.reason = "held", "declined"
            hold.deadline = max(hold.deadline, self.now + REOPENED_MS)
            self._append(hold)
        else:
            own = "s" if hold.state == "sold" else "h"
            hold.state, hold.reason, others = more
            marked = {seat for seat in hold.request.seats if self.rows[seat] == own}
            self.rows.update({seat: others.get(seat, ".") for seat in marked})
            self.free += hold.request.on_floor
        return "obeyed"

    # Recovery

    def rebuild(self) -> None:
        """Load Redis from Postgres; what the stream held and was not recorded is lost."""
        self.stream, self.passes = [], {v: n for v, n in self.recorded_passes.items() if n}
        self.holds = {id_: _hold_of(self.bookings[id_]) for id_ in sorted(self.bookings)}
        self.rows = dict.fromkeys(SEATS, ".")
        for booking in self.bookings.values():
            if booking.state == "held":
                self.rows.update(dict.fromkeys(booking.made.request.seats, "h"))
        for seat, owner in self.claims.items():
            self.rows[seat] = "h" if self.bookings[owner].state == "paying" else "s"
        held = [b.made.request.on_floor for b in self.bookings.values() if b.state == "held"]
        self.free = PLACES - self.claimed - sum(held)


STATES = {"retaking": "released", "confirmed": "sold", "refunded": "released"}


def _hold_of(b: Booking) -> Hold:
    state = STATES.get(b.state, b.state)
    if b.state == "refunding":
        state = "sold" if b.claimed else "released"
    return replace(
        b.made, deadline=b.until, left=b.left, extended=b.extended, state=state, reason=b.reason,
        step=b.step, attempt=b.attempt, pay_until=0,
    )  # fmt: skip
