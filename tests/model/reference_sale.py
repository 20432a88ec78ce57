"""The house as anybody would write it down: dictionaries of what Redis has, and the books.

No Lua, no SQL, no batches: `tests/test_sale_model.py` holds the real sale against it.
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
    Booking,
    Books,
    Hold,
    Letter,
    Pass,
    Told,
    Wish,
)


@dataclass
class Sale(Books):
    """What Redis has, and the stream from there to the books."""

    passes: dict[str, int] = field(default_factory=dict[str, int])
    rows: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SEATS, "."))
    free: int = PLACES
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    stream: list[Pass | Hold] = field(default_factory=list[Pass | Hold])
    given: int = 0  # passes
    sold_over: set[str] = field(default_factory=set[str])  # seats, while others held them

    # What visitors and operators ask

    def admit(self, visitor: str) -> None:
        if visitor not in self.passes:
            self.stream.append(Pass(visitor, -1))
        if self.passes.get(visitor, 0) <= 0:
            self.given += 1
            self.passes[visitor] = self.given
            self.stream.append(Pass(visitor, self.given))

    def leave(self, visitor: str, *, removed: bool) -> Told:
        living = self.living(visitor) if removed else None
        if living and living.state == "held":
            self._finish(living, "released", "removed")
        elif visitor not in self.passes:
            return ("not_in_line",)
        self._end_pass(visitor)
        return ("left",)

    def hold(self, id_: str, visitor: str, key: str, wish: Wish) -> Told:
        for had in self.holds.values():
            if (had.visitor, had.key) == (visitor, key):
                same = had.wish == wish
                return ("held", had.id, had.first, EXTENSIONS) if same else ("key_reused",)
        if self.passes.get(visitor, 0) <= 0:
            return ("no_right",)
        if living := self.living(visitor):
            return ("hold_exists", living.id)
        if self.taken(visitor) + wish.quantity > LIMIT:
            return ("limit_exceeded", self.taken(visitor))
        if conflicts := {seat for seat in wish.seats if self.rows[seat] != "."}:
            return ("seats_taken", conflicts)
        if self.free < wish.places:
            return ("sold_out",)
        until = self.now + HOLD_MS
        made = Hold(id_, visitor, key, wish, self.passes[visitor], until, until)
        self.holds[id_] = made
        self._write(made, "h", -1)
        self._note(made)
        return ("held", id_, until, EXTENSIONS)

    def extend(self, visitor: str, id_: str) -> Told:
        one = self._owned(visitor, id_)
        if not isinstance(one, Hold):
            return one
        if not one.extended or self.now - one.extended >= REPEAT_MS:
            if not one.left:
                return ("extensions_used_up",)
            one.left, one.extended = one.left - 1, self.now
            one.deadline = self.now + HOLD_MS
            self._note(one)
        return ("held", one.id, one.deadline, one.left)

    def release(self, visitor: str, id_: str) -> Told:
        one = self._owned(visitor, id_)
        if not isinstance(one, Hold):
            return one
        self._finish(one, "released", "cancelled")
        return ("hold_released",)

    def check_out(self, visitor: str, id_: str) -> Told:
        one = self.holds[id_]
        if one.visitor != visitor:
            return ("unknown_hold",)
        self._expire(one)
        if again := one.state != "held":
            if not one.attempt:
                return ("hold_over",) if one.state == "expired" else ("unknown_hold",)
        else:
            one.state, one.attempt = "paying", one.attempt + 1
            one.pay_until, one.reason = self.now + PAY_MS, ""
            self._note(one)
        return ("checked_out", one.attempt, again)

    def beat(self) -> None:
        for one in self.holds.values():
            self._expire(one)

    def living(self, visitor: str) -> Hold | None:
        found = [h for h in self.holds.values() if h.visitor == visitor]
        for one in found:
            self._expire(one)
        return next((h for h in found if h.state in ("held", "paying")), None)

    def taken(self, visitor: str) -> int:
        return sum(
            h.wish.quantity for h in self.holds.values() if h.visitor == visitor and h.has_places
        )

    def is_to_come(self, id_: str, *kinds: str) -> bool:
        """Redis has let its places go, and one of these is waiting that will take them."""
        waits = any(one.booking == id_ and one.kind in kinds for one in self.waiting())
        return waits and not self.holds[id_].has_places

    def count(self, state: str) -> int:
        return sum(h.wish.quantity for h in self.holds.values() if h.state == state)

    def _is_free(self, wish: Wish) -> bool:
        return self.free >= wish.places and all(self.rows[seat] == "." for seat in wish.seats)

    def _owned(self, visitor: str, id_: str) -> Hold | Told:
        one = self.holds[id_]
        if one.visitor != visitor or one.state == "released":
            return ("unknown_hold",)
        self._expire(one)
        if one.state == "expired":
            return ("hold_over",)
        return one if one.state == "held" else ("being_paid",)

    def _expire(self, one: Hold) -> None:
        if one.state == "held" and one.deadline <= self.now:
            self._finish(one, "expired", "expired")

    def _finish(self, one: Hold, state: str, reason: str) -> None:
        """What was sold over it meanwhile stays sold."""
        sold = {seat: "s" for seat in one.wish.seats if self.rows[seat] == "s"}
        self._write(one, ".", 1)
        self.rows.update(sold)
        one.state, one.reason = state, reason
        self._note(one)

    def _write(self, one: Hold, mark: str, places: int) -> None:
        self.rows.update(dict.fromkeys(one.wish.seats, mark))
        self.free += places * one.wish.places

    def _note(self, one: Hold) -> None:
        self.stream.append(replace(one))

    def _end_pass(self, visitor: str) -> None:
        if self.passes.pop(visitor, None):
            self.stream.append(Pass(visitor, 0))

    # What orders do, each under its step

    def waiting(self) -> list[Letter]:
        return [one for one in self.letters if one.ready and not one.done]

    def carry_out(self, letter: Letter) -> None:
        """Hear it, or obey it and say what is answered."""
        letter.done = True
        if letter.kind not in ORDERS:
            return self.hear(letter)
        id_, booking = letter.booking, self.bookings[letter.booking]
        if letter.step < booking.step and letter.kind != "refund":
            return
        if letter.kind in ("charge", "cancel_charge", "refund"):
            self.bank.append((letter.kind, id_, letter.attempt))
        elif letter.kind != "tell":
            said = self.obey(letter.kind, id_, letter.step, *self.more_of(letter))
            if letter.kind == "retake" and said != "step_passed":
                self._answer(letter, "retaken" if said == "obeyed" else said)

    def _answer(self, order: Letter, said: str) -> None:
        number = self.letters.index(order)
        if not any((one.answers, one.kind) == (number, said) for one in self.letters):
            self.letters.append(Letter(order.booking, said, order.attempt, 0, answers=number))

    def more_of(self, letter: Letter) -> tuple[Any, ...]:
        """Which try failed; or how a booking ended, and the marks of what others claim of it."""
        if letter.kind != "free":
            return (letter.attempt,) if letter.kind == "reopen" else ()
        booking = self.bookings[letter.booking]
        others = {
            seat: "h" if self.bookings[owner].state == "paying" else "s"
            for seat, owner in self.claims.items()
            if seat in booking.made.wish.seats and owner != letter.booking
        }
        state = booking.state if booking.state == "expired" else "released"
        return state, booking.reason, others

    def obey(self, kind: str, id_: str, step: int, *more: Any) -> str:
        one = self.holds[id_]
        if kind == "reopen" and not one.has_places:
            return "nothing_held"
        if step < one.step or (kind == "reopen" and one.attempt > more[0]):
            return "step_passed"
        one.step = step
        if kind == "free" and not one.has_places:
            return "nothing_held"
        if kind == "retake" and not one.has_places:
            latest = max(h.id for h in self.holds.values() if h.visitor == one.visitor)
            if self.living(one.visitor) or latest != id_ or not self._is_free(one.wish):
                return "seats_lost"
            self._write(one, "h", -1)
        if kind == "retake":
            one.state, one.reason = "paying", ""
        elif kind == "mark_sold":
            if not one.has_places:
                self.sold_over |= {seat for seat in one.wish.seats if self.rows[seat] != "."}
                self.free -= one.wish.places
            self._write(one, "s", 0)
            one.state, one.reason = "sold", ""
            if self.passes.get(one.visitor) == one.through:
                self._end_pass(one.visitor)
        elif kind == "reopen":
            self.rows.update({seat: "h" for seat in one.wish.seats if self.rows[seat] == "."})
            one.state, one.reason = "held", "declined"
            one.deadline = max(one.deadline, self.now + REOPENED_MS)
            self._note(one)
        else:
            one.state, one.reason, others = more
            self._write(one, ".", 1)
            self.rows.update(others)
        return "obeyed"

    # The one way back

    def bring_back(self) -> None:
        """Redis is what Postgres has; what the stream held and nobody recorded is gone."""
        self.stream, self.passes = [], {v: n for v, n in self.kept_passes.items() if n}
        self.holds = {id_: _hold_of(self.bookings[id_]) for id_ in sorted(self.bookings)}
        self.rows = dict.fromkeys(SEATS, ".")
        for booking in self.bookings.values():
            if booking.state == "held":
                self.rows.update(dict.fromkeys(booking.made.wish.seats, "h"))
        for seat, owner in self.claims.items():
            self.rows[seat] = "h" if self.bookings[owner].state == "paying" else "s"
        held = [b.made.wish.places for b in self.bookings.values() if b.state == "held"]
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
