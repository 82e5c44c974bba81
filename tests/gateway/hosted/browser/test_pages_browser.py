"""The pages in a real Chromium: phone and desktop, both languages, light and dark, no script.

`TESSERA_TEST_SCREENSHOTS=folder` keeps a picture of every page that is walked through.
"""

import asyncio
from pathlib import Path

import msgspec
import pytest
from selenium.webdriver.common.keys import Keys

from contracts.v1.clients import ClientMetadata
from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE, PACKAGE_ORDER_TYPE
from tests.gateway.hosted.browser.eyes import CHROMIUM, Eyes
from tests.gateway.hosted.conftest import House
from tests.gateway.oauth.partner import DETAILS, Partner

pytestmark = CHROMIUM


@pytest.mark.parametrize(
    ("language", "width", "dark", "script"),
    [
        ("zh-CN", 390, False, True),
        ("en", 390, False, False),
        ("en", 390, True, True),
        ("zh-CN", 1280, True, True),
        ("en", 1280, False, True),
    ],
)
async def test_a_customer_walks_through_every_page(
    house: House,
    partner: Partner,
    callback: str,
    address: str,
    tmp_path: Path,
    language: str,
    width: int,
    dark: bool,
    script: bool,
) -> None:
    eyes = Eyes(tmp_path, language=language, width=width, dark=dark, script=script)
    try:
        await walk(eyes, house, partner, callback, address)
        assert eyes.complaints() == []
    finally:
        await asyncio.to_thread(eyes.chrome.quit)


async def walk(eyes: Eyes, house: House, partner: Partner, callback: str, address: str) -> None:
    await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
    await eyes.look("1-sign-in")
    for passcode, page in (("000000", "2-failed"), ("246810", "3-consent")):
        await eyes.sign_in(passcode)
        await eyes.look(page)
    # Enter on a tick box must not press a button that the customer did not choose.
    await eyes.write("component-commuter-wallet.sweep", Keys.ENTER)
    await eyes.open(await eyes.where())
    assert await house.consents.for_customer("cus_lin") == []
    await eyes.tick("component-commuter-wallet.sweep")
    await eyes.press("approve")
    await eyes.look("4-confirm")
    await eyes.write("code", "12345")
    await eyes.press("confirm")
    await eyes.look("5-not-confirmed")
    await eyes.confirm()
    assert (await eyes.where()).startswith(f"{callback}?code=")
    await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
    await eyes.press("deny")
    assert (await eyes.where()).startswith(f"{callback}?error=access_denied")
    await eyes.open(f"{address}/consents")
    await eyes.look("6-consents")
    (consent,) = await house.consents.for_customer("cus_lin")
    assert len(consent.authorization_details) == 4
    await eyes.press(f"narrow-{consent.consent_id}")
    await eyes.look("7-narrow")
    await eyes.press("remove-commuter-wallet.sweep")
    await eyes.press(f"pause-{consent.consent_id}")
    await eyes.look("8-paused")
    await eyes.press(f"revoke-{consent.consent_id}")
    await eyes.look("9-revoke")
    await eyes.press("revoke")
    await eyes.look("10-ended")
    await eyes.open(f"{address}/oauth/authorize?client_id=x&request_uri=y")
    await eyes.look("11-error")
    await eyes.open(f"{address}/referrals/lin_1")
    await eyes.look("12-referral")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_right_fits_a_telephone(
    house: House, callback: str, address: str, tmp_path: Path, language: str
) -> None:
    partner = await house.register(
        redirect_uris=[callback],
        metadata=ClientMetadata(
            authorization_details_types=[PACKAGE_ORDER_TYPE, ACCOUNT_INFORMATION_TYPE]
        ),
    )
    entry = {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": ["limits", "balance"]}
    asked = {
        "scope": "order.write account.limits.read account.balance.read",
        "authorization_details": msgspec.json.encode([*DETAILS, entry]).decode(),
    }
    eyes = Eyes(tmp_path, language=language, width=390)
    eyes.name = f"rights-{eyes.name}"
    try:
        await eyes.open(address + await house.entrance(partner, redirect_uri=callback, **asked))
        await eyes.write("customer", "lin")
        await eyes.write("passcode", "246810")
        await eyes.press("sign-in")
        await eyes.look("1-consent")
        await eyes.tick("component-account-information")
        await eyes.press("approve")
        await eyes.look("2-confirm")
        await eyes.confirm()
        await eyes.open(f"{address}/consents")
        await eyes.look("3-consents")
    finally:
        await asyncio.to_thread(eyes.chrome.quit)


async def test_a_double_click_approves_once_and_arrives(
    house: House, partner: Partner, callback: str, address: str, tmp_path: Path
) -> None:
    eyes = Eyes(tmp_path, language="en", width=390)
    try:
        await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
        await eyes.write("customer", "lin")
        await eyes.write("passcode", "246810")
        await eyes.press("sign-in")
        await eyes.press("approve")
        await eyes.write("code", await eyes.code())
        twice = "const b = document.getElementById('confirm'); b.click(); b.click();"
        await asyncio.to_thread(eyes.chrome.execute_script, twice)
        await eyes.until(lambda: eyes.chrome.current_url.startswith(callback))
        assert eyes.chrome.title == "Back at the partner"
        assert len(await house.consents.for_customer("cus_lin")) == 1
    finally:
        await asyncio.to_thread(eyes.chrome.quit)
