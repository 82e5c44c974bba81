"""Who gets in, what a page tells a stranger, and when a session ends."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.database import Query
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]


class Text(msgspec.Struct):
    text: str


RECORDS = Query(
    "select action || ' ' || decision || ' ' || actor || ' ' || subject || ' ' || detail as text"
    " from audit_record"
    " where action = 'customer.sign_in' order by recorded_at",
    Text,
)
SESSIONS = Query("select session_digest as text from hosted_session", Text)
FLOWS = Query("select request_uri_sealed || session_digest as text from hosted_flow", Text)


async def try_in(reader: Reader, page: Page, customer: str, passcode: str) -> Page:
    fields = {"customer": customer, "passcode": passcode}
    return Page(await reader.press(page, "sign-in", fields))


async def test_a_wrong_factor_is_never_named(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get(await house.entrance(partner))
    tries = [("lin", "000000"), ("nobody", "246810"), ("", ""), ("x" * 9000, "y"), ("林\x00", "1")]
    answers = [await try_in(reader, page, *entry) for entry in tries]
    assert {answer.status for answer in answers} == {403}
    assert len({answer.response.text for answer in answers}) == 1


async def test_a_locked_customer_reads_the_same_words_as_a_wrong_passcode(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get(await house.entrance(partner))
    wrong = [await try_in(reader, page, "lin", "000000") for _ in range(5)]
    locked = await try_in(reader, page, "lin", "246810")
    assert locked.response.text == wrong[0].response.text
    house.clock.advance(15 * 60 + 1)
    page = await reader.get("/consents")
    assert "Lin Xiao" in (await reader.sign_in(page)).words


async def test_sign_ins_are_audited_without_what_was_typed(house: House, browser: Browsers) -> None:
    reader = browser()
    page = await reader.get("/consents")
    await try_in(reader, page, "canary-login", "canary-passcode")
    await try_in(reader, page, "lin", "canary-passcode")
    house.clock.advance(1)
    await reader.sign_in(page)
    records = [row.text for row in await house.database.all(RECORDS)]
    assert records == [
        "customer.sign_in deny customer:unknown cus_lin {}",
        "customer.sign_in allow customer:cus_lin cus_lin {}",
    ]


async def test_signing_in_changes_the_cookie_and_the_old_one_is_nobody(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get(await house.entrance(partner))
    name = "__Host-tessera-session"
    before = reader.http.cookies[name]
    await reader.sign_in(page)
    after = reader.http.cookies[name]
    assert before != after
    reader.http.cookies.set(name, before, domain="bank.example")
    assert "Sign in to the bank" in (await reader.get("/consents")).words


async def test_cookies_and_requests_are_not_in_the_database(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    entrance = await house.entrance(partner)
    await reader.sign_in(await reader.get(entrance))
    rows = await house.database.all(SESSIONS) + await house.database.all(FLOWS)
    stored = " ".join(row.text for row in rows)
    assert reader.http.cookies["__Host-tessera-session"] not in stored
    assert "urn:ietf" not in stored


@pytest.mark.parametrize(
    ("issuer", "name", "secure"),
    [
        ("https://bank.example", "__Host-tessera-session", True),
        ("http://127.0.0.1:8400", "tessera-session", False),
    ],
)
async def test_the_cookie_is_as_strict_as_the_address_allows(
    browser: Browsers, issuer: str, name: str, secure: bool
) -> None:
    answer = await browser(issuer=issuer).http.get("/sign-in")
    attributes = answer.headers["set-cookie"].split("; ")
    assert attributes[0].startswith(f"{name}=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert ("Secure" in attributes) is secure
    assert ("strict-transport-security" in answer.headers) is secure


async def test_five_idle_minutes_end_a_session_and_activity_keeps_it(
    house: House, browser: Browsers
) -> None:
    reader = browser()
    await reader.sign_in(await reader.get("/consents"))
    for _ in range(3):
        house.clock.advance(299)
        assert "Lin Xiao" in (await reader.get("/consents")).words
    house.clock.advance(300)
    page = await reader.get("/consents")
    assert "after five minutes without activity" in page.words


async def test_no_activity_keeps_a_session_beyond_an_hour(house: House, browser: Browsers) -> None:
    reader = browser()
    await reader.sign_in(await reader.get("/consents"))
    for _ in range(13):
        house.clock.advance(280)
        page = await reader.get("/consents")
    assert "Sign in to the bank" in page.words


async def test_an_idle_consent_page_approves_nothing(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.sign_in(await reader.get(await house.entrance(partner)))
    house.clock.advance(300)
    again = await reader.follow(await reader.press(page, "approve"))
    assert "without activity" in again.words
    assert await house.consents.for_customer("cus_lin") == []
    decided = await reader.approve(await reader.sign_in(again))
    assert "code=" in decided.headers["location"]


@pytest.mark.parametrize("csrf", [None, "", "x" * 43, "\u00e9"])
async def test_a_form_without_this_browsers_token_changes_nothing(
    house: House, partner: Partner, browser: Browsers, csrf: str | None
) -> None:
    reader = browser()
    page = await reader.sign_in(await reader.get(await house.entrance(partner)))
    action = page.form_with("approve").action
    fields: dict[str, Any] = {"decision": "approve"} | ({} if csrf is None else {"csrf": csrf})
    answer = await reader.http.post(action, data=fields)
    assert answer.status_code == 400
    assert await house.consents.for_customer("cus_lin") == []


async def test_another_browsers_flow_is_one_that_does_not_exist(
    house: House, partner: Partner, browser: Browsers
) -> None:
    one, other = browser(), browser()
    page = await one.get(await house.entrance(partner))
    action = page.form_with("sign-in").action
    await other.sign_in(await other.get("/consents"))
    answers = [
        await other.http.get(address)
        for address in (action, action.replace("/sign-in", "/consent"), "/consent?flow=flw_nobody")
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert all("can no longer be used" in answer.text for answer in answers)


async def test_signing_out_ends_the_session_at_once(browser: Browsers) -> None:
    reader = browser()
    page = await reader.sign_in(await reader.get("/consents"))
    kept = reader.http.cookies["__Host-tessera-session"]
    form = next(form for form in page.forms if form.action == "/sign-out")
    done = await reader.follow(await reader.http.post("/sign-out", data=form.hidden))
    assert "You are signed out" in done.words
    reader.http.cookies.set("__Host-tessera-session", kept, domain="bank.example")
    assert "Sign in to the bank" in (await reader.get("/consents")).words
