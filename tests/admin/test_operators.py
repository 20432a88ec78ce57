"""Accounts of operators over HTTP: admins make, change and end them; each has an own password."""

import httpx
import pytest

from booking_rush.server.app import V1
from booking_rush.server.auth.operators import Operators
from booking_rush.server.runtime.setting_checks import why_weak_password
from tests.support.clients import PASSWORD, code_of
from tests.support.world import World

OPERATORS = f"{V1}/admin/operators"
NEXT = "another horse"


async def logged_in(
    world: World, name: str = "admin", password: str = PASSWORD
) -> httpx.AsyncClient:
    """Log an operator in by password, on a browser of their own."""
    client = await world.clients.http()
    answer = await client.post(f"{V1}/admin/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


async def test_an_admin_makes_changes_and_ends_an_operator(world: World) -> None:
    admin = await logged_in(world)
    body = {"name": "vera", "role": "viewer", "password": PASSWORD}
    made = await admin.post(OPERATORS, json=body)
    twice = await admin.post(OPERATORS, json=body)
    vera = await logged_in(world, "vera")
    changed = await admin.patch(f"{OPERATORS}/vera", json={"role": "operator"})

    assert (made.status_code, made.json()["operator"]["role"]) == (201, "viewer")
    assert (twice.status_code, code_of(twice)) == (409, "account_refused")
    assert changed.json()["operator"] | {"created_at": ""} == {
        "name": "vera", "role": "operator", "has_password": True, "has_key": False,
        "second_factor": False, "sessions": 1, "created_at": "",
    }  # fmt: skip
    assert (await vera.get(f"{V1}/admin/me")).json()["role"] == "operator"

    assert (await admin.patch(f"{OPERATORS}/vera", json={"password": NEXT})).status_code == 200
    assert (await vera.get(f"{V1}/admin/me")).status_code == 401
    vera = await logged_in(world, "vera", NEXT)
    assert (await admin.delete(f"{OPERATORS}/vera")).status_code == 204
    assert (await vera.get(f"{V1}/admin/me")).status_code == 401
    gone = await admin.delete(f"{OPERATORS}/vera")
    assert (gone.status_code, code_of(gone)) == (404, "unknown_operator")
    entries = (await admin.get(f"{V1}/admin/audit")).json()["entries"]
    told = [(one["who"], one["what"]) for one in reversed(entries) if "operator" in one["detail"]]
    assert told[-4:] == [
        ("admin", "operator_added"), ("admin", "operator_role"), ("admin", "operator_password"),
        ("admin", "operator_removed"),
    ]  # fmt: skip
    assert NEXT not in str(entries)


async def test_a_key_is_told_once_and_ends(world: World) -> None:
    admin = await logged_in(world)
    given = await admin.post(f"{OPERATORS}/robot/key")
    assert given.headers["cache-control"] == "no-store"
    robot = await world.clients.http()
    robot.headers["Authorization"] = f"Bearer {given.json()['key']}"
    assert (await robot.get(f"{V1}/admin/me")).json()["role"] == "operator"
    assert given.json()["key"] not in (await admin.get(OPERATORS)).text

    ended = await admin.delete(f"{OPERATORS}/robot/key")
    person = await admin.post(f"{OPERATORS}/admin/key")

    assert ended.status_code == 204
    assert (await robot.get(f"{V1}/admin/me")).status_code == 401
    assert (person.status_code, code_of(person)) == (409, "account_refused")


async def test_a_key_makes_no_operator_of_a_name_that_others_are_refused(world: World) -> None:
    admin = await logged_in(world)
    for name in ("%3Cimg%3E", "%20olga", "olga%20", "_", "list"):
        given = await admin.post(f"{OPERATORS}/{name}/key")
        assert (given.status_code, code_of(given)) == (409, "account_refused")

    assert [one["name"] for one in (await admin.get(OPERATORS)).json()["operators"]] == ["admin"]


async def test_the_last_admin_stays_and_a_weak_password_is_refused(world: World) -> None:
    await world.operator()  # an admin by an API key
    admin = await logged_in(world)
    await world.services.pool.execute("DELETE FROM operators WHERE name <> 'admin'")

    for answer in (
        await admin.delete(f"{OPERATORS}/admin"),
        await admin.patch(f"{OPERATORS}/admin", json={"role": "viewer"}),
    ):
        assert (answer.status_code, code_of(answer)) == (409, "account_refused")
    body = {"name": "vera", "role": "viewer", "password": "short"}
    weak = await admin.post(OPERATORS, json=body)
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (400, "password")


async def test_only_admins_manage_operators(world: World) -> None:
    await Operators(world.services.pool).ensure("olga", "operator", PASSWORD)
    olga = await logged_in(world, "olga")
    body = {"name": "vera", "role": "viewer", "password": PASSWORD}

    for answer in (
        await olga.get(OPERATORS),
        await olga.post(OPERATORS, json=body),
        await olga.patch(f"{OPERATORS}/admin", json={"role": "viewer"}),
        await olga.delete(f"{OPERATORS}/admin"),
        await olga.post(f"{OPERATORS}/robot/key"),
        await olga.delete(f"{OPERATORS}/robot/key"),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "forbidden")


async def test_one_changes_the_own_password_and_stays_logged_in(world: World) -> None:
    await Operators(world.services.pool).ensure("vera", "viewer", PASSWORD)
    here, there = await logged_in(world, "vera"), await logged_in(world, "vera")
    path = f"{V1}/admin/me/password"

    wrong = await here.post(path, json={"current": "not it at all", "password": NEXT})
    changed = await here.post(path, json={"current": PASSWORD, "password": NEXT})

    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "current")
    assert changed.json()["username"] == "vera"
    assert (await here.get(f"{V1}/admin/me")).status_code == 200
    assert (await there.get(f"{V1}/admin/me")).status_code == 401
    await logged_in(world, "vera", NEXT)


@pytest.mark.parametrize(
    ("name", "password", "is_weak"),
    [
        ("vera", "password1234", True),
        ("vera", "!Passw0rd!", True),
        ("vera", "0123456789", True),
        ("vera", "1q2w3e4r", True),
        ("veronika", "1 VERONIKA 2", True),
        ("vera", "tuesday vera", False),
        ("vera", "aaaaaaaaaa", True),
        ("vera", "sevench", True),
        ("vera", "password of many words", False),
        ("vera", "4821993711", False),
        ("a", "correct battery", False),
    ],
)
def test_a_password_is_weak_that_is_tried_first(name: str, password: str, is_weak: bool) -> None:
    assert bool(why_weak_password(password, name)) is is_weak


async def test_a_refused_password_is_named_by_its_field(world: World) -> None:
    admin = await logged_in(world)
    await admin.post(OPERATORS, json={"name": "vera", "role": "viewer", "password": PASSWORD})
    weak = {"password": "password1234"}

    for answer in (
        await admin.post(OPERATORS, json={"name": "olga", "role": "viewer", **weak}),
        await admin.patch(f"{OPERATORS}/vera", json={"password": "qwerty123"}),
        await admin.post(f"{V1}/admin/me/password", json={"current": PASSWORD, **weak}),
    ):
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        assert [error["field"] for error in answer.json()["errors"]] == ["password"]
    assert [one["name"] for one in (await admin.get(OPERATORS)).json()["operators"]] == [
        "admin",
        "vera",
    ]
