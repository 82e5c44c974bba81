"""The customer at the bank's own pages: signs in, reads, agrees, and takes it back again."""

import re
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import wish
from browser import Browser, Page
from native import Pushed
from plot import claim, yuan
from wire import Broken, Exchange, Wire

LANGUAGES = "zh-CN,zh;q=0.9,en;q=0.5"


class Customer:
    """A person with a passcode and a browser; in the sandbox a persona made for this run."""

    def __init__(self, wire: Wire, address: str, persona: dict[str, Any]) -> None:
        self._wire = wire
        self._address = address
        self._persona = persona
        self._browser = Browser(wire, LANGUAGES)
        self._consent_page = Page("")
        self._confirm_page = Page("")

    @property
    def name(self) -> str:
        """How the bank greets them."""
        return f"{self._persona['name_zh']} ({self._persona['name_en']})"

    def sign_in(self, pushed: Pushed) -> None:
        """Follows the partner's link to the bank, types login and passcode, reaches the consent."""
        page = self._browser.open(pushed.url, "client_id and request_uri, nothing else")
        page = self._press_sign_in(self._browser, page)
        page.form_with("approve")
        self._consent_page = page

    def read_consent(self, partner: dict[str, Any], asked: dict[str, str], package: Any) -> None:
        """Reads the consent page in both languages: who asks, for what, within which caps."""
        for language in wish.LANGUAGES:
            page = self._turn_to(self._consent_page, language)
            page.form_with("deny")
            claim(page.language == language, f"the page says it is {page.language}")
            page.shows(partner["partner_name_zh" if language == "zh-CN" else "partner_name"])
            page.shows(package["title"][language])
            page.shows_amounts(*asked.values())
            for component in package["components"]:
                page.shows(component["title"][language])
            for disclosure in package["disclosures"]:
                page.shows(disclosure["text"][language])
            _told(page).tell(f"{language}: {page.heading}", *_agreed(page, asked))
            _told(page).tell(f"{len(package['disclosures'])} disclosures word for word")
            self._consent_page = page

    def approve(self, asked: dict[str, str]) -> None:
        """Takes every optional part too and approves; the bank asks for a second factor.

        Its page says once more what exactly is confirmed.
        """
        page = self._browser.press(self._consent_page, "approve", "every part", tick=True)
        page.form_with("confirm")
        page.shows_amounts(*asked.values())
        _told(page).tell("a second factor is asked for", *_agreed(page, asked))
        self._confirm_page = page

    def confirm(self, pushed: Pushed, issuer: str) -> str:
        """Types the one-time code, which a sandbox shows on the page instead of sending it.

        Returns the code, once state and issuer are proved to be those of our request (RFC 9207).
        """
        found = re.search(r"(?<!\d)\d{6}(?!\d)", self._confirm_page.text)
        claim(found is not None, "the sandbox shows no one-time code")
        typed = found[0] if found else ""
        landing = self._browser.press(
            self._confirm_page, "confirm", "one-time code: ******", code=typed
        )
        claim(landing.url.startswith(pushed.redirect_uri), f"the browser ended at {landing.url}")
        answer = {name: values[0] for name, values in parse_qs(urlsplit(landing.url).query).items()}
        claim("error" not in answer, f"the answer is an error: {answer}")
        claim(answer.get("state") == pushed.state, "the answer carries another state than ours")
        claim(answer.get("iss") == issuer, f"the answer says it comes from {answer.get('iss')}")
        claim(bool(answer.get("code")), "the answer carries no code")
        _told(landing).tell(
            f"to {pushed.redirect_uri}", "code", "state as sent", f"iss {answer['iss']}"
        )
        return answer["code"]

    def revoke(self, consent_id: str, partner_name: str) -> None:
        """Signs in on another day's browser, finds the consent on the list and takes it back."""
        browser = Browser(self._wire, LANGUAGES)
        page = self._press_sign_in(browser, browser.open(f"{self._address}/consents"))
        page.shows(partner_name)
        link = f"revoke-{consent_id}"
        claim(link in page.links, f"the consent is not on the list: {page.text[:300]}")
        page = browser.open(urljoin(page.url, page.links[link]))
        page = browser.press(page, "revoke")
        claim(link not in page.links, "the consent can still be taken back")
        _told(page).expect(200).tell("the list shows it as ended")

    def _press_sign_in(self, browser: Browser, page: Page) -> Page:
        return browser.press(
            page,
            "sign-in",
            f"customer: {self._persona['customer']}",
            "passcode: ******",
            customer=self._persona["customer"],
            passcode=self._persona["passcode"],
        )

    def _turn_to(self, page: Page, language: str) -> Page:
        if page.language == language:
            return self._browser.open(page.url)
        claim(language in page.links, f"the page has no switch to {language}")
        return self._browser.open(urljoin(page.url, page.links[language]))


def _told(page: Page) -> Exchange:
    if page.exchange is None:
        raise Broken("the page came from nowhere")
    return page.exchange


def _agreed(page: Page, asked: dict[str, str]) -> list[str]:
    """The lines of the page that say the asked amounts, each once."""
    found = [
        f"{label} {value}" for label, value in page.facts if value.endswith(tuple(asked.values()))
    ]
    # The package's own limits further down may be the same amounts; those agreed come first.
    return list(dict.fromkeys(found))[: len(asked)]


def amounts(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Every amount in the entries by its name, as the page must show it."""
    return {
        name: yuan(entry[name])
        for entry in entries
        for name in ("top_up", "per_debit_cap", "daily_cap")
        if name in entry
    }
