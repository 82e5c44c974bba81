"""The customer's browser, as far as forms go: follows redirects, keeps cookies, runs no script."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from tests.flows.wire import Line

_REDIRECTS_MOST = 10
_FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass
class Form:
    """A form of a page: where it is sent, what it sends by itself, and its buttons by id."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """What the browser shows; ``location`` is set where the bank sent it elsewhere."""

    path: str
    status: int
    text: str
    forms: tuple[Form, ...] = ()
    location: str = ""

    @property
    def code(self) -> str:
        """The one-time code that a sandbox shows instead of sending it."""
        found = re.search(r"(?<!\d)\d{6}(?!\d)", self.text)
        assert found, f"{self.path} ({self.status}) shows no code: {self.text}"
        return found[0]


@dataclass(frozen=True)
class Post:
    """A form as it was sent, so that it can be sent again."""

    path: str
    body: bytes


class Browser:
    """One customer at the bank's pages; leaving the bank ends the way."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.cookies: dict[str, str] = {}

    def through(self, line: Line) -> "Browser":
        """The same browser with its cookies, sending elsewhere."""
        other = Browser(line)
        other.cookies = self.cookies
        return other

    def open(self, path: str) -> Page:
        """The page at the end of the redirects."""
        return self._follow(self._send("GET", path))

    def fill(self, page: Page, button: str, **typed: str) -> Post:
        """What pressing the button would send, with the fields typed by name."""
        for form in page.forms:
            if button in form.buttons:
                name, value = form.buttons[button]
                sent = form.fields | typed | ({name: value} if name else {})
                return Post(form.action or page.path, urlencode(sent).encode())
        raise AssertionError(f"{page.path} ({page.status}) has no button {button}: {page.text}")

    def send(self, post: Post) -> Page:
        """Sends a filled form, for the first time or again."""
        return self._follow(self._send("POST", post.path, post.body))

    def press(self, page: Page, button: str, **typed: str) -> Page:
        """Fills and sends."""
        return self.send(self.fill(page, button, **typed))

    def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(_REDIRECTS_MOST):
            path = answer.request.url.raw_path.decode()
            if answer.status_code not in (302, 303):
                return _read(path, answer)
            target = urljoin(self._line.issuer + path, answer.headers["location"])
            if not target.startswith(f"{self._line.issuer}/"):
                return Page(path, answer.status_code, "", location=target)
            parts = urlsplit(target)
            answer = self._send("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        raise AssertionError("the bank's pages send the browser in circles")

    def _send(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        headers = {"Accept-Language": "en"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        if method == "POST":
            headers |= {"Content-Type": _FORM_TYPE, "Origin": self._line.issuer}
        answer = self._line.send(method, path, headers=headers, body=body)
        for given in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(given).items():
                self.cookies[name] = morsel.value
        return answer


def _read(path: str, answer: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    text = " ".join(" ".join(reader.words).split())
    return Page(path, answer.status_code, text, tuple(reader.forms))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._inside = True
        elif self._inside and tag == "button":
            self.forms[-1].buttons[given.get("id", "")] = (
                given.get("name", ""),
                given.get("value", ""),
            )
        elif self._inside and tag == "input" and given.get("type") != "checkbox":
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        self.words.append(data)
