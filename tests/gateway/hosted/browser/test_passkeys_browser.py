"""Passkeys in a real Chromium with a virtual authenticator: made, used, left and removed."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By

from tests.gateway.hosted.browser.eyes import CHROMIUM, Eyes
from tests.gateway.hosted.conftest import House
from tests.gateway.oauth.partner import Partner

pytestmark = CHROMIUM


async def make_passkey(eyes: Eyes, address: str) -> None:
    """From the list to the list: a code, a name, and the device's own ceremony."""
    await eyes.open(f"{address}/passkeys")
    await eyes.look("1-none")
    await eyes.press("add-passkey")
    await eyes.look("2-code-first")
    await eyes.confirm()
    await eyes.look("3-name-it")
    await eyes.write("label", "My phone")
    await eyes.press("make-passkey")
    await eyes.look("4-listed")


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 390, False), ("zh-CN", 1280, True)])
async def test_a_passkey_is_registered_signs_in_and_approves(
    house: House,
    partner: Partner,
    callback: str,
    address: str,
    tmp_path: Path,
    language: str,
    width: int,
    dark: bool,
) -> None:
    eyes = Eyes(tmp_path, language=language, width=width, dark=dark)
    eyes.name = f"passkeys-{eyes.name}"
    try:
        await eyes.virtual_authenticator()
        await eyes.open(f"{address}/sign-in")
        await eyes.sign_in()
        await make_passkey(eyes, address)
        await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
        await eyes.press("approve")
        await eyes.look("5-approve")
        await eyes.press("use-passkey")
        assert (await eyes.where()).startswith(f"{callback}?code=")
        (consent,) = await house.consents.for_customer("cus_lin")
        assert consent.acr == "urn:tessera:acr:two-factor"
        assert consent.amr[0] == "pin"
        assert consent.amr[1] in ("hwk", "swk")
        await eyes.open(f"{address}/consents")
        await asyncio.to_thread(eyes.chrome.delete_all_cookies)
        await eyes.open(f"{address}/sign-in")
        await eyes.sign_in()
        await eyes.look("6-complete-the-sign-in")
        await eyes.press("use-passkey")
        assert urlsplit(await eyes.where()).path == "/consents"
        await eyes.open(f"{address}/passkeys")
        await eyes.look("7-used")
        (button,) = await asyncio.to_thread(
            eyes.chrome.find_elements, By.CSS_SELECTOR, "button[name=passkey]"
        )
        await eyes.press(str(await asyncio.to_thread(button.get_attribute, "id")))
        await eyes.look("8-which-goes")
        await eyes.press("use-passkey")
        await eyes.look("9-removed")
        assert eyes.complaints() == []
    finally:
        await asyncio.to_thread(eyes.chrome.quit)


async def test_a_device_without_the_passkey_confirms_nothing_and_says_so(
    house: House, partner: Partner, callback: str, address: str, tmp_path: Path
) -> None:
    eyes = Eyes(tmp_path, language="en", width=390)
    eyes.name = "passkeys-other-device"
    try:
        await eyes.virtual_authenticator()
        await eyes.open(f"{address}/sign-in")
        await eyes.sign_in()
        await make_passkey(eyes, address)
        await asyncio.to_thread(eyes.chrome.remove_all_credentials)
        await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
        await eyes.press("approve")
        await eyes.tick("use-passkey")
        problem = await eyes.find(By.CSS_SELECTOR, "[data-problem]")
        await eyes.until(problem.is_displayed)
        await eyes.look("no-such-passkey")
        await eyes.press("send-code")
        await eyes.confirm()
        assert (await eyes.where()).startswith(f"{callback}?code=")
    finally:
        await asyncio.to_thread(eyes.chrome.quit)
