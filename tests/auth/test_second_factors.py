"""Second factors of operators: turned on by a code, asked for at logins, turned off by a proof."""

import asyncio

import httpx
import pytest

from booking_rush.queue.keys.sealing import NotOpened, derive, unseal
from booking_rush.server.app import V1
from booking_rush.server.auth.login_limits import CODE_TRIES_MAX, TRIES_MAX
from booking_rush.server.auth.operators import Operators
from booking_rush.server.auth.second_factors import PURPOSE
from tests.support.clients import OWN_FACTOR as OWN
from tests.support.clients import PASSWORD, Phone, code_of, second_factor_of
from tests.support.world import World

LOGIN = f"{V1}/admin/login"
RIGHT = {"username": "admin", "password": PASSWORD}


async def log_in(world: World, **more: str) -> httpx.Response:
    """Try to log the operator `admin` in, on a browser that nobody knows."""
    return await (await world.clients.http()).post(LOGIN, json={**RIGHT, **more})


async def told(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Return who did what, as the journal has it, the oldest first."""
    entries = (await client.get(f"{V1}/admin/audit")).json()["entries"]
    return [(one["who"], one["what"]) for one in reversed(entries)]


async def test_a_session_alone_locks_nobody_out(world: World) -> None:
    """A stolen one comes without the password."""
    stolen = await world.operator()
    phone = Phone((await stolen.post(OWN)).json()["secret"])

    for password in ("", "a guess"):
        refused = await stolen.post(
            f"{OWN}/in-force", json={"code": phone.code(), "password": password}
        )
        assert code_of(refused) == "invalid_request"
        assert refused.json()["errors"][0]["field"] == "password"

    assert (await stolen.get(OWN)).json()["in_force_since"] is None


async def test_a_login_wants_a_code_once_one_was_entered(world: World) -> None:
    admin = await world.operator()
    begun = (await admin.post(OWN)).json()
    assert begun["uri"].startswith("otpauth://totp/Booking%20Rush:admin@")
    assert begun["qr"].startswith("data:image/svg+xml;base64,")
    assert (await log_in(world)).status_code == 200, "it is not in force yet"
    wrong = await admin.post(f"{OWN}/in-force", json={"code": "000000", "password": PASSWORD})
    assert (wrong.status_code, code_of(wrong)) == (400, "invalid_request")

    phone = Phone(begun["secret"])
    put = await admin.post(f"{OWN}/in-force", json={"code": phone.code(), "password": PASSWORD})

    assert len(set(put.json()["recovery_codes"])) == 10
    assert put.headers["cache-control"] == "no-store"
    assert (await admin.get(OWN)).json()["recovery_codes"] == 10
    without = await log_in(world)
    assert (without.status_code, code_of(without)) == (401, "code_required")
    assert "set-cookie" not in without.headers
    wrong = await log_in(world, code="000000")
    assert (wrong.status_code, code_of(wrong)) == (401, "not_authenticated")
    guess = await log_in(world, password="guess", code=phone.code())
    assert (guess.status_code, code_of(guess)) == (401, "not_authenticated")
    assert (await log_in(world, code=phone.code())).status_code == 200


async def test_a_code_is_taken_once(world: World) -> None:
    phone, recovery = await second_factor_of(await world.operator())
    code = phone.code()

    answers = await asyncio.gather(*(log_in(world, code=code) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    spoken = recovery[0].lower().replace("-", " ")
    assert (await log_in(world, code=spoken)).status_code == 200
    assert (await log_in(world, code=recovery[0])).status_code == 401
    assert (await log_in(world, code=recovery[1])).status_code == 200


async def test_a_recovery_code_is_in_the_journal_with_what_is_left(world: World) -> None:
    admin = await world.operator()
    _, recovery = await second_factor_of(admin)
    await log_in(world, code=recovery[0])

    entries = (await admin.get(f"{V1}/admin/audit")).json()["entries"]
    [used] = [one for one in entries if one["what"] == "recovery_code_used"]
    assert used["detail"] == {"operator": "admin", "left": 9}
    assert (await admin.get(OWN)).json()["recovery_codes"] == 9
    assert recovery[0] not in str(entries)


async def test_guessed_codes_are_counted_as_guessed_passwords_are(behind_proxy: World) -> None:
    phone, _ = await second_factor_of(await behind_proxy.operator())
    client = await behind_proxy.clients.http()

    async def guess(number: int, code: str = "000000") -> int:
        address = {"X-Forwarded-For": f"192.0.2.{number}"}
        return (await client.post(LOGIN, json={**RIGHT, "code": code}, headers=address)).status_code

    answers = [await guess(number) for number in range(CODE_TRIES_MAX + 1)]

    assert answers == [401] * CODE_TRIES_MAX + [429], "from whatever addresses they come"
    assert await guess(TRIES_MAX, phone.code()) == 429
    assert await guess(TRIES_MAX, "") == 401, "a password alone still says that a code is wanted"


async def test_a_known_browser_has_codes_of_its_own(behind_proxy: World) -> None:
    known = await behind_proxy.operator()
    phone, _ = await second_factor_of(known)
    for _ in range(CODE_TRIES_MAX + 1):
        await log_in(behind_proxy, code="000000")

    assert (await log_in(behind_proxy, code=phone.code())).status_code == 429
    assert (await known.post(LOGIN, json={**RIGHT, "code": phone.code()})).status_code == 200


async def test_turning_off_wants_the_password(world: World) -> None:
    admin = await world.operator()
    phone, _ = await second_factor_of(admin)
    again = await admin.post(OWN)
    assert (again.status_code, code_of(again)) == (409, "second_factor_refused")
    for wrong in ({}, {"password": "guess"}, {"code": phone.code()}):
        refused = await admin.post(f"{OWN}/off", json=wrong)
        assert (refused.status_code, code_of(refused)) == (400, "invalid_request"), wrong
    assert (await log_in(world)).status_code == 401

    assert (await admin.post(f"{OWN}/off", json={"password": PASSWORD})).status_code == 204

    assert (await log_in(world)).status_code == 200
    assert (await admin.get(OWN)).json() == {"in_force_since": None, "recovery_codes": 0}
    twice = await admin.post(f"{OWN}/off", json={"password": PASSWORD})
    assert (twice.status_code, code_of(twice)) == (409, "second_factor_refused")
    acts = [what for _, what in await told(admin) if what.startswith("second_factor")]
    assert acts == ["second_factor_on", "second_factor_off"]


async def test_an_admin_ends_anothers_and_not_their_own(world: World) -> None:
    admin = await world.operator()
    await world.services.operators.ensure("vera", "viewer", PASSWORD)
    session = await log_in(world, username="vera")
    vera = await world.clients.http()
    vera.cookies.update(session.cookies)
    vera.headers["X-CSRF-Token"] = session.json()["csrf"]
    await second_factor_of(vera)
    await second_factor_of(admin)

    listed = (await admin.get(f"{V1}/admin/operators")).json()["operators"]
    assert {one["name"]: one["second_factor"] for one in listed} == {"admin": True, "vera": True}
    ended = await admin.delete(f"{V1}/admin/operators/vera/second-factor")
    twice = await admin.delete(f"{V1}/admin/operators/vera/second-factor")
    nobody = await admin.delete(f"{V1}/admin/operators/nobody/second-factor")
    own = await admin.delete(f"{V1}/admin/operators/admin/second-factor")

    assert ended.status_code == 204
    assert (await log_in(world, username="vera")).status_code == 200
    assert [code_of(one) for one in (twice, nobody, own)] == [
        "second_factor_refused", "unknown_operator", "account_refused",
    ]  # fmt: skip
    assert ("admin", "second_factor_off") in await told(admin)


async def test_a_change_of_ones_password_wants_no_code_and_keeps_the_factor(world: World) -> None:
    admin = await world.operator()
    phone, _ = await second_factor_of(admin)
    body = {"current": PASSWORD, "password": "another horse"}

    changed = await admin.post(f"{V1}/admin/me/password", json=body)

    assert changed.status_code == 200
    assert (await admin.get(f"{V1}/admin/me")).json()["username"] == "admin"
    assert code_of(await log_in(world, password="another horse")) == "code_required"
    code = phone.code()
    assert (await log_in(world, password="another horse", code=code)).status_code == 200


async def test_a_key_asks_no_code_and_a_program_has_no_factor(world: World) -> None:
    await second_factor_of(await world.operator())
    key = await world.services.operators.new_key("robot", "viewer")
    robot = await world.clients.http(Authorization=f"Bearer {key}")

    assert (await robot.get(f"{V1}/admin/me")).status_code == 200
    assert code_of(await robot.post(OWN)) == "second_factor_refused"


async def test_the_secret_is_sealed_and_recovery_codes_are_digests(world: World) -> None:
    admin = await world.operator()
    secret = (await admin.post(OWN)).json()["secret"]
    recovery = (
        await admin.post(
            f"{OWN}/in-force", json={"code": Phone(secret).code(), "password": PASSWORD}
        )
    ).json()["recovery_codes"]
    pool, key = world.services.pool, world.services.settings.secret_key
    sealed = await pool.fetchval("SELECT sealed FROM second_factors")
    digests = [row["digest"] for row in await pool.fetch("SELECT digest FROM recovery_codes")]

    assert len(unseal(derive(key, PURPOSE), "admin", sealed)) == 20
    for name, other in (("vera", key), ("admin", f"{key} another")):
        with pytest.raises(NotOpened):
            unseal(derive(other, PURPOSE), name, sealed)
    assert {len(digest) for digest in digests} == {64}
    assert not set(recovery) & set(digests)


async def test_a_secret_of_another_key_lets_nobody_in_by_a_code(world: World) -> None:
    phone, recovery = await second_factor_of(await world.operator())
    await world.services.pool.execute("UPDATE second_factors SET sealed = sealed || '\\x00'")

    assert (await log_in(world, code=phone.code())).status_code == 401
    assert (await log_in(world, code=recovery[0])).status_code == 200


async def test_operators_end_with_their_factor(world: World) -> None:
    await second_factor_of(await world.operator())
    await world.services.operators.ensure("ada", "admin", PASSWORD)
    operators = Operators(world.services.pool)
    assert (await operators.second_factors.of("admin")).in_force_at

    await world.services.pool.execute("DELETE FROM operators WHERE name = 'admin'")

    assert not await world.services.pool.fetchval("SELECT count(*) FROM recovery_codes")
