"""The console's people in a real browser: visitors are found, and operators kept."""

from playwright.async_api import expect

from booking_rush.server.app import V1
from booking_rush.server.auth import totp
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.clients import PASSWORD, Phone, code_of, until
from tests.support.world import World, held

NEXT = "another horse"


async def test_a_visitor_is_found_by_number_and_reference_and_shows_the_timeline(
    world: World,
) -> None:
    await world.event()
    visitor, hold = await held(world, seats=["stalls.A-1"])
    number = (await visitor.place()).json()["place"]["number"]
    await visitor.check_out(hold)
    reference = (await visitor.booked(hold, "confirmed"))["reference"]
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        for text in (str(number), reference):
            await go(admin, "visitors")
            await part(admin, "visitors-query").fill(text)
            await admin.keyboard.press("Enter")
            await expect(part(admin, "visitor-id")).to_have_value(visitor.id)
            await expect(part(admin, "visitor-now")).to_contain_text("1 place")
            await expect(part(admin, "visitor-history")).to_contain_text("Joined the lane main")
            await go(admin, "night")
        await go(admin, "visitors")
        await part(admin, "visitors-query").fill("nobody@example.org")
        await part(admin, "visitors-find").click()
        await expect(part(admin, "visitors-none")).to_have_text("Nobody is found.")


async def test_an_operator_is_let_in_changed_and_removed(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "people")
        await part(admin, "account-name").fill("vera")
        await part(admin, "account-role").select_option("viewer")
        await part(admin, "account-password").fill("short")
        await part(admin, "account-add").click()
        await expect(part(admin, "account-password")).to_have_attribute("aria-invalid", "true")
        await part(admin, "account-password").fill(PASSWORD)
        await part(admin, "account-add").click()
        vera = admin.locator('[data-account="vera"]')
        await vera.get_by_test_id("operator-role").select_option("operator")
        await expect(part(admin, "done")).to_have_text("vera is operator.")
        await vera.get_by_test_id("operator-password").click()
        await part(admin, "password-new").fill(NEXT)
        await part(admin, "password-set").click()
        await expect(part(admin, "done")).to_contain_text("vera has a new password")

        other = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await part(other, "username").fill("vera")
        await part(other, "password").fill(NEXT)
        await part(other, "log-in").click()
        await go(other, "people")
        await expect(part(other, "accounts")).to_be_hidden()
        await part(other, "own-current").fill("wrong password")
        await part(other, "own-new").fill(PASSWORD)
        await part(other, "own-set").click()
        await expect(part(other, "own-current")).to_be_focused()
        await part(other, "own-current").fill(NEXT)
        await part(other, "own-set").click()
        await expect(part(other, "done")).to_contain_text("Your password is changed")

        await vera.get_by_test_id("operator-remove").click()
        await expect(admin.locator("#confirm")).to_contain_text("Remove vera?")
        await part(admin, "confirm").click()
        await expect(vera).to_have_count(0)
    client = await world.clients.http()
    body = {"username": "vera", "password": PASSWORD}
    assert (await client.post(f"{V1}/admin/login", json=body)).status_code == 401


async def test_a_program_gets_a_key_that_is_shown_once(world: World) -> None:
    await world.event()
    await (await world.operator()).post(f"{V1}/admin/operators/robot/key")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "people")
        robot = admin.locator('[data-account="robot"]')
        await robot.get_by_test_id("operator-key").click()
        await expect(part(admin, "new-key")).to_contain_text("rk_")
        await robot.get_by_test_id("operator-end-key").click()
        await expect(robot).not_to_contain_text("API key")


async def test_a_weak_password_is_refused_in_the_dialog_which_stays_open(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "people")
        await admin.locator('[data-account="admin"]').get_by_test_id("operator-password").click()
        await part(admin, "password-new").fill("password1234")
        await part(admin, "password-set").click()
        await expect(part(admin, "password-new")).to_have_attribute("aria-invalid", "true")
        await expect(admin.locator("#password-form .mistake")).to_contain_text(
            "first that are tried"
        )
        await admin.keyboard.press("Escape")
        await expect(part(admin, "password-new")).to_be_hidden()


async def test_a_visitor_whose_join_is_deferred_is_worded_and_found(world: World) -> None:
    await world.event(state="paused")
    await world.services.pool.execute(
        """
        INSERT INTO deferred_joins (event, visitor, lane, code, block, turn, joined_ms)
        VALUES ('demo', 'v_later', 'main', '', 'house', 1, 1)
        """
    )
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "visitors")
        await expect(part(admin, "visitors").locator("li")).to_contain_text("Waits for a number")
        await part(admin, "visitors-query").fill("v_later")
        await part(admin, "visitors-find").click()
        await expect(part(admin, "visitor-now")).to_contain_text("Waits for a number")


