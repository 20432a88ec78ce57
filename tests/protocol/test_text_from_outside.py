"""Text from outside: every way in, with every kind of character that some store refuses."""

import json
import time
from typing import Any, get_args
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.errors import Invalid
from booking_rush.queue.rules import check_rate, rules_of
from booking_rush.server.api.holds import CheckoutBody, HoldBody
from booking_rush.server.app import V1
from booking_rush.server.protocol import frames, unique_members
from booking_rush.server.protocol.unique_members import repeated_member
from booking_rush.server.web.requests import PAGE_MAX, decode_json, limit_of
from tests.support.clients import Visitor, code_of
from tests.support.world import World, new_event

EMOJI = "\U0001f39f"
BAD = ("\0", "a\0b", "\x1f", "a\nb", "\x7f", "\x9f", "\u2028", "\u2029", "x" * 10_000)
SURROGATE = r"\ud800"  # as JSON writes it; Python could not encode it
COMMANDS: dict[str, dict[str, Any]] = {
    "queue.join": {},
    "queue.claim": {},
    "queue.leave": {},
    "queue.prefer": {"quantity": 2, "sections": ["floor"]},
    "ping": {},
    "seats.watch": {"section": "floor"},
    "seats.unwatch": {},
    "hold.create": {"key": "k", "seats": ["stalls.A-1"]},
    "hold.extend": {"hold": "h"},
    "hold.release": {"hold": "h"},
    "hold.checkout": {"hold": "h", "payment_method": "ok", "email": "a@b.c", "language": "en"},
}
BY_SECTION = {"key": "k", "section": "floor", "quantity": 1}
BODIES: list[tuple[type, dict[str, Any]]] = [
    (HoldBody, {"seats": ["stalls.A-1"]}),
    (HoldBody, {"section": "floor", "quantity": 1}),
    (CheckoutBody, {"payment_method": "ok", "email": "a@b.c", "language": "en"}),
]


def spoiled(members: dict[str, Any], bad: str) -> list[dict[str, Any]]:
    """Return the members once for each string in them, which is replaced by a bad one."""
    found: list[dict[str, Any]] = []
    for name, value in members.items():
        if isinstance(value, str):
            found.append(members | {name: bad})
        elif isinstance(value, list):
            found.append(members | {name: [bad]})
    return found


def all_frames(bad: str) -> list[dict[str, Any]]:
    asked = list(COMMANDS.items())
    asked.append(("hold.create", BY_SECTION))
    return [
        {"type": kind, **frame}
        for kind, members in asked
        for frame in spoiled({"id": "1", **members}, bad)
    ]


def test_the_table_has_every_command() -> None:
    kinds = {command.__struct_config__.tag for command in get_args(frames.AnyCommand)}
    assert kinds == set(COMMANDS)


@pytest.mark.parametrize("bad", BAD, ids=ascii)
def test_no_frame_carries_it(bad: str) -> None:
    for frame in all_frames(bad):
        with pytest.raises(frames.InvalidFrameError):
            frames.read(json.dumps(frame))


def test_a_lone_surrogate_is_no_json() -> None:
    for frame in all_frames("SURROGATE"):
        with pytest.raises(frames.MalformedFrameError):
            frames.read(json.dumps(frame).replace("SURROGATE", SURROGATE))


@pytest.mark.parametrize("bad", BAD, ids=ascii)
def test_no_body_carries_it(bad: str) -> None:
    for type_, members in BODIES:
        for body in spoiled(members, bad):
            with pytest.raises(Invalid):
                decode_json(json.dumps(body).encode(), type_)


