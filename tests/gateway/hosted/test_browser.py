"""The pages in a real Chromium: phone and desktop, both languages, light and dark, no script.

`TESSERA_TEST_SCREENSHOTS=folder` keeps a picture of every page that is walked through.
"""

import asyncio
import base64
import os
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.gateway.hosted.conftest import House
from tests.gateway.oauth.partner import Partner

pytestmark = [
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
if (document.documentElement.scrollWidth > innerWidth) { faults.push('scrolls sideways'); }
return faults;
"""


class Callback(BaseHTTPRequestHandler):
    """The partner's own address, on an origin that is not the bank's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Back at the partner</title><p>Back")

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def callback() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cb"
    server.shutdown()
    server.server_close()


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    server = Server(house.app(issuer=issuer), port=port, interface=Interfaces.ASGINL)
    serving = asyncio.create_task(server.serve())
    yield issuer
    server.stop()
    await serving


@pytest.fixture
async def partner(house: House, callback: str) -> Partner:
    return await house.register(redirect_uris=[callback])


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

    def complaints(self) -> list[str]:
        """What the browser itself says against the pages, refusals by CSP above all."""
        entries: list[dict[str, str]] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        # A page that answers 4xx is noted as a failed load, which is no complaint.
        return [entry["message"] for entry in entries if "a status of 40" not in entry["message"]]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "tessera.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


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
        await eyes.write("customer", "lin")
        await eyes.write("passcode", passcode)
        await eyes.press("sign-in")
        await eyes.look(page)
    # Enter on a tick box must not press a button that the customer did not choose.
    await eyes.write("component-commuter-wallet.sweep", Keys.ENTER)
    await eyes.open(await eyes.where())
    assert await house.consents.for_customer("cus_lin") == []
    await eyes.tick("component-commuter-wallet.sweep")
    await eyes.press("approve")
    assert (await eyes.where()).startswith(f"{callback}?code=")
    await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
    await eyes.press("deny")
    assert (await eyes.where()).startswith(f"{callback}?error=access_denied")
    await eyes.open(f"{address}/consents")
    await eyes.look("4-consents")
    (consent,) = await house.consents.for_customer("cus_lin")
    assert len(consent.authorization_details) == 4
    await eyes.press(f"revoke-{consent.consent_id}")
    await eyes.look("5-revoke")
    await eyes.press("revoke")
    await eyes.look("6-ended")
    await eyes.open(f"{address}/oauth/authorize?client_id=x&request_uri=y")
    await eyes.look("7-error")
    await eyes.open(f"{address}/referrals/lin_1")
    await eyes.look("8-referral")


async def test_a_double_click_approves_once_and_arrives(
    house: House, partner: Partner, callback: str, address: str, tmp_path: Path
) -> None:
    eyes = Eyes(tmp_path, language="en", width=390)
    try:
        await eyes.open(address + await house.entrance(partner, redirect_uri=callback))
        await eyes.write("customer", "lin")
        await eyes.write("passcode", "246810")
        await eyes.press("sign-in")
        twice = "const b = document.getElementById('approve'); b.click(); b.click();"
        await asyncio.to_thread(eyes.chrome.execute_script, twice)
        await eyes.until(lambda: eyes.chrome.current_url.startswith(callback))
        assert eyes.chrome.title == "Back at the partner"
        assert len(await house.consents.for_customer("cus_lin")) == 1
    finally:
        await asyncio.to_thread(eyes.chrome.quit)
