"""Stripe's webhook events: what each says of a payment. Pure."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from booking_rush.booking.payments.provider import (
    ATTEMPT_MAX,
    AlertKind,
    PaymentAlert,
    PaymentEvent,
    PaymentNotification,
)
from booking_rush.text import Line, OptionalLine

# A declined card leaves its intent open for another try. A refund by hand may be pending: ask then.
WEBHOOK_EVENTS: dict[str, PaymentEvent] = {
    "payment_intent.succeeded": "charged",
    "payment_intent.canceled": "cancelled",
    "refund.created": "refunded",
    "refund.updated": "refunded",
    "refund.failed": "changed",
    "charge.refunded": "changed",
}
ALERT_EVENTS: dict[str, AlertKind] = {
    "charge.dispute.created": "disputed",
    "charge.dispute.closed": "dispute_closed",
}

# ISO 4217 gives these no minor unit, yet Stripe counts them in hundredths
# (https://docs.stripe.com/currencies).
ZERO_DECIMAL_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})


class _Object(msgspec.Struct, frozen=True):
    """The object of an event: an intent, a refund, a charge or a dispute."""

    id: Line
    metadata: dict[str, str] | None = None  # of which `_attempt_in` reads what it knows
    payment_intent: Line | None = None
    status: OptionalLine | None = None
    amount: int = 0
    amount_refunded: int = 0
    currency: OptionalLine = ""


class _Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    type: OptionalLine
    data: _Data


def read_event(body: bytes) -> PaymentNotification | PaymentAlert | None:
    """Return the notification or the alert of an event, or None: it is none, or none of ours.

    Raises:
        ValueError: the body is malformed.
    """
    event = msgspec.json.decode(body, type=_Event)
    if event.type not in WEBHOOK_EVENTS and event.type not in ALERT_EVENTS:
        return None
    subject = msgspec.json.decode(event.data.object, type=_Object)
    attempt = _attempt_in(subject.metadata or {})
    if event.type in ALERT_EVENTS:
        kind = ALERT_EVENTS[event.type]
        return _alert(subject, f"{subject.id}:{kind}", kind, subject.amount, attempt)
    if event.type == "charge.refunded" and subject.amount_refunded < subject.amount:
        id_ = f"{subject.id}:{subject.amount_refunded}"
        return _alert(subject, id_, "refunded_in_part", subject.amount_refunded, attempt)
    return None if attempt is None else _read_notification(event.type, subject, attempt)


def notification(
    intent: str, booking: UUID, attempt: int, kind: PaymentEvent
) -> PaymentNotification:
    """Return a notification of an intent; the same fact has the same id."""
    return PaymentNotification(f"{intent}:{kind}", booking, attempt, kind)


def _read_notification(
    type_: str, subject: _Object, attempt: tuple[UUID, int]
) -> PaymentNotification | None:
    kind = WEBHOOK_EVENTS[type_]
    if kind == "changed" and subject.payment_intent is not None:
        return notification(subject.payment_intent, *attempt, kind)
    if kind != "refunded":
        return notification(subject.id, *attempt, kind)
    if subject.status != "succeeded" or subject.payment_intent is None:
        return None
    return notification(subject.payment_intent, *attempt, kind)


def _alert(
    subject: _Object, id_: str, kind: AlertKind, amount: int, attempt: tuple[UUID, int] | None
) -> PaymentAlert | None:
    """Return an alert; a dispute has no metadata of ours, but the id of its intent."""
    booking, number = attempt or (None, 0)
    if booking is None and subject.payment_intent is None:
        return None
    currency = subject.currency.upper()
    return PaymentAlert(
        id=id_,
        kind=kind,
        payment=subject.payment_intent or "",
        amount=amount // (100 if currency in ZERO_DECIMAL_IN_HUNDREDTHS else 1),
        currency=currency,
        status=subject.status or "",
        booking=booking,
        attempt=number,
    )


def _attempt_in(metadata: Mapping[str, str]) -> tuple[UUID, int] | None:
    """Return the booking and the attempt, or None: another system wrote that object."""
    try:
        booking, attempt = UUID(metadata["booking"]), int(metadata["attempt"])
    except (KeyError, ValueError):
        return None
    return (booking, attempt) if 1 <= attempt <= ATTEMPT_MAX else None
