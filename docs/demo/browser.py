"""The customer's browser, as far as forms go: follows redirects, keeps cookies, runs no script."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from wire import Ask, Broken, Exchange, Wire

MOST_REDIRECTS = 10
_SILENT = ("script", "style", "template", "head")


@dataclass
class Form:
    """A form on a page; ``fields`` holds what it sends unless somebody types something else."""

    action: str = ""
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    boxes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Page:
    """What the customer sees: headings, facts, words, links, forms; or where they were sent to.

    ``facts`` are the rows of definition lists: a label and its value.
    """

    url: str
    language: str = ""
    heading: str = ""
    text: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    exchange: Exchange | None = None

    def form_with(self, element_id: str) -> Form:
        """The form that holds the field or button; ``Broken`` when the page has none."""
        for form in self.forms:
            if element_id in form.names or element_id in form.buttons:
                return form
        raise Broken(f"the page has no {element_id}; it reads: {self.text[:160]}")

    def shows(self, *texts: str) -> None:
        """Raises ``Broken`` naming the first text that the customer does not see."""
        for text in texts:
            if "".join(text.split()) not in "".join(self.text.split()):
                raise Broken(f"the page does not say: {text}; it reads: {self.text[:400]}")

    def shows_amounts(self, *amounts: str) -> None:
        """Raises ``Broken`` unless each amount stands on the page, not as part of a longer one."""
        for amount in amounts:
            if not re.search(rf"(?<![\d.,]){re.escape(amount)}(?![\d.,]*\d)", self.text):
                raise Broken(f"the page does not show {amount}; it reads: {self.text[:400]}")


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page(url)
        self._words: list[str] = []
        self._form: Form | None = None
        self._silent = 0
        self._marks: dict[str, int] = {}
        self._label = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("h1", "dt", "dd"):
            self._marks[tag] = len(self._words)
        elif tag == "html":
            self.page.language = given.get("lang", "")
        elif tag == "a" and "href" in given:
            self.page.links[given.get("hreflang") or given.get("id") or given["href"]] = given[
                "href"
            ]
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
            self.page.forms.append(self._form)
        elif tag in ("input", "button", "select", "textarea") and self._form is not None:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, element_id = given.get("name", ""), given.get("id", given.get("name", ""))
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        if kind in ("submit", "image"):
            action = given.get("formaction", form.action)
            form.buttons[element_id] = (name, given.get("value", ""), action)
            return
        if kind == "checkbox" and "checked" not in given:
            value = given.get("value", "on")
            form.boxes[value] = (name, value)
            return
        form.names[element_id] = name
        form.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag == "form":
            self._form = None
        elif tag in self._marks:
            self._close(tag, _plain(self._words[self._marks.pop(tag) :]))

    def _close(self, tag: str, text: str) -> None:
        if tag == "h1":
            self.page.heading = text
        elif tag == "dt":
            self._label = text
        else:
            self.page.facts.append((self._label, text))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)

    def finished(self) -> Page:
        self.page.text = _plain(self._words)
        return self.page


def _plain(words: list[str]) -> str:
    return " ".join(" ".join(words).split())


class Browser:
    """One customer's browser; it never leaves the bank: another host ends the way there."""

    def __init__(self, wire: Wire, languages: str) -> None:
        self._wire = wire
        self._languages = languages
        self._cookies: dict[str, str] = {}

    def open(self, url: str, *fields: str) -> Page:
        """The page at the end of the redirects, or the foreign address they lead to."""
        return self._visit(Ask("GET", url, {}), fields)

    def press(
        self, page: Page, button: str, *fields: str, tick: bool = False, **typed: str
    ) -> Page:
        """Types into the button's form by the ids of its fields, and presses the button.

        With ``tick`` every box of the form that was empty is ticked first.
        """
        form = page.form_with(button)
        if button not in form.buttons:
            raise Broken(f"{button} is not a button")
        filled = dict(form.fields)
        for element_id, value in typed.items():
            if element_id not in form.names:
                raise Broken(f"the form has no field {element_id}")
            filled[form.names[element_id]] = value
        content = list(filled.items()) + (list(form.boxes.values()) if tick else [])
        name, value, action = form.buttons[button]
        if name:
            content.append((name, value))
        target = urljoin(page.url, action or page.url)
        if form.method != "POST":
            return self._visit(Ask("GET", f"{target}?{urlencode(content)}", {}), fields)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "://".join(urlsplit(page.url)[:2]),
        }
        return self._visit(Ask("POST", target, headers, urlencode(content).encode()), fields)

    def _visit(self, ask: Ask, fields: tuple[str, ...]) -> Page:
        home = urlsplit(ask.url)[:2]
        for _ in range(MOST_REDIRECTS):
            exchange = self._wire.send(self._dressed(ask), *fields)
            self._keep(exchange.reply.cookies)
            status = exchange.reply.status
            if status not in (302, 303):
                return self._read(ask.url, exchange)
            target = urljoin(ask.url, exchange.reply.headers.get("location", ""))
            if urlsplit(target)[:2] != home:
                return Page(target, exchange=exchange)
            exchange.tell(f"on to {urlsplit(target).path}")
            ask, fields = Ask("GET", target, {}), ()
        raise Broken("the bank's pages send the browser in circles")

    def _dressed(self, ask: Ask) -> Ask:
        headers = ask.headers | {
            "Accept": "text/html,*/*;q=0.8",
            "Accept-Language": self._languages,
            "User-Agent": "tessera-demo-browser",
        }
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self._cookies.items())
        return Ask(ask.method, ask.url, headers, ask.body)

    def _keep(self, cookies: tuple[str, ...]) -> None:
        for line in cookies:
            try:
                parsed = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = morsel.value

    def _read(self, url: str, exchange: Exchange) -> Page:
        reader = _Reader(url)
        reader.feed(exchange.reply.body.decode("utf-8", errors="replace"))
        page = reader.finished()
        page.exchange = exchange
        return page