async def test_a_visitor_is_let_in_for_a_reason_and_then_removed(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    await visitor.join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "visitors")
        await part(admin, "visitors").get_by_role("button", name=visitor.id).click()
        await expect(part(admin, "visitor-history-title")).to_be_focused()
        await part(admin, "visitor-admit").click()
        await expect(part(admin, "visitor-reason")).to_be_focused()
        await part(admin, "visitor-reason").fill("a wheelchair user")
        await part(admin, "visitor-admit").click()
        await expect(part(admin, "done")).to_have_text(f"{visitor.id} is let in.")

        await part(admin, "visitor-remove").click()
        await expect(admin.locator("#confirm")).to_contain_text("loses place, turn and the seats")
        await part(admin, "confirm").click()
        await expect(part(admin, "done")).to_have_text(f"{visitor.id} is removed.")
        await go(admin, "journal")
        await expect(part(admin, "audit")).to_contain_text("a wheelchair user")
    assert code_of(await visitor.place()) == "not_in_line"


async def test_a_second_factor_is_turned_on_asked_for_and_turned_off(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "people")
        await expect(part(admin, "factor-state")).to_have_text("Off: your password is enough.")
        await part(admin, "factor-begin").click()
        await until(lambda: part(admin, "factor-qr").evaluate("image => image.naturalWidth"))
        await expect(part(admin, "factor-code")).to_be_focused()
        phone = Phone((await part(admin, "factor-key").inner_text()).replace(" ", ""))
        await part(admin, "factor-own").fill("a wrong password")
        await part(admin, "factor-code").fill("123456")
        await admin.keyboard.press("Enter")
        await expect(part(admin, "factor-own")).to_have_attribute("aria-invalid", "true")
        await part(admin, "factor-own").fill(PASSWORD)
        await part(admin, "factor-code").fill("000000")
        await admin.keyboard.press("Enter")
        await expect(part(admin, "factor-code")).to_have_attribute("aria-invalid", "true")
        await part(admin, "factor-code").fill(phone.code())
        await admin.keyboard.press("Enter")
        codes = part(admin, "factor-codes").get_by_role("listitem")
        await expect(codes).to_have_count(10)
        recovery = await codes.first.inner_text()
        await part(admin, "factor-kept").click()
        await expect(part(admin, "factor-recovery")).to_be_hidden()
        assert recovery not in await admin.content()

        await part(admin, "log-out").click()
        await part(admin, "username").fill("admin")
        await part(admin, "password").fill(PASSWORD)
        await expect(part(admin, "code")).to_be_hidden()
        await admin.keyboard.press("Enter")
        await expect(part(admin, "code")).to_be_focused()
        await expect(part(admin, "problem")).to_be_hidden()
        await part(admin, "code").fill("123456")
        await admin.keyboard.press("Enter")
        await expect(part(admin, "problem")).to_contain_text("This code is wrong")
        await expect(part(admin, "code")).to_be_focused()
        await part(admin, "code").fill(recovery)
        await admin.keyboard.press("Enter")
        await expect(part(admin, "who")).to_have_text("admin · admin")
        await go(admin, "people")
        await expect(part(admin, "factor-state")).to_contain_text("9 recovery codes left")
        await expect(admin.locator('[data-account="admin"]')).to_contain_text("second factor")
        await expect(part(admin, "operator-end-factor")).to_have_count(0)

        await part(admin, "factor-end").click()
        await part(admin, "factor-password").fill("guess")
        await admin.keyboard.press("Enter")
        await expect(part(admin, "factor-password")).to_have_attribute("aria-invalid", "true")
        await part(admin, "factor-password").fill(PASSWORD)
        await admin.keyboard.press("Enter")
        await expect(part(admin, "factor-state")).to_have_text("Off: your password is enough.")
    assert (await world.operator()).cookies


async def test_an_admin_turns_off_the_second_factor_of_a_lost_phone(world: World) -> None:
    await world.event()
    await world.services.operators.ensure("vera", "viewer", PASSWORD)
    factors = world.services.operators.second_factors
    phone = Phone(totp.text_of(await factors.begin("vera")))
    await factors.put_in_force("vera", phone.code())
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "people")
        vera = admin.locator('[data-account="vera"]')
        await vera.get_by_test_id("operator-end-factor").click()
        await expect(admin.locator("#confirm")).to_contain_text("second factor of vera")
        await part(admin, "confirm").click()
        await expect(part(admin, "done")).to_contain_text("vera logs in without a second factor")
        await expect(vera.get_by_test_id("operator-end-factor")).to_have_count(0)
    assert not (await factors.of("vera")).in_force_at
