"""What a client asks of the sign-in: how recent, how sure, who, and that no page be shown."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import ISSUER, Partner

Browsers = Callable[..., Reader]
ONE_FACTOR, TWO_FACTOR = "urn:tessera:acr:one-factor", "urn:tessera:acr:two-factor"


async def signed_in(house: House, reader: Reader) -> None:
    await reader.sign_in(await reader.get("/sign-in"))
    house.clock.advance(120)


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        ({"prompt": "login"}, True),
        ({"max_age": "0"}, True),
        ({"max_age": "60"}, True),
        ({"max_age": "600"}, False),
        ({}, False),
    ],
)
async def test_an_older_sign_in_is_asked_for_again_and_then_is_enough(
    house: House, partner: Partner, browser: Browsers, asked: dict[str, str], again: bool
) -> None:
    reader = browser()
    await signed_in(house, reader)
    page = await reader.get(await house.entrance(partner, **asked))
    assert ("sign in again for this request" in page.words) is again
    if again:
        page = await reader.sign_in(page)
    assert "code=" in (await reader.approve(page)).headers["location"]


async def test_a_request_for_a_new_sign_in_is_not_approved_around_it(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    await signed_in(house, reader)
    page = await reader.get(await house.entrance(partner, prompt="login"))
    action = page.form_with("sign-in").action.replace("/sign-in", "/consent")
    sent = await reader.http.post(
        action, data=page.form_with("sign-in").hidden | {"decision": "approve"}
    )
    assert sent.headers["location"].startswith("/sign-in?flow=")
    assert await house.consents.for_customer("cus_lin") == []


@pytest.mark.parametrize(
    ("known", "error"), [(False, "login_required"), (True, "consent_required")]
)
async def test_no_page_is_shown_where_none_is_wanted(
    house: House, partner: Partner, browser: Browsers, known: bool, error: str
) -> None:
    reader = browser()
    if known:
        await signed_in(house, reader)
    answer = await reader.http.get(await house.entrance(partner, prompt="none"))
    assert answer.status_code == 303
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["error"], told["iss"]) == ([error], [ISSUER])


async def test_the_hint_is_typed_beforehand_and_proves_nothing(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get(await house.entrance(partner, login_hint='zhao"><b>'))
    (field,) = [one for one in page.every("input") if one.get("name") == "customer"]
    assert field["value"] == 'zhao"><b>'
    assert "Lin Xiao" in (await reader.sign_in(page)).words


@pytest.mark.parametrize(
    ("acr_values", "second"), [(None, False), (ONE_FACTOR, False), (TWO_FACTOR, True)]
)
async def test_a_request_without_a_customers_own_data_needs_what_it_asks_for(
    house: House, partner: Partner, browser: Browsers, acr_values: str | None, second: bool
) -> None:
    reader = browser()
    entrance = await house.entrance(
        partner, authorization_details=None, scope="openid", acr_values=acr_values
    )
    page = await reader.sign_in(await reader.get(entrance))
    answer = await reader.press(page, "approve")
    if second:
        answer = await reader.confirm(await reader.follow(answer))
    assert "code=" in answer.headers["location"]
    (consent,) = await house.consents.for_customer("cus_lin")
    assert consent.acr == (TWO_FACTOR if second else ONE_FACTOR)
    assert consent.amr == (("pin", "otp", "mfa") if second else ("pin",))


@pytest.mark.parametrize("scope", ["order.read", "account.limits.read"])
async def test_a_customers_own_data_needs_two_factors_unasked(
    house: House, partner: Partner, browser: Browsers, scope: str
) -> None:
    reader = browser()
    entrance = await house.entrance(partner, authorization_details=None, scope=scope)
    page = await reader.sign_in(await reader.get(entrance))
    asked = await reader.follow(await reader.press(page, "approve"))
    assert asked.code
    refused = Page(await reader.press(asked, "confirm", {"code": ""}))
    assert refused.status == 403
    assert await house.consents.for_customer("cus_lin") == []
