"""A customer sees every consent and ends one in two taps, from the next call on."""

from collections.abc import Callable

from gateway.consents.service import is_live
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]


async def approved(house: House, partner: Partner, reader: Reader) -> str:
    page = await reader.get(await house.entrance(partner))
    if "Sign in" in page.words:
        page = await reader.sign_in(page)
    await reader.press(page, "approve")
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
