"""One-time codes: bound to what they confirm, good once, for five minutes and five tries."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.database import Query
from gateway.hosted.codes import CodeMessage
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]
AT_ONCE = 200
SWEEP = {"component": "commuter-wallet.sweep"}


class Kept(msgspec.Struct):
    text: str


CODES = Query(
    "select coalesce(code_digest, '') || content || nonce as text from hosted_confirmation", Kept
)
MESSAGES = Query("select code_sealed as text from sandbox_message", Kept)
CHECKS = Query(
    "select decision || ' ' || detail as text from audit_record"
    " where action = 'second_factor.check' order by recorded_at",
    Kept,
)


def other(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def confirm_page(
    house: House, partner: Partner, reader: Reader, fields: dict[str, Any] | None = None
) -> Page:
    page = await reader.get(await house.entrance(partner))
    if "Sign in" in page.words:
        page = await reader.sign_in(page)
    return await reader.follow(await reader.press(page, "approve", fields))


async def test_an_approval_asks_for_a_code_and_says_what_it_is_for(
    house: House, partner: Partner, browser: Browsers
) -> None:
    page = await confirm_page(house, partner, browser())
    assert "Sandbox: this message would go to the customer" in page.words
    assert f"{page.code} is your code to approve the request of Wayfare" in page.words
    for amount in ("Paid to Wayfare", "At most per debit CNY\u00a020.00"):
        assert amount in page.words
    assert await house.consents.for_customer("cus_lin") == []


async def test_a_code_works_once(house: House, partner: Partner, browser: Browsers) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    assert "code=" in (await reader.confirm(page)).headers["location"]
    again = await reader.follow(await reader.press(page, "confirm", {"code": page.code}))
    assert "already decided" in again.words
    assert len(await house.consents.for_customer("cus_lin")) == 1


async def test_of_many_uses_at_once_one_wins_and_nobody_is_locked_out(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    begun = time.perf_counter()
    answers = await asyncio.gather(*(reader.confirm(page) for _ in range(AT_ONCE)))
    statuses = dict(Counter(answer.status_code for answer in answers))
    print(f"race: one one-time code: {statuses} in {time.perf_counter() - begun:.2f} s")
    won = [
        one
        for one in answers
        if "?" in one.headers.get("location", "") and "code=" in one.headers["location"]
    ]
    assert len(won) == 1
    assert len(await house.consents.for_customer("cus_lin")) == 1
    house.clock.advance(1)
    assert (
        "code="
        in (await reader.confirm(await confirm_page(house, partner, reader))).headers["location"]
    )


async def test_a_code_ends_after_five_minutes(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    house.clock.advance(150)
    await reader.get("/consents")
    house.clock.advance(149)
    await reader.get("/consents")
    house.clock.advance(1)
    late = Page(await reader.confirm(page))
    assert late.status == 400
    assert "This page is no longer valid" in late.words
    assert await house.consents.for_customer("cus_lin") == []


async def test_a_change_of_the_ticked_parts_voids_the_code(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    few = await confirm_page(house, partner, reader)
    more = await confirm_page_of_same_flow(reader, few)
    assert Page(await reader.confirm(few)).status == 400
    wrong = Page(await reader.press(more, "confirm", {"code": few.code}))
    assert (wrong.status, "That did not succeed" in wrong.words) == (403, few.code != more.code)
    assert "code=" in (await reader.confirm(more)).headers["location"]
    (consent,) = await house.consents.for_customer("cus_lin")
    assert len(consent.authorization_details) == 4


async def confirm_page_of_same_flow(reader: Reader, page: Page) -> Page:
    """Back to the consent page, one more part ticked, approved again."""
    (back,) = [link["href"] for link in page.every("a") if link.get("id") == "back"]
    consent = await reader.get(back)
    return await reader.follow(await reader.press(consent, "approve", SWEEP))


async def test_a_new_code_ends_the_one_before(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    first = await confirm_page(house, partner, reader)
    second = await reader.follow(await reader.press(first, "send-code"))
    if first.code != second.code:
        assert (await reader.confirm(second, first.code)).status_code == 403
    assert "code=" in (await reader.confirm(second)).headers["location"]


async def test_a_customer_is_sent_ten_codes_in_ten_minutes_at_most(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    for _ in range(9):
        page = await reader.follow(await reader.press(page, "send-code"))
    over = Page(await reader.press(page, "send-code"))
    assert (over.status, over.response.headers["retry-after"]) == (429, "60")
    assert "code=" in (await reader.confirm(page)).headers["location"]


async def test_another_browser_cannot_use_the_confirmation_or_the_code(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, stranger = browser(), browser()
    page = await confirm_page(house, partner, reader)
    mine = await stranger.sign_in(await stranger.get("/consents"))
    for query in (page.form_with("confirm").action, "/confirm?c=cfm_nobody"):
        shown = await stranger.http.get(query.replace("flow=", "x="))
        sent = await stranger.http.post(
            query.replace("flow=", "x="), data=mine.forms[0].hidden | {"code": page.code}
        )
        assert (shown.status_code, sent.status_code) == (400, 400)
    assert "code=" in (await reader.confirm(page)).headers["location"]


async def test_nothing_kept_tells_the_code(
    house: House, partner: Partner, browser: Browsers
) -> None:
    page = await confirm_page(house, partner, browser())
    kept = " ".join(
        row.text for row in [*await house.database.all(CODES), *await house.database.all(MESSAGES)]
    )
    assert page.code not in kept
    assert page.code not in repr(CodeMessage("cfm_1", "cus_1", page.code, "approve", "", "en"))


async def test_what_was_confirmed_is_audited_with_its_digest(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    await reader.confirm(page, other(page.code))
    house.clock.advance(1)
    await reader.confirm(page)
    refused, allowed = [row.text for row in await house.database.all(CHECKS)]
    assert refused.startswith("deny") and '"wrong_code"' in refused
    assert allowed.startswith("allow") and '"otp"' in allowed
    assert page.code not in refused + allowed


async def test_five_idle_minutes_end_the_page_of_the_second_factor(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    assert page.response.headers["refresh"].startswith("302; url=/sign-in?flow=")
    house.clock.advance(300)
    again = await reader.follow(await reader.confirm(page))
    assert "without activity" in again.words
    assert await house.consents.for_customer("cus_lin") == []


@pytest.mark.parametrize("fields", [{"csrf": ""}, {"csrf": "x" * 64}])
async def test_a_code_without_this_browsers_token_confirms_nothing(
    house: House, partner: Partner, browser: Browsers, fields: dict[str, str]
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    action = page.form_with("confirm").action
    answer = await reader.http.post(action, data={"code": page.code} | fields)
    assert answer.status_code == 400
    assert await house.consents.for_customer("cus_lin") == []


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "\u0661\u0662", "x" * 5000, "\x00", "\ud800"]
)
async def test_a_code_of_a_strange_shape_is_a_wrong_code(
    house: House, partner: Partner, browser: Browsers, code: str
) -> None:
    reader = browser()
    page = await confirm_page(house, partner, reader)
    form = page.form_with("confirm")
    sent = code.encode("utf-8", "surrogatepass")
    answer = await reader.http.post(form.action, data=form.hidden | {"code": sent})
    assert answer.status_code in (400, 403)
    assert "code=" in (await reader.confirm(page)).headers["location"]
