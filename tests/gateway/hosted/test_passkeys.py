"""Passkeys: the ceremonies with a software authenticator, and everything that must be refused."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from gateway.database import Query
from tests.gateway.hosted.authenticator import PRESENT, VERIFIED, Authenticator
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.hosted.test_second_factor import confirm_page
from tests.gateway.oauth.partner import ISSUER, Partner

Browsers = Callable[..., Reader]


class Kept(msgspec.Struct):
    text: str


CHECKS = Query(
    "select decision || ' ' || detail as text from audit_record"
    " where action = 'second_factor.check' order by recorded_at",
    Kept,
)


def options_of(page: Page) -> dict[str, Any]:
    """What the page asks the browser's authenticator for."""
    (form,) = [one for one in page.every("form") if "data-passkey" in one]
    found: dict[str, Any] = json.loads(form["data-options"])
    return found


async def answered(
    reader: Reader, page: Page, device: Authenticator, **changes: Any
) -> httpx.Response:
    answer = device.get(options_of(page), **changes)
    return await reader.press(page, "use-passkey", {"credential": answer})


async def to_be_made(reader: Reader) -> Page:
    """The page of the ceremony, after the second factor."""
    page = await reader.get("/passkeys")
    if "Sign in" in page.words:
        await reader.sign_in(page)
        page = await reader.get("/passkeys")
    asked = await reader.follow(await reader.press(page, "add-passkey"))
    return await reader.follow(await reader.confirm(asked))


async def with_passkey(reader: Reader, device: Authenticator, label: str = "My phone") -> Page:
    page = await to_be_made(reader)
    answer = device.create(options_of(page))
    return await reader.follow(
        await reader.press(page, "make-passkey", {"credential": answer, "label": label})
    )


