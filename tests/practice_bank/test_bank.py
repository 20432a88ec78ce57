"""The practice bank over HTTP: charges, refunds and the webhooks about them."""

import asyncio
import hashlib
import hmac
import time
import uuid
from datetime import timedelta

import msgspec
import pytest

from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import (
    METHODS,
    BadSignature,
    PaymentNotification,
    PaymentProvider,
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.signatures import sign
from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.ledger import Ledger
from tests.support.clients import until
from tests.support.fake_http import UnusedHttp
from tests.support.practice_bank import (
    NEW,
    OLD,
    SOON_S,
    ServedBank,
    WebhookReceiver,
    new_charge,
    payment,
    serve_bank,
)


async def test_the_practice_bank_is_a_provider_of_payments(practice_bank: ServedBank) -> None:
    provider: PaymentProvider = practice_bank.payments

    assert provider.name == "bank"
    assert provider.methods == {"ok", "declined", "slow", "late", "lost"}
    assert (await practice_bank.http.get("/healthz")).status_code == 200


async def test_a_charge_is_answered_once(practice_bank: ServedBank) -> None:
    asked = [payment(method) for method in ("ok", "slow", "declined")]

    await practice_bank.charge(*asked)

    for one, word in zip(asked, ("charged", "charged", "declined"), strict=True):
        await practice_bank.delivers(one, word)
        assert set(await practice_bank.payments.list_notifications(one)) <= set(
            practice_bank.receiver.received
        )
    assert await practice_bank.totals(*asked) == [(6500, 0), (6500, 0), (0, 0)]


async def test_a_late_charge_is_cancelled_and_captures_all_the_same(
    practice_bank: ServedBank,
) -> None:
    asked = payment("late", lasts_s=0.1)
    await practice_bank.charge(asked)
    await until(lambda: time.time() * 1000 > asked.pay_until_ms)
    assert await practice_bank.state(asked) == "pending"

    await practice_bank.payments.cancel(asked)

    await until(lambda: set(practice_bank.receiver.events_of(asked)) == {"cancelled", "charged"})
    assert [told.kind for told in await practice_bank.payments.list_notifications(asked)] == [
        "cancelled",
        "charged",
    ]
    assert await practice_bank.totals(asked) == [(6500, 0)]
    waited = "SELECT max(created_at) - min(created_at) FROM bank.webhooks"
    assert await practice_bank.pool.fetchval(waited) >= timedelta(seconds=SOON_S)


async def test_a_lost_webhook_never_arrives_but_the_bank_can_be_asked(
    practice_bank: ServedBank,
) -> None:
    lost, other = payment("lost"), payment()

    await practice_bank.charge(lost)
    await practice_bank.payments.cancel(lost)
    await practice_bank.charge(other)

    await practice_bank.delivers(other, "charged")
    assert practice_bank.receiver.events_of(lost) == []
    assert [told.kind for told in await practice_bank.payments.list_notifications(lost)] == [
        "charged"
    ]
    assert await practice_bank.totals(lost) == [(6500, 0)]


async def test_twenty_repeats_at_once_are_one_charge_and_one_refund(
    practice_bank: ServedBank,
) -> None:
    asked = payment()

    await practice_bank.charge(*[asked] * 20)
    await asyncio.gather(*(practice_bank.payments.refund(asked) for _ in range(20)))

    await practice_bank.delivers(asked, "charged", "refunded")
    ledger = (
        await practice_bank.http.get("/ledger", params={"booking": str(asked.booking)})
    ).json()
    moves = [(row["kind"], row["amount"]) for row in ledger["movements"]]
    assert moves == [("capture", 6500), ("refund", 6500)]


async def test_a_repeat_with_other_facts_changes_nothing(practice_bank: ServedBank) -> None:
    asked = payment()
    await practice_bank.charge(asked)

    for other in (asked._replace(amount=1), asked._replace(method="gold")):
        with pytest.raises(ProviderUnavailableError, match="charge_differs"):
            await practice_bank.charge(other)

    assert await practice_bank.totals(asked) == [(6500, 0)]


async def test_a_charge_that_was_cancelled_before_never_captures(practice_bank: ServedBank) -> None:
    asked = [payment(method) for method in METHODS]

    for one in asked:
        await practice_bank.payments.cancel(one)
        await practice_bank.delivers(one, "cancelled")
        await practice_bank.charge(one)
        await practice_bank.delivers(one, "cancelled", "cancelled")

    assert len(set(practice_bank.receiver.received)) == len(asked)
    assert await practice_bank.totals(*asked) == [(0, 0)] * len(asked)
    assert await practice_bank.pool.fetchval("SELECT count(due_at) FROM bank.charges") == 0


async def test_a_cancel_that_comes_too_late_is_told_of_the_capture_again(
    practice_bank: ServedBank,
) -> None:
    asked = payment()
    await practice_bank.charge(asked)
    await practice_bank.delivers(asked, "charged")

    await practice_bank.payments.cancel(asked)

    await practice_bank.delivers(asked, "charged", "charged")
    assert len({told.id for told in practice_bank.receiver.received}) == 1
    assert await practice_bank.totals(asked) == [(6500, 0)]


async def test_nothing_captures_after_its_deadline(practice_bank: ServedBank) -> None:
    past = [payment(method, lasts_s=-1) for method in ("ok", "slow", "lost")]
    asked = [*past, payment("slow", lasts_s=0.1)]

    await practice_bank.charge(*asked)

    for one in asked:
        await practice_bank.delivers(one, "cancelled")
    assert await practice_bank.totals(*asked) == [(0, 0)] * 4


async def test_a_cancel_and_a_capture_at_one_moment_agree(practice_bank: ServedBank) -> None:
    """Each charge has one webhook, of whichever came first, and the ledger agrees with it."""
    many = [payment("slow") for _ in range(40)]
    await practice_bank.charge(*many)

    await until(lambda: practice_bank.receiver.received)
    await asyncio.gather(*(practice_bank.payments.cancel(one) for one in many))

    await until(lambda: all(practice_bank.receiver.events_of(one) for one in many))
    captured = [money == (6500, 0) for money in await practice_bank.totals(*many)]
    for one, paid in zip(many, captured, strict=True):
        assert set(practice_bank.receiver.events_of(one)) == {"charged" if paid else "cancelled"}


async def test_only_what_was_captured_is_refunded(practice_bank: ServedBank) -> None:
    pending = payment("late")
    await practice_bank.charge(pending)

    for refused, code in ((pending, "not_captured"), (payment(), "unknown_charge")):
        with pytest.raises(PaymentRefusedError) as caught:
            await practice_bank.payments.refund(refused)
        assert caught.value.code == code

    assert await practice_bank.totals(pending) == [(0, 0)]


async def test_what_can_never_be_charged_is_refused(practice_bank: ServedBank) -> None:
    for changes in ({"method": "gold"}, {"amount": 0}, {"currency": "EUR\n"}, {"attempt": 0}):
        wrong = payment()._replace(**changes)
        with pytest.raises(PaymentRefusedError):
            await practice_bank.charge(wrong)
        assert await practice_bank.payments.list_notifications(wrong._replace(attempt=1)) == []


async def test_a_bank_that_is_not_there_is_away(practice_bank: ServedBank) -> None:
    nobody = PracticeBank(practice_bank.http_client, "http://127.0.0.1:1", (NEW,))
    stranger = PracticeBank(
        practice_bank.http_client, f"{practice_bank.payments.base_url}/elsewhere", (NEW,)
    )

    for away in (nobody, stranger):
        for asking in (away.charge, away.cancel, away.refund, away.list_notifications):
            with pytest.raises(ProviderUnavailableError):
                await asking(payment())


async def test_secrets_are_rotated_without_a_lost_word(
    pool: Pool, webhook_receiver: WebhookReceiver
) -> None:
    """The reader accepts both secrets, the bank signs with the new one, then the old one ends."""
    before, after, at_last = payment(), payment(), payment()

    async with serve_bank(pool, webhook_receiver, OLD) as practice_bank:
        await practice_bank.charge(before)
        await practice_bank.delivers(before, "charged")
    async with serve_bank(pool, webhook_receiver, NEW, OLD) as practice_bank:
        await practice_bank.charge(after)
        await practice_bank.delivers(after, "charged")
        webhook_receiver.secrets = (NEW,)
        await practice_bank.charge(at_last)
        await practice_bank.delivers(at_last, "charged")


BODY = b'{"id":"1","booking":"3b9b7a1e-0000-4000-8000-000000000000","attempt":1,"word":"charged"}'
NOW = 1_800_000_000


def signed(secret: str = NEW, body: bytes = BODY, *, at_s: int = NOW) -> dict[str, str]:
    return {"Bank-Signature": sign(secret, body, at_s=at_s)}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        ({"Bank-Signature": f"t={NOW}"}, BODY),
        ({"Bank-Signature": f"t={NOW},v1=ü"}, BODY),
        ({"Bank-Signature": f"t={NOW},{signed()['Bank-Signature']}"}, BODY),
        ({"Bank-Signature": signed()["Bank-Signature"].replace(str(NOW), str(NOW + 1))}, BODY),
        (signed("a stranger's secret"), BODY),
        (signed(), BODY + b" "),
        (signed(), BODY.replace(b"charged", b"declined")),
        (signed(at_s=NOW - 301), BODY),
        (signed(at_s=NOW + 301), BODY),
    ],
)
async def test_a_strangers_webhook_is_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        PracticeBank(UnusedHttp(), "", (NEW, OLD)).read_webhook(headers, body, now=NOW)


