"""A real Chromium that looks at the pages: measures them, presses, and may keep pictures."""

import asyncio
import base64
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.remote.webelement import WebElement

# The marks of a test that looks.
CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None or shutil.which("chromedriver") is None,
        reason="no Chromium with its driver on this machine",
    ),
]
# What a reader who sees little needs: the contrast of WCAG 2.2 (1.4.3), measured on the page.
MEASURE = """
const light = (c) => { const p = c.map((v) => { v /= 255;
  return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * p[0] + .7152 * p[1] + .0722 * p[2]; };
const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const ground = (e) => { for (; e; e = e.parentElement) {
  const style = getComputedStyle(e);
  if (style.backgroundImage !== 'none') { return null; }
  const c = parts(style.backgroundColor);
  if (c.length === 3 || c[3] === 1) { return c.slice(0, 3); } } return [255, 255, 255]; };
const faults = [];
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (words.nextNode()) {
  const e = words.currentNode.parentElement;
  if (!words.currentNode.data.trim() || !e.checkVisibility()) { continue; }
  const back = ground(e);
  if (!back) { continue; }
  const [a, b] = [light(parts(getComputedStyle(e).color).slice(0, 3)), light(back)];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) { faults.push(`${e.textContent.trim().slice(0, 30)}: contrast ${ratio}`); }
}
for (const e of document.querySelectorAll('button, .button, .switch, summary, .tick, input')) {
  const box = e.getBoundingClientRect();
  if (e.type !== 'hidden' && e.type !== 'checkbox' && e.checkVisibility() && box.height < 44) {
    faults.push(`${e.textContent.trim() || e.id}: ${box.height} px high`); } }
// A telephone widens innerWidth itself to whatever sticks out; this width it keeps.
const {scrollWidth, clientWidth} = document.documentElement;
if (scrollWidth > clientWidth) { faults.push('scrolls sideways'); }
return faults;
"""


def left(page: WebElement) -> bool:
    """Whether the browser has gone on from a page, given its root element."""
    try:
        page.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as error:
        # Asked in the very moment of the change, the driver loses the node on its way.
        if "inspector error" in str(error):
            return True
        raise
    return False


class Eyes:
    """A Chromium of its own; every look measures the page and may keep a picture."""

    def __init__(
        self, folder: Path, *, language: str, width: int, dark: bool = False, script: bool = True
    ) -> None:
        options = ChromeOptions()
        for argument in (
            "headless=new no-sandbox disable-gpu disable-quic no-first-run"
            " disable-background-networking disable-component-update disable-sync"
            f" user-data-dir={folder / 'profile'} accept-lang={language}"
        ).split():
            options.add_argument(f"--{argument}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.chrome = Chrome(options, Service(shutil.which("chromedriver")))
        self.name = f"{language}-{width}" + ("-dark" if dark else "")
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        if not script:
            self.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.script = script

    async def open(self, address: str) -> None:
        await asyncio.to_thread(self.chrome.get, address)

    async def where(self) -> str:
        return await asyncio.to_thread(lambda: self.chrome.current_url)

    async def sign_in(self, passcode: str = "246810") -> None:
        """Signs Lin in, or fails to with another passcode."""
        await self.write("customer", "lin")
        await self.write("passcode", passcode)
        await self.press("sign-in")

    async def press(self, element_id: str) -> None:
        """Presses a button or link and waits for the page that answers."""
        old = await self.find(By.TAG_NAME, "html")
        await self.tick(element_id)
        await self.until(lambda: left(old))

    async def tick(self, element_id: str) -> None:
        element = await self.find(By.ID, element_id)
        await asyncio.to_thread(element.click)

    async def write(self, element_id: str, text: str) -> None:
        element = await self.find(By.ID, element_id)
        await asyncio.to_thread(element.send_keys, text)

    async def code(self) -> str:
        """The one-time code that the sandbox shows."""
        message = await self.find(By.ID, "sandbox-message")
        found = re.search(r"[0-9]{6}", await asyncio.to_thread(lambda: message.text))
        assert found is not None
        return found[0]

    async def confirm(self) -> None:
        """Types the code that the sandbox shows, and confirms."""
        await self.write("code", await self.code())
        await self.press("confirm")

    async def find(self, by: str, value: str) -> WebElement:
        """Found in a thread, as everything is: the server runs in the test's own loop."""
        return await asyncio.to_thread(self.chrome.find_element, by, value)

    async def until(self, arrived: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(arrived):
                await asyncio.sleep(0.02)

    async def look(self, page: str) -> None:
        """Measures the page and complains of what a reader could not read or press."""
        if self.script:
            assert await asyncio.to_thread(self.chrome.execute_script, MEASURE) == []
        if folder := os.environ.get("TESSERA_TEST_SCREENSHOTS"):
            picture = await asyncio.to_thread(
                self.chrome.execute_cdp_cmd,
                "Page.captureScreenshot",
                {"captureBeyondViewport": True},
            )
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / f"{self.name}-{page}.png"
            path.write_bytes(base64.b64decode(picture["data"]))

    async def virtual_authenticator(self) -> None:
        """Gives the browser a device that makes passkeys and knows its person."""
        options = VirtualAuthenticatorOptions(
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        await asyncio.to_thread(self.chrome.add_virtual_authenticator, options)

    def complaints(self) -> list[str]:
        """What the browser itself says against the pages, refusals by CSP above all."""
        entries: list[dict[str, str]] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        # A page that answers 4xx is noted as a failed load, which is no complaint.
        return [entry["message"] for entry in entries if "a status of 4" not in entry["message"]]
