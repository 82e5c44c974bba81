"""A browser without pictures: it reads a page's forms, words and links, and presses buttons."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx

_VOID = frozenset({"meta", "link", "input", "br", "img"})


class Form:
    """A form as a page shows it."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.hidden: dict[str, str] = {}
        self.boxes: list[str] = []
        self.consents: list[str] = []
        self.buttons: dict[str, dict[str, str]] = {}


class Page(HTMLParser):
    """What a reader, a screen reader or a script finds in a page."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.forms: list[Form] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.open: list[str] = []
        self.code = ""
        self.feed(response.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "form":
            self.forms.append(Form(found["action"]))
        elif tag == "input" and found.get("type") == "hidden":
            self.forms[-1].hidden[found["name"]] = found["value"]
        elif tag == "input" and found.get("type") == "checkbox":
            assert "checked" not in found
            form = self.forms[-1]
            boxes = form.consents if found["name"] == "consent" else form.boxes
            boxes.append(found["value"])
        elif tag == "button" and self.forms:
            self.forms[-1].buttons[found.get("id", "")] = found

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        # Only ordinary white space is folded; a no-break space is part of an amount.
        self.words = re.sub(r"[ \n]+", " ", f"{self.words} {data}").strip()
        if self.elements and self.elements[-1][1].get("id") == "sandbox-message":
            self.code += "".join(re.findall(r"[0-9]{6}", data))

    def every(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of one kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def form_with(self, button: str) -> Form:
        """The form that holds the button of that id."""
        return next(form for form in self.forms if button in form.buttons)


class Reader:
    """Follows redirects inside the bank's pages and stops where they lead elsewhere."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, address: str, **options: Any) -> Page:
        return Page(await self.http.get(address, follow_redirects=True, **options))

    async def press(
        self, page: Page, button: str, fields: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Sends the button's form as a browser would; the answer is not followed."""
        form = page.form_with(button)
        found = form.buttons[button]
        named = {found["name"]: found["value"]} if "name" in found else {}
        return await self.http.post(form.action, data=form.hidden | named | (fields or {}))

    async def follow(self, response: httpx.Response) -> Page:
        assert response.status_code == 303, response.text
        return await self.get(response.headers["location"])

    async def sign_in(self, page: Page, customer: str = "lin", passcode: str = "246810") -> Page:
        fields = {"customer": customer, "passcode": passcode}
        return await self.follow(await self.press(page, "sign-in", fields))

    async def confirm(self, page: Page, code: str = "") -> httpx.Response:
        """Types the code that the sandbox shows, or another, and confirms."""
        assert page.code, page.words
        return await self.press(page, "confirm", {"code": code or page.code})

    async def approve(self, page: Page, fields: dict[str, Any] | None = None) -> httpx.Response:
        """Approves and confirms with a code; the answer is not followed."""
        return await self.confirm(await self.follow(await self.press(page, "approve", fields)))
