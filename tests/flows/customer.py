"""What a customer does at the bank's pages: sign in, approve, take back."""

from dataclasses import dataclass
from typing import Any

from tests.flows.browser import Browser, Page
from tests.flows.partner import Partner, Pushed, code_in


@dataclass(frozen=True)
class Customer:
    """Somebody the sandbox bank knows, and what they type to sign in."""

    login: str
    passcode: str
    customer_id: str

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Types name and passcode; the page after it."""
        return browser.press(page, "sign-in", customer=self.login, passcode=self.passcode)

    def approve(self, browser: Browser, pushed: Pushed, issuer: str) -> str:
        """Signs in, approves what is asked, and returns the code in the redirect."""
        page = browser.open(pushed.path)
        if not browser_is_known(page):
            page = self.sign_in(browser, page)
        return code_in(self.agree(browser, page).location, pushed, issuer)

    def agree(self, browser: Browser, page: Page) -> Page:
        """Approves what the page shows and types the code that the sandbox would have sent."""
        return self.confirm(browser, browser.press(page, "approve"))

    def confirm(self, browser: Browser, page: Page) -> Page:
        """Types the one-time code on the page of the second factor."""
        return browser.press(page, "confirm", code=page.code)

    def take_back(self, browser: Browser, consent_id: str) -> Page:
        """Ends a consent on the bank's own page; one that has ended is shown as such."""
        path = f"/consents/{consent_id}/revoke"
        page = browser.open(path)
        if not browser_is_known(page):
            self.sign_in(browser, page)
            page = browser.open(path)
        has_ended = page.path.startswith("/consents?ended=")
        return page if has_ended else browser.press(page, "revoke")


def browser_is_known(page: Page) -> bool:
    """Whether the page is for somebody who has signed in."""
    return not any("sign-in" in form.buttons for form in page.forms)


def tokens(partner: Partner, customer: Customer, browser: Browser | None = None) -> dict[str, Any]:
    """The whole way from PAR to the tokens of a customer's fresh consent."""
    answer, pushed = partner.push()
    assert pushed is not None, answer.text
    issuer = partner.line.issuer
    code = customer.approve(browser or Browser(partner.line), pushed, issuer)
    granted = partner.exchange(code, pushed)
    assert granted.status_code == 200, granted.text
    found: dict[str, Any] = granted.json()
    return found
