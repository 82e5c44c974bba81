"""A customer signs in, sees what is asked, decides, and is sent back with the answer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import ISSUER, REDIRECT_URI, Partner

Browsers = Callable[..., Reader]


async def consent_page(house: House, partner: Partner, reader: Reader, **fields: Any) -> Page:
    return await reader.sign_in(await reader.get(await house.entrance(partner, **fields)))


def answer_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}&")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def test_an_approval_returns_code_state_and_issuer(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await consent_page(house, partner, reader)
    answer = answer_of(await reader.approve(page))
    assert answer["state"] == "st/ate 1"
    assert answer["iss"] == ISSUER
    assert len(answer["code"]) >= 43


async def test_the_page_shows_everything_that_is_asked(
    house: House, partner: Partner, browser: Browsers
) -> None:
    words = (await consent_page(house, partner, browser())).words
    for expected in (
        "Wayfare",
        "Commuter wallet",
        "Paid in now from your bound account CNY\u00a050.00",
        "Paid to Wayfare",
        "At most per debit CNY\u00a020.00",
        "At most per day in all CNY\u00a0100.00",
        "CNY\u00a00.00 (free)",
        "A money fund is not a deposit.",
        "Number of the identity document",
        "23 May 2027 (180 days)",
        "Lin Xiao",
    ):
        assert expected in words


async def test_optional_parts_are_left_out_unless_ticked(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    first = await consent_page(house, partner, reader)
    assert first.form_with("approve").boxes == ["commuter-wallet.sweep"]
    answer_of(await reader.approve(first))
    house.clock.advance(1)
    second = await reader.get(await house.entrance(partner))
    answer_of(await reader.approve(second, {"component": "commuter-wallet.sweep"}))
    with_sweep, without = await house.consents.for_customer("cus_lin")
    names = [
        sorted(entry["component"] for entry in consent.authorization_details)
        for consent in (without, with_sweep)
    ]
    assert names == [["purse", "ride", "vault"], ["purse", "ride", "sweep", "vault"]]
    assert without.notice.declined == ("commuter-wallet.sweep",)


async def test_a_required_part_cannot_be_left_out_and_none_be_added(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await consent_page(house, partner, reader)
    answer_of(await reader.approve(page, {"component": ["commuter-wallet.loan", "x"]}))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert len(consent.authorization_details) == 3


async def test_the_consent_records_what_was_shown_and_how_sure_the_bank_was(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser("zh-CN")
    await reader.approve(await consent_page(house, partner, reader))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert (consent.acr, consent.amr) == ("urn:tessera:acr:two-factor", ("pin", "otp", "mfa"))
    assert consent.notice.purpose == "commuter-wallet@1.0.0"
    assert (consent.notice.recipient, consent.notice.language) == ("Wayfare", "zh-CN")
    # What is said about the part that was left out was not agreed to.
    assert len(consent.notice.disclosures) == 3


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_refusal_is_told_to_the_partner(
    house: House, partner: Partner, browser: Browsers, signed_in: bool
) -> None:
    reader = browser()
    page = await reader.get(await house.entrance(partner))
    if signed_in:
        page = await reader.sign_in(page)
    answer = answer_of(await reader.press(page, "deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == (
        "access_denied",
        "st/ate 1",
        ISSUER,
    )
    assert await house.consents.for_customer("cus_lin") == []


async def test_a_decided_request_is_over_and_going_back_says_so(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    entrance = await house.entrance(partner)
    page = await reader.sign_in(await reader.get(entrance))
    await reader.approve(page)
    again = await reader.follow(await reader.press(page, "approve"))
    assert "already decided" in again.words
    assert "can no longer be used" in (await reader.get(entrance)).words
    assert len(await house.consents.for_customer("cus_lin")) == 1


async def test_the_forms_first_button_decides_nothing(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await consent_page(house, partner, reader)
    form = page.form_with("approve")
    assert next(iter(form.buttons.values()))["value"] == "review"
    fields = form.hidden | {"decision": "review"}
    again = await reader.follow(await reader.http.post(form.action, data=fields))
    assert again.form_with("approve").action == form.action
    assert await house.consents.for_customer("cus_lin") == []


async def test_two_tabs_do_not_disturb_each_other(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    other = await house.register(partner_name="Harbour", partner_name_zh="海港")
    first = await reader.get(await house.entrance(partner))
    second = await reader.get(await house.entrance(other))
    page = await reader.sign_in(first)
    # The second tab's form is from before the sign-in; going on shows it anew, signed in.
    stale = Page(await reader.press(second, "sign-in", {"customer": "lin", "passcode": "246810"}))
    assert stale.status == 400
    (go_on, *_) = [link["href"] for link in stale.every("a") if "flow=" in link.get("href", "")]
    fresh = await reader.get(go_on)
    assert "Harbour" in fresh.words
    answer_of(await reader.approve(page))
    answer_of(await reader.approve(fresh))
    assert len(await house.consents.for_customer("cus_lin")) == 2


async def test_without_any_second_factor_nothing_that_needs_one_is_approved(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser(live=True)
    page = await consent_page(house, partner, reader)
    form = page.form_with("deny")
    assert "approve" not in form.buttons
    forced = await reader.http.post(form.action, data=form.hidden | {"decision": "approve"})
    assert forced.status_code == 403
    assert await house.consents.for_customer("cus_lin") == []
    answer_of(await reader.press(page, "deny"))


async def test_a_request_for_scopes_alone_is_shown_and_approved(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await consent_page(house, partner, reader, authorization_details=None)
    assert "Follow the progress of the order" in page.words
    answer_of(await reader.approve(page))
