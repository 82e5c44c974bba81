"""A customer sees every consent and ends one in two taps, from the next call on."""

from collections.abc import Callable

import pytest

from gateway.consents.service import is_live
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]


async def approved(house: House, partner: Partner, reader: Reader) -> str:
    page = await reader.get(await house.entrance(partner))
    if "Sign in" in page.words:
        page = await reader.sign_in(page)
    await reader.approve(page)
    return (await house.consents.for_customer("cus_lin"))[0].consent_id


async def test_two_taps_end_a_consent(house: House, partner: Partner, browser: Browsers) -> None:
    reader = browser()
    consent_id = await approved(house, partner, reader)
    page = await reader.get("/consents")
    assert "Wayfare" in page.words
    (link,) = [a["href"] for a in page.every("a") if a.get("id") == f"revoke-{consent_id}"]
    done = await reader.follow(await reader.press(await reader.get(link), "revoke"))
    assert "You ended what Wayfare was allowed" in done.words
    assert "You ended it on 24 November 2026" in done.words
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert not is_live(consent, house.clock.now())


async def test_ending_it_twice_is_no_error(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    consent_id = await approved(house, partner, reader)
    page = await reader.get(f"/consents/{consent_id}/revoke")
    for _ in range(2):
        done = await reader.follow(await reader.press(page, "revoke"))
        assert "You ended what Wayfare was allowed" in done.words
    assert "You ended" in (await reader.get(f"/consents/{consent_id}/revoke")).words


async def test_another_customers_consent_is_one_that_does_not_exist(
    house: House, partner: Partner, browser: Browsers
) -> None:
    consent_id = await approved(house, partner, browser())
    other = browser()
    page = await other.sign_in(await other.get("/consents"), "zhao", "135790")
    assert "You have not allowed any partner anything" in page.words
    hidden = page.forms[0].hidden
    seen = []
    for asked in (consent_id, "cns_nobody"):
        shown = await other.http.get(f"/consents/{asked}/revoke")
        sent = await other.http.post(f"/consents/{asked}/revoke", data=hidden)
        seen.append((shown.status_code, sent.status_code, "no such page" in shown.text))
    assert seen == [(404, 404, True)] * 2
    assert "ended" not in (await other.get(f"/consents?ended={consent_id}")).words.lower()


async def test_a_consent_that_ran_out_is_shown_as_ended(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    await approved(house, partner, reader)
    house.clock.advance(180 * 24 * 3600)
    page = await reader.sign_in(await reader.get("/consents"))
    assert "It ran out on 23 May 2027" in page.words
    assert not [a for a in page.every("a") if a.get("id", "").startswith("revoke-")]


async def test_revoking_needs_a_sign_in_and_this_browsers_token(
    house: House, partner: Partner, browser: Browsers
) -> None:
    consent_id = await approved(house, partner, browser())
    stranger = browser()
    page = await stranger.get(f"/consents/{consent_id}/revoke")
    assert "Sign in to the bank" in page.words
    address = f"/consents/{consent_id}/revoke"
    without = await stranger.http.post(address)
    assert Page(without).status in (400, 415)
    signed_out = await stranger.http.post(address, data=page.forms[0].hidden)
    assert signed_out.headers["location"] == "/sign-in"
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert consent.status == "active"


async def test_the_referral_page_tells_the_same_for_every_line(browser: Browsers) -> None:
    reader = browser()
    pages = [await reader.get(f"/referrals/{line}") for line in ("lin_1", "lin_2")]
    assert "Only the bank offers this" in pages[0].words
    assert pages[0].words == pages[1].words


ALL = {"component": "commuter-wallet.sweep"}


async def with_every_part(house: House, partner: Partner, reader: Reader) -> str:
    page = await reader.sign_in(await reader.get(await house.entrance(partner)))
    await reader.approve(page, ALL)
    return (await house.consents.for_customer("cus_lin"))[0].consent_id


async def test_one_tap_pauses_a_consent_and_a_code_lets_it_go_on(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    consent_id = await approved(house, partner, reader)
    page = await reader.get("/consents")
    paused = await reader.follow(await reader.press(page, f"pause-{consent_id}"))
    assert "You paused what Wayfare is allowed" in paused.words
    assert "Paused; runs out on 23 May 2027" in paused.words
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert consent.status == "paused"
    asked = await reader.follow(await reader.press(paused, f"resume-{consent_id}"))
    assert "Confirm that you resume a permission" in asked.words
    assert f"{asked.code} is your code to resume" in asked.words
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert consent.status == "paused"
    resumed = await reader.follow(await reader.confirm(asked))
    assert "You resumed what Wayfare is allowed" in resumed.words
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert is_live(consent, house.clock.now())


@pytest.mark.parametrize(
    ("button", "scope_less", "parts"),
    [("remove-commuter-wallet.sweep", 0, 3), ("remove-order.write", 1, 4)],
)
async def test_two_taps_take_a_part_or_a_right_out(
    house: House,
    partner: Partner,
    browser: Browsers,
    button: str,
    scope_less: int,
    parts: int,
) -> None:
    reader = browser()
    consent_id = await with_every_part(house, partner, reader)
    before = await house.consents.find(consent_id)
    page = await reader.get("/consents")
    (link,) = [a["href"] for a in page.every("a") if a.get("id") == f"narrow-{consent_id}"]
    less = await reader.follow(await reader.press(await reader.get(link), button))
    assert "You took something out of what Wayfare is allowed" in less.words
    after = await house.consents.find(consent_id)
    assert before is not None
    assert after is not None
    assert len(before.scope.split()) - len(after.scope.split()) == scope_less
    assert len(after.authorization_details) == parts


async def test_what_the_package_needs_cannot_be_taken_out_alone(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    consent_id = await with_every_part(house, partner, reader)
    page = await reader.get(f"/consents/{consent_id}/narrow")
    form = page.form_with("remove-order.write")
    assert "remove-commuter-wallet.purse" not in form.buttons
    forced = await reader.http.post(
        form.action, data=form.hidden | {"part": "commuter-wallet.purse"}
    )
    assert 400 <= forced.status_code < 500
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert len(consent.authorization_details) == 4
    # Enter presses the form's first button, which takes nothing out.
    first = next(iter(form.buttons.values()))
    answer = await reader.http.post(form.action, data=form.hidden | {first["name"]: first["value"]})
    assert answer.status_code == 303
    assert await house.consents.find(consent_id) == consent


async def test_the_list_tells_purpose_data_and_last_use(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    consent_id = await approved(house, partner, reader)
    words = (await reader.get("/consents")).words
    for expected in (
        "Purpose Commuter wallet 1.0.0",
        "Last used Not yet",
        "Wayfare receives Whether the account can be used",
        "At most per debit CNY\u00a020.00",
    ):
        assert expected in words
    house.consents.uses.note(consent_id, house.clock.now())
    await house.consents.uses.flush()
    assert "Last used 24 November 2026" in (await reader.get("/consents")).words


@pytest.mark.parametrize("act", ["pause", "resume", "narrow", "revoke"])
async def test_every_change_needs_this_browser_its_customer_and_its_token(
    house: House, partner: Partner, browser: Browsers, act: str
) -> None:
    consent_id = await approved(house, partner, browser())
    address = f"/consents/{consent_id}/{act}"
    stranger = browser()
    page = await stranger.get("/sign-in")
    signed_out = await stranger.http.post(address, data=page.forms[0].hidden)
    assert signed_out.headers["location"] == "/sign-in"
    mine = await stranger.sign_in(page, "zhao", "135790")
    assert (await stranger.http.post(address, data=mine.forms[0].hidden)).status_code == 404
    assert (await stranger.http.post(address, data={"csrf": "x"})).status_code == 400
    own = browser()
    await own.sign_in(await own.get("/sign-in"))
    assert (await own.http.post(address, data={"right": "order.write"})).status_code == 400
    house.clock.advance(300)
    hidden = (await own.get("/sign-in")).forms[0].hidden
    assert (await own.http.post(address, data=hidden)).headers["location"] == "/sign-in"
    consent = await house.consents.find(consent_id)
    assert consent is not None
    assert (consent.status, len(consent.scope.split())) == ("active", 2)
