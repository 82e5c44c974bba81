"""Five failures in a row, of every factor together, lock a customer for fifteen minutes."""

import asyncio
from collections.abc import Callable

import httpx
import msgspec
import pytest

from gateway.audit.service import Audit
from gateway.database import Database, Query, Unit
from gateway.hosted.lockout import LockedOut, Lockout
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.hosted.test_second_factor import confirm_page, other
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]
MINUTES = 15 * 60


class Kept(msgspec.Struct):
    text: str


LOCKS = Query(
    "select subject || ' ' || detail as text from audit_record where action = 'customer.lock'", Kept
)
COUNTS = Query("select customer_key as text from customer_lockout", Kept)


@pytest.fixture
def lockout(database: Database) -> Lockout:
    return Lockout(database, load_book(), Audit(load_book()))


async def fail(lockout: Lockout, database: Database, clock: SetClock, factor: str) -> None:
    record = Unit("test.record")
    await lockout.fail("customer:cus_lin", factor, clock.now(), record)  # type: ignore[arg-type]
    await database.commit(record)


async def let_in(lockout: Lockout, database: Database, clock: SetClock, factor: str) -> bool:
    unit = Unit("test.success")
    lockout.succeed(unit, "customer:cus_lin", factor, clock.now())  # type: ignore[arg-type]
    try:
        await database.commit(unit)
    except LockedOut:
        return False
    return True


async def wrong_passcode(reader: Reader, page: Page, login: str = "lin") -> Page:
    return Page(await reader.press(page, "sign-in", {"customer": login, "passcode": "000000"}))


async def test_passcodes_and_codes_count_together_and_lock_both(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, elsewhere = browser(), browser()
    page = await confirm_page(house, partner, reader)
    sign_in = await elsewhere.get("/sign-in")
    for _ in range(2):
        assert (await reader.confirm(page, other(page.code))).status_code == 403
    refused = [await wrong_passcode(elsewhere, sign_in) for _ in range(3)]
    # Locked: neither the right passcode in one browser nor the right code in the other.
    right = {"customer": "lin", "passcode": "246810"}
    locked = Page(await elsewhere.press(sign_in, "sign-in", right))
    assert (locked.status, locked.response.text) == (403, refused[0].response.text)
    code = Page(await reader.confirm(page))
    assert code.status == 403
    assert "That did not succeed" in code.words
    assert await house.consents.for_customer("cus_lin") == []
    house.clock.advance(MINUTES - 1)
    assert Page(await elsewhere.press(sign_in, "sign-in", right)).status == 403
    house.clock.advance(1)
    await elsewhere.sign_in(sign_in)
    (lock,) = [row.text for row in await house.database.all(LOCKS)]
    assert lock.startswith("cus_lin ") and '"minutes":15' in lock.replace(" ", "")


async def test_a_wrong_code_and_a_locked_one_are_told_in_the_same_words(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    wrong = [await reader.confirm(page, other(page.code)) for _ in range(5)]
    locked = await reader.confirm(page)
    assert {answer.status_code for answer in [*wrong, locked]} == {403}
    assert len({answer.text for answer in [*wrong, locked]}) == 1


async def test_the_lock_holds_at_every_partner(
    house: House, partner: Partner, browser: Browsers
) -> None:
    one, two = browser(), browser()
    other_partner = await house.register(partner_name="Harbour", partner_name_zh="海港")
    first = await one.get(await house.entrance(partner))
    second = await two.get(await house.entrance(other_partner))
    for reader, page in ((one, first), (one, first), (two, second), (two, second), (one, first)):
        await wrong_passcode(reader, page)
    right = {"customer": "lin", "passcode": "246810"}
    assert (await two.press(second, "sign-in", right)).status_code == 403
    assert (
        await two.press(second, "sign-in", {"customer": "zhao", "passcode": "135790"})
    ).status_code == 303


async def test_a_right_passcode_gives_no_new_tries_at_the_second_factor(
    lockout: Lockout, database: Database, clock: SetClock
) -> None:
    for _ in range(4):
        await fail(lockout, database, clock, "second")
        assert await let_in(lockout, database, clock, "passcode")
    await fail(lockout, database, clock, "second")
    assert not await let_in(lockout, database, clock, "passcode")
    assert not await let_in(lockout, database, clock, "second")


async def test_a_second_factor_clears_every_failure(
    lockout: Lockout, database: Database, clock: SetClock
) -> None:
    for _ in range(3):
        for factor in ("passcode", "second", "passcode", "second"):
            await fail(lockout, database, clock, factor)
        assert await let_in(lockout, database, clock, "second")


async def test_waiting_is_no_success(lockout: Lockout, database: Database, clock: SetClock) -> None:
    for _ in range(4):
        await fail(lockout, database, clock, "passcode")
        clock.advance(3600)
    await fail(lockout, database, clock, "passcode")
    assert not await let_in(lockout, database, clock, "passcode")


async def test_trying_does_not_prolong_a_lock_and_its_end_starts_anew(
    lockout: Lockout, database: Database, clock: SetClock
) -> None:
    for _ in range(5):
        await fail(lockout, database, clock, "passcode")
    clock.advance(MINUTES - 1)
    await fail(lockout, database, clock, "passcode")
    clock.advance(1)
    for _ in range(4):
        await fail(lockout, database, clock, "passcode")
    assert await let_in(lockout, database, clock, "passcode")


async def test_guessing_in_parallel_gains_nothing(house: House, browser: Browsers) -> None:
    reader = browser()
    page = await reader.get("/sign-in")

    async def guess(passcode: str) -> httpx.Response:
        return await reader.press(page, "sign-in", {"customer": "lin", "passcode": passcode})

    await asyncio.gather(*(guess(f"{number:06d}") for number in range(9)))
    assert (await guess("246810")).status_code == 403


async def test_many_right_sign_ins_at_once_all_get_in(house: House, browser: Browsers) -> None:
    readers = [browser() for _ in range(5)]
    pages = [await reader.get("/sign-in") for reader in readers]
    answers = await asyncio.gather(
        *(reader.sign_in(page) for reader, page in zip(readers, pages, strict=True))
    )
    assert all("Lin Xiao" in answer.words for answer in answers)


async def test_unknown_logins_share_few_counts_and_lock_nobody(
    house: House, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get("/sign-in")
    for number in range(8):
        assert (await wrong_passcode(reader, page, f"stranger-{number}")).status == 403
    counts = [row.text for row in await house.database.all(COUNTS)]
    assert counts and all(count.startswith("unknown:") for count in counts)
    assert await house.database.all(LOCKS) == []
    await reader.sign_in(page)


async def test_counts_that_say_nothing_are_forgotten_and_failures_are_not(
    house: House, lockout: Lockout, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get("/sign-in")
    await wrong_passcode(reader, page, "stranger")
    await wrong_passcode(reader, page, "lin")
    house.clock.advance(24 * 3600 + 1)
    await lockout.sweep(house.clock.now())
    assert [row.text for row in await house.database.all(COUNTS)] == ["customer:cus_lin"]