def test_an_id_has_64_characters_of_any_script_and_a_key_of_ascii() -> None:
    frames.read(json.dumps({"type": "ping", "id": EMOJI * 64}))
    frames.read(json.dumps({"type": "hold.create", "id": "1", **BY_SECTION, "key": "~" * 64}))
    for wrong in ({"id": "x" * 65}, {"key": "x" * 65}, {"key": "a\x7fb"}, {"key": "a\0"}):
        with pytest.raises(frames.InvalidFrameError):
            frames.read(json.dumps({"type": "hold.create", "id": "1", **BY_SECTION, **wrong}))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{}", None),
        ('{"a":1,"b":{"a":1}}', None),
        ('[{"a":1},{"a":1}]', None),
        ('{"a":1,"a":1}', "a"),
        ('{"a":1,"\\u0061":2}', "a"),
        ('{"x":[{"b":' + "9" * 9000 + ',"b":1e999}]}', "b"),
    ],
)
def test_a_member_is_given_once(text: str, name: str | None) -> None:
    assert repeated_member(text) == name


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ('{"type":"ping","id":"1"}', None),
        ('{"type":"ping","id":"a:b"}', None),
        ('{"type":"ping","id":"1","id":"2"}', "id"),
        ('{"type":"ping","type":"ping","id":"1"}', "type"),
        ('{"type":"queue.join","id":"1"}', None),
        ('{"type":"queue.join","id":"1","code":"a:b","proof":"c"}', None),
        ('{"type":"queue.join","id":"1","code":"a","code":"b"}', "code"),
        ('{"type":"queue.join","id":"1","id":"2"}', "id"),
        ('{"type":"seats.watch","id":"1"}', None),
        ('{"type":"seats.watch","id":"1","section":"a","section":"b"}', "section"),
        ('{"type":"hold.create","id":"1","key":"k","section":"a","quantity":1}', None),
        ('{"type":"hold.create","id":"1","key":"k","section":"a","section":"b"}', "section"),
        ('{"type":"hold.release","id":"1","hold":"h","hold":"i"}', "hold"),
    ],
)
def test_a_command_names_a_member_once(text: str, twice: str | None) -> None:
    if twice is None:
        frames.read(text)
        return
    with pytest.raises(frames.InvalidFrameError) as refused:
        frames.read(text)
    assert refused.value.problem.extra["errors"][0]["field"] == twice


