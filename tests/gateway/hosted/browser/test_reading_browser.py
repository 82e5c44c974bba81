"""Reading in a real Chromium: the button waits with the reader, and the server with both."""

import asyncio
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from gateway.products.package_files import PackageFile
from tests.credit import CODE, credit
from tests.gateway.hosted.browser.eyes import CHROMIUM, Eyes
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.test_reading import DETAILS
from tests.gateway.oauth.partner import Partner

pytestmark = CHROMIUM


@pytest.fixture
def packages() -> tuple[PackageFile, ...]:
    return (credit(cost_table=True),)


@pytest.fixture
async def entrance(house: House, partner: Partner, callback: str, address: str) -> str:
    """The address of a request for credit."""
    await house.enlist(partner)
    path = await house.entrance(partner, redirect_uri=callback, authorization_details=DETAILS)
    return address + path


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [
        ("zh-CN", 390, False),
        ("en", 390, True),
        ("en", 390, False),
        ("zh-CN", 1280, True),
        ("en", 1280, False),
    ],
)
async def test_the_button_counts_down_and_then_approves(
    house: House,
    entrance: str,
    callback: str,
    address: str,
    tmp_path: Path,
    language: str,
    width: int,
    dark: bool,
) -> None:
    eyes = Eyes(tmp_path, language=language, width=width, dark=dark)
    eyes.name = f"reading-{eyes.name}"
    try:
        await eyes.open(entrance)
        await eyes.sign_in()
        approve = await eyes.find(By.ID, "approve")
        assert not await asyncio.to_thread(approve.is_enabled)
        await eyes.look("1-to-read")
        # Most of the time has passed for the server; the browser counts the rest by itself.
        house.clock.advance(6)
        await eyes.open(await eyes.where())
        reading = await eyes.find(By.ID, "reading")
        assert await asyncio.to_thread(reading.get_attribute, "data-seconds") == "2"
        approve = await eyes.find(By.ID, "approve")
        await eyes.until(approve.is_enabled)
        await eyes.look("2-read")
        # A clock of the browser's that runs ahead gains nothing.
        await eyes.press("approve")
        await eyes.look("3-too-soon")
        house.clock.advance(2)
        await eyes.open(address + "/consent?" + (await eyes.where()).partition("?")[2])
        await eyes.tick(f"consent-{CODE}.marketing")
        await eyes.press("approve")
        await eyes.confirm()
        assert (await eyes.where()).startswith(f"{callback}?code=")
        (consent,) = await house.consents.for_customer("cus_lin")
        assert f"{CODE}.marketing" in consent.notice.consents
        await eyes.open(f"{address}/consents")
        await eyes.look("4-consents")
        await eyes.press(f"texts-{consent.consent_id}")
        await eyes.look("5-texts")
        assert eyes.complaints() == []
    finally:
        await asyncio.to_thread(eyes.chrome.quit)


async def test_without_script_the_server_alone_keeps_the_time(
    house: House, entrance: str, callback: str, tmp_path: Path
) -> None:
    eyes = Eyes(tmp_path, language="en", width=390, script=False)
    eyes.name = "reading-no-script"
    try:
        await eyes.open(entrance)
        await eyes.sign_in()
        await eyes.press("approve")
        problem = await eyes.find(By.ID, "problem")
        assert "Read on for 8 seconds" in await asyncio.to_thread(lambda: problem.text)
        await eyes.look("too-soon")
        assert await house.consents.for_customer("cus_lin") == []
        house.clock.advance(8)
        await eyes.press("approve")
        await eyes.confirm()
        assert (await eyes.where()).startswith(f"{callback}?code=")
    finally:
        await asyncio.to_thread(eyes.chrome.quit)