async def test_a_webhook_of_the_banks_is_read_with_any_secret_of_ours() -> None:
    by_hand = hmac.new(OLD.encode(), f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()
    reader = PracticeBank(UnusedHttp(), "", (NEW, OLD))
    told = reader.read_webhook({"BANK-SIGNATURE": f"t={NOW},v1={by_hand}"}, BODY, now=NOW + 300)
    assert told == reader.read_webhook(signed(at_s=NOW + 300), BODY, now=NOW)
    assert told == PaymentNotification(
        "1", uuid.UUID("3b9b7a1e-0000-4000-8000-000000000000"), 1, "charged"
    )

    for body in (b"{}", b"\xff", BODY.replace(b"charged", b"eaten")):
        with pytest.raises(ValueError, match=r"."):
            reader.read_webhook(signed(body=body), body, now=NOW)


async def test_a_bad_charge_among_many_is_refused_alone(practice_bank: ServedBank) -> None:
    """Concurrent charges become one statement; one of these repeats a key with other facts."""
    good = [payment() for _ in range(20)]
    bad = payment("gold")
    differs = good[0]._replace(amount=1)

    told = await asyncio.gather(
        *(practice_bank.payments.charge(one) for one in [*good, bad, differs]),
        return_exceptions=True,
    )

    assert told[:20] == [""] * 20
    assert [type(one) for one in told[20:]] == [PaymentRefusedError, ProviderUnavailableError]
    assert await practice_bank.totals(*good, bad) == [(6500, 0)] * 20 + [(0, 0)]


async def test_charges_that_come_together_are_one_statement(pool: Pool) -> None:
    """Of several charges with one key in a batch, the first counts."""
    ledger, asked = Ledger(pool), [new_charge(payment()) for _ in range(3)]
    differs = msgspec.structs.replace(asked[0], amount=1)
    stranger = msgspec.structs.replace(asked[1], key="pay:stranger:1")
    unknown = new_charge(payment("gold"))

    told = await ledger.charge_all([*asked, asked[2], differs, stranger, unknown], delay_s=0.0)

    kinds = [type(one).__name__ for one in told]
    assert kinds == [*["dict"] * 4, "ChargeDiffers", "Invalid", "UnknownMethod"]
    assert told[2] == told[3]
    assert await pool.fetchval("SELECT count(*) FROM bank.ledger") == 3