async def test_a_passkey_is_made_listed_used_and_removed(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    page = await with_passkey(reader, device)
    assert "The passkey was added" in page.words
    assert "My phone" in page.words and "Not used yet" in page.words
    asked = await confirm_page(house, partner, reader)
    assert asked.code == ""
    assert "code=" in (await answered(reader, asked, device)).headers["location"]
    (consent,) = await house.consents.for_customer("cus_lin")
    assert consent.acr == "urn:tessera:acr:two-factor"
    assert consent.amr == ("pin", "hwk", "user", "mfa")
    page = await reader.get("/passkeys")
    assert "Last used on 24 November 2026" in page.words
    (remove,) = [button for form in page.forms for button in form.buttons if "remove" in button]
    removing = await reader.follow(await reader.press(page, remove))
    gone = await reader.follow(await answered(reader, removing, device))
    assert "The passkey was removed" in gone.words
    assert "You have no passkey yet" in gone.words


NAMED = {
    "en": (
        "Remove “My phone”",
        "Added on 24 November 2026 · Last used on 25 November 2026",
        "Confirm that you remove the passkey “My phone” Added on 24 November 2026"
        " · Last used on 25 November 2026",
    ),
    "zh-CN": (
        "移除“My phone”",
        "添加于2026年11月24日 · 最近使用于2026年11月25日",
        "确认移除通行密钥“My phone” 添加于2026年11月24日 · 最近使用于2026年11月25日",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_list_and_the_confirmation_say_which_passkey_goes(
    house: House, browser: Browsers, language: str
) -> None:
    reader, device, other = browser(language), Authenticator(ISSUER), Authenticator(ISSUER)
    page = await reader.sign_in(await reader.get("/sign-in"))
    for made, label in ((device, "My phone"), (other, "Old tablet")):
        page = await reader.follow(await reader.press(await reader.get("/passkeys"), "add-passkey"))
        if not page.code:
            page = await reader.follow(await reader.press(page, "send-code"))
        page = await reader.follow(await reader.confirm(page))
        answer = made.create(options_of(page))
        await reader.press(page, "make-passkey", {"credential": answer, "label": label})
        house.clock.advance(1)
    house.clock.advance(24 * 3600)
    again = browser(language)
    asked = await again.sign_in(await again.get("/sign-in"))
    await again.follow(await answered(again, asked, device))
    listed = await again.get("/passkeys")
    button, history, title = NAMED[language]
    assert button in listed.words
    assert history in listed.words
    phone, tablet = (name for form in listed.forms for name in form.buttons if "remove" in name)
    confirming = await again.follow(await again.press(listed, phone))
    assert title in confirming.words
    assert "Old tablet" not in confirming.words
    confirming = await again.follow(await again.press(listed, tablet))
    assert "Old tablet" in confirming.words
    assert "My phone" not in confirming.words


async def test_a_passkey_that_has_gone_meanwhile_is_confirmed_no_more(
    house: House, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    page = await with_passkey(reader, device)
    (remove,) = [button for form in page.forms for button in form.buttons if "remove" in button]
    first = await reader.press(page, remove)
    elsewhere = browser()
    asked = await elsewhere.sign_in(await elsewhere.get("/sign-in"))
    await elsewhere.follow(await answered(elsewhere, asked, device))
    there = await elsewhere.get("/passkeys")
    removing = await elsewhere.follow(await elsewhere.press(there, remove))
    await elsewhere.follow(await answered(elsewhere, removing, device))
    gone = await reader.get(first.headers["location"])
    assert "This page is no longer valid" in gone.words


async def test_a_synced_passkey_is_said_to_be_one(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER, synced=True, counts=False)
    await with_passkey(reader, device)
    for _ in range(2):
        await answered(reader, await confirm_page(house, partner, reader), device)
        house.clock.advance(1)
    consents = await house.consents.for_customer("cus_lin")
    assert [consent.amr for consent in consents] == [("pin", "swk", "user", "mfa")] * 2


async def test_a_sign_in_is_completed_with_a_passkey(house: House, browser: Browsers) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    await with_passkey(reader, device)
    other = browser()
    page = await other.sign_in(await other.get("/sign-in"))
    assert "Finish signing in with your passkey" in page.words
    before = other.http.cookies["__Host-tessera-session"]
    done = await other.follow(await answered(other, page, device))
    assert "My permissions" in done.words
    assert other.http.cookies["__Host-tessera-session"] != before


async def test_the_code_is_the_other_way_for_who_has_a_passkey(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    await with_passkey(reader, Authenticator(ISSUER))
    asked = await confirm_page(house, partner, reader)
    sent = await reader.follow(await reader.press(asked, "send-code"))
    assert "code=" in (await reader.confirm(sent)).headers["location"]


@pytest.mark.parametrize(
    ("bend", "changes"),
    [
        (lambda device: None, {"origin": "https://bank.example.evil"}),
        (lambda device: None, {"origin": "http://bank.example"}),
        (lambda device: None, {"type": "webauthn.create"}),
        (lambda device: None, {"challenge": "AAAA"}),
        (lambda device: setattr(device, "rp_id", "evil.example"), {}),
        (lambda device: setattr(device, "flags", PRESENT), {}),
        (lambda device: setattr(device, "flags", VERIFIED), {}),
        (lambda device: setattr(device, "credential_id", b"x" * 32), {}),
        (lambda device: setattr(device, "key", Authenticator(ISSUER).key), {}),
    ],
)
async def test_an_answer_that_is_not_quite_right_confirms_nothing(
    house: House,
    partner: Partner,
    browser: Browsers,
    bend: Callable[[Authenticator], None],
    changes: dict[str, str],
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    await with_passkey(reader, device)
    asked = await confirm_page(house, partner, reader)
    bend(device)
    refused = Page(await answered(reader, asked, device, **changes))
    assert refused.status == 403
    assert "That did not succeed" in refused.words
    assert await house.consents.for_customer("cus_lin") == []


async def test_a_challenge_is_good_for_one_attempt(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    await with_passkey(reader, device)
    asked = await confirm_page(house, partner, reader)
    answer = device.get(options_of(asked))
    failed = Page(await reader.press(asked, "use-passkey", {"credential": "{}"}))
    assert failed.status == 403
    late = Page(await reader.press(failed, "use-passkey", {"credential": answer}))
    assert late.status == 403
    assert "code=" in (await answered(reader, late, device)).headers["location"]


async def test_a_challenge_is_for_one_purpose_and_one_content(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    page = await with_passkey(reader, device)
    (remove,) = [button for form in page.forms for button in form.buttons if "remove" in button]
    removing = await reader.follow(await reader.press(page, remove))
    asked = await confirm_page(house, partner, reader)
    answer = device.get(options_of(removing))
    assert (await reader.press(asked, "use-passkey", {"credential": answer})).status_code == 403
    assert await house.consents.for_customer("cus_lin") == []


async def test_a_count_that_does_not_grow_is_a_copy_and_is_audited(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    await with_passkey(reader, device)
    await answered(reader, await confirm_page(house, partner, reader), device)
    device.count -= 1
    house.clock.advance(1)
    asked = await confirm_page(house, partner, reader)
    assert (await answered(reader, asked, device)).status_code == 403
    last = [row.text for row in await house.database.all(CHECKS)][-1]
    assert last.startswith("deny") and '"clone"' in last


async def test_another_customers_passkey_confirms_nothing(
    house: House, partner: Partner, browser: Browsers
) -> None:
    theirs, device = browser(), Authenticator(ISSUER)
    page = await theirs.sign_in(await theirs.get("/sign-in"), "zhao", "135790")
    assert "My permissions" in page.words
    await with_passkey(theirs, device)
    mine = browser()
    await with_passkey(mine, Authenticator(ISSUER))
    asked = await confirm_page(house, partner, mine)
    assert (await answered(mine, asked, device)).status_code == 403


async def test_a_registration_must_verify_too(browser: Browsers) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    page = await to_be_made(reader)
    device.flags = PRESENT
    unverified = device.create(options_of(page))
    failed = Page(await reader.press(page, "make-passkey", {"credential": unverified}))
    assert failed.status == 403
    device.flags = PRESENT | VERIFIED
    stale = device.create(options_of(page))
    failed = Page(await reader.press(failed, "make-passkey", {"credential": stale}))
    assert failed.status == 403
    fresh = device.create(options_of(failed))
    done = await reader.follow(await reader.press(failed, "make-passkey", {"credential": fresh}))
    assert "The passkey was added" in done.words
    again = await reader.press(failed, "make-passkey", {"credential": fresh})
    assert again.status_code == 400


async def test_no_passkey_is_made_without_a_second_factor_first(browser: Browsers) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    await reader.sign_in(await reader.get("/sign-in"))
    page = await reader.get("/passkeys")
    asked = await reader.follow(await reader.press(page, "add-passkey"))
    query = asked.form_with("confirm").action.partition("?")[2]
    shown = await reader.http.get(f"/passkeys/new?{query}")
    sent = await reader.http.post(
        f"/passkeys/new?{query}",
        data=asked.form_with("confirm").hidden
        | {"credential": device.create({"challenge": "AAAA"})},
    )
    assert (shown.status_code, sent.status_code) == (400, 400)


async def test_five_idle_minutes_end_the_pages_of_passkeys(browser: Browsers, house: House) -> None:
    reader = browser()
    page = await to_be_made(reader)
    house.clock.advance(300)
    assert "without activity" in (await reader.get("/passkeys")).words
    left = await reader.press(page, "make-passkey", {"credential": "{}"})
    assert left.headers["location"] == "/sign-in"


async def test_there_are_none_at_an_ip_address(browser: Browsers) -> None:
    reader = browser(issuer="http://127.0.0.1:8400")
    await reader.sign_in(await reader.get("/sign-in"))
    page = await reader.get("/passkeys")
    assert "There can be no passkeys at this address" in page.words
    forced = await reader.http.post("/passkeys/add", data=page.forms[0].hidden)
    assert forced.status_code == 404