def test_a_join_is_not_read_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for repeated members takes as long as the rest of the way from frame to batch."""
    monkeypatch.setattr(unique_members, "_decoder", None)

    for more in ("", ',"code":"a"', ',"proof":"a","identity":"b"'):
        frames.read(f'{{"type":"queue.join","id":"1"{more}}}')


def test_a_body_with_a_member_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="quantity"):
        decode_json(b'{"section":"floor","quantity":1,"quantity":9}', HoldBody)


@given(st.text(alphabet="0123456789", max_size=5000) | st.text(max_size=6))
def test_a_limit_is_a_number_from_1_to_1000(text: str) -> None:
    is_good = text.isascii() and text.isdigit() and len(text) <= 4
    if is_good and text[0] != "0" and int(text) <= PAGE_MAX:
        assert limit_of(text) == int(text)
    else:
        with pytest.raises(Invalid):
            limit_of(text)


def test_a_chart_over_capacity_is_refused_before_its_seats_are_looked_at() -> None:
    rows: list[Any] = [{"name": name_of(at), "seats": 1000} for at in range(1000)]
    section: dict[str, Any] = {"show": "evening", "name": "S", "kind": "seated", "rows": rows}
    section["price"] = {"amount": 1, "currency": "EUR"}
    sections = [{**section, "id": f"s{at}", "closed": [f"s{at}.A-1"]} for at in range(200)]
    event = new_event(sections=sections)

    began = time.process_time()
    with pytest.raises(Invalid, match="places in one event"):
        event.check()

    assert time.process_time() - began < 1.0


def name_of(at: int) -> str:
    return "".join(chr(65 + at // 26**power % 26) for power in (2, 1, 0))


@pytest.mark.parametrize(("rate", "fits"), [(0, 1), (0.01, 1), (1e-320, 0), (0.009, 0), (0.0, 1)])
def test_a_rate_is_nothing_or_at_least_one_in_100_seconds(rate: float, fits: int) -> None:
    rules = rules_of({"rate_per_second": rate})
    if fits:
        check_rate(rules)
    else:
        with pytest.raises(msgspec.ValidationError):
            check_rate(rules)


async def test_nobody_stops_an_event_by_a_text(world: World) -> None:
    """Send bad text in every frame, body, header and path; then another visitor joins."""
    await world.event()
    visitor = await world.visitor()
    token = await visitor.admitted()
    async with visitor.socket() as socket:
        for bad in ("\0", "\x7f", "\u2028", "x" * 65):
            for frame in spoiled({"key": "k", "section": "floor"}, bad):
                answer = await socket.ask("hold.create", **frame, quantity=1)
                assert answer["problem"]["code"] == "invalid_request"
    for path, code in BAD_PATHS.items():
        missing = await visitor.http.get(f"{V1}/{path}")
        assert (missing.status_code, code_of(missing)) == (404, code), path
    await assert_bad_bodies(visitor, token)
    await assert_bad_admin(world)

    other = await world.visitor()
    assert (await other.join())["number"] >= 1


BAD_PATHS = {
    "events/%00": "unknown_event",
    "events/%F0%9F%8E%9F/chart": "unknown_event",
    "events/demo/holds/%00": "unknown_hold",
    "events/demo/holds/" + "x" * 65: "unknown_hold",
    "bookings/%00": "unknown_booking",
    "bookings/%E2%80%A8/tickets/%00/qr.svg": "unknown_booking",
}


async def assert_bad_bodies(visitor: Visitor, token: str) -> None:
    wishes: tuple[dict[str, Any], ...] = ({"seats": ["\0"]}, {"section": "\0", "quantity": 1})
    for wish in wishes:
        answer = await visitor.hold("k", token, **wish)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    for key in ("x" * 65, "a\x85b"):
        headers = {"Idempotency-Key": key.encode("latin-1"), "Booking-Pass": token.encode()}
        answer = await visitor.http.post(
            f"{V1}/events/demo/holds",
            json={"section": "floor", "quantity": 1},
            headers=headers,  # type: ignore[arg-type]
        )
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request"), key
    answer = await visitor.http.post(f"{V1}/payments/%00/webhook", content=b"{}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ("k", b"k"),
        ("\u0442\u0440\u0438", "\u0442\u0440\u0438".encode()),
        (EMOJI * 64, (EMOJI * 64).encode()),
        ("caf\u00e9", b"caf\xe9"),  # Latin-1, which is what browsers can send
    ],
    ids=["ascii", "utf-8", "longest", "latin-1"],
)
async def test_a_key_of_any_script_is_the_same_over_http_and_a_socket(
    world: World, key: str, header: bytes
) -> None:
    await world.event()
    visitor = await world.visitor()
    headers = {"Idempotency-Key": header, "Booking-Pass": (await visitor.admitted()).encode()}
    wish = {"section": "floor", "quantity": 1}
    async with visitor.socket() as socket:
        created = await socket.ask("hold.create", key=key, **wish)
        answer = await visitor.http.post(
            f"{V1}/events/demo/holds",
            json=wish,
            headers=headers,  # type: ignore[arg-type]
        )
    assert (answer.status_code, answer.json().get("hold")) == (201, created["hold"])


async def assert_bad_admin(world: World) -> None:
    operator = await world.operator()
    for visitor in ("%00", "v_%00", "v_" + "0" * 65, "%F0%9F%8E%9F"):
        path = f"{V1}/admin/events/demo/visitors/{visitor}"
        for answer in (
            await operator.post(f"{path}/admit", json={"reason": "r"}),
            await operator.delete(path),
        ):
            assert (answer.status_code, code_of(answer)) == (404, "not_in_line")
    for body in ({"reason": "\0"}, {"reason": "\x7f"}, {"reason": "\u2028"}):
        answer = await operator.post(f"{V1}/admin/events/demo/pause", json=body)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    answer = await operator.post(f"{V1}/admin/events/%00/open")
    assert (answer.status_code, code_of(answer)) == (404, "unknown_event")
    for limit in ("0000000010000000", "9" * 5000, "0", "1001", "\u0661"):
        for path in ("events", "bookings", "admin/events", "admin/audit"):
            client = (await world.visitor()).http if path == "bookings" else operator
            answer = await client.get(f"{V1}/{path}", params={"limit": limit})
            assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


async def test_operators_read_codes_in_a_call_of_their_own(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    booking = await visitor.buys(section="floor", quantity=2)
    operator = await world.operator()

    [listed] = (await operator.get(f"{V1}/admin/events/demo/bookings")).json()["bookings"]
    assert [set(ticket) for ticket in listed["tickets"]] == [{"id", "seat", "show"}] * 2
    text = await operator.get(f"{V1}/admin/events/demo/bookings", headers={"Accept": "text/csv"})
    assert "code" not in text.text

    read = (await operator.get(f"{V1}/admin/bookings/{booking}/tickets")).json()["tickets"]
    assert read == (await visitor.booking(booking))["tickets"]
    entries = (await operator.get(f"{V1}/admin/audit")).json()["entries"]
    assert entries[0]["what"] == "tickets"
    assert entries[0]["detail"] == {"booking": booking}
    unknown = await operator.get(f"{V1}/admin/bookings/{uuid4()}/tickets")
    assert (unknown.status_code, code_of(unknown)) == (404, "unknown_booking")


def test_a_new_event_takes_names_of_every_script() -> None:
    for name in ("ชั้นล่าง", "Партер", "1階席", EMOJI):
        assert new_event(name=name).name == name
    body = msgspec.to_builtins(new_event())
    for bad in BAD:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(body | {"name": bad}, NewEvent, strict=False)
