"""Between a request and its page: who the browser is, which language, and how errors look."""

import re
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec
import structlog
from litestar import Request, Response
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.forms import Fields, read_form
from gateway.hosted.language import Language, choose, known
from gateway.hosted.pages import Pages
from gateway.hosted.service import Hosted
from gateway.hosted.sessions import Browser
from gateway.web.errors import translate

journal = structlog.get_logger("tessera.hosted")
HttpRequest = Request[Any, Any, Any]
# Longer paths lead nowhere, so nobody needs to come back to one.
_PATH_LONGEST: Final = 128
_FLOW_ID: Final = re.compile(r"flw_[0-9a-z]{26}")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request of one browser: the query, the form where there is one, and the cookies due."""

    path: str
    browser: Browser
    query: Fields
    form: Fields
    accepted: str
    remembered: str | None
    cookies: tuple[tuple[str, str], ...]

    @property
    def flow_id(self) -> str:
        """The flow the page belongs to; empty for the customer's own pages."""
        return self.query.one("flow")

    @property
    def confirmation_id(self) -> str:
        """What is being confirmed; empty for every other page."""
        return self.query.one("c")

    @property
    def here(self) -> str:
        """The page's own address."""
        return address(self.path, self.flow_id, self.confirmation_id)

    def language(self, wished: tuple[str, ...] = ()) -> Language:
        """The reader's language; ``wished`` is what the partner's request prefers."""
        return choose(
            asked=self.query.one("lang"),
            remembered=self.remembered,
            request=wished,
            accepted=self.accepted,
        )


class Desk:
    """Receives every request of the room."""

    def __init__(self, hosted: Hosted, pages: Pages) -> None:
        self._hosted = hosted
        self._pages = pages

    async def receive(self, request: HttpRequest) -> Visit:
        """A page asked for. A browser without a cookie of ours is due one."""
        return await self._visit(request, Fields(b""))

    async def receive_form(self, request: HttpRequest) -> Visit:
        """A form sent by a page this browser was shown, else ``PageExpired``."""
        form = read_form(await request.body(), request.headers.get("content-type", ""))
        visit = await self._visit(request, form)
        visit.browser.check_csrf(form.one("csrf"))
        return visit

    async def _visit(self, request: HttpRequest, form: Fields) -> Visit:
        cookies = self._pages.cookies
        browser = await self._hosted.recognise(request.cookies.get(cookies.session, ""))
        query = Fields(request.scope["query_string"])
        due = [cookies.remember(browser.secret)] if browser.fresh else []
        if language := known(query.one("lang")):
            due.append(cookies.prefer(language))
        return Visit(
            path=request.scope["path"],
            browser=browser,
            query=query,
            form=form,
            accepted=request.headers.get("accept-language", ""),
            remembered=request.cookies.get(cookies.language),
            cookies=tuple(due),
        )

    async def stop(self, visit: Visit, to: str = "") -> ASGIResponse | None:
        """Where one of the customer's own pages sends a visit first, if anywhere.

        To the sign-in; or, a customer with a passkey in a session of one factor, to its
        confirmation, which leads on ``to`` the page, this one where none is named.
        """
        if visit.browser.customer_id is None:
            return self._pages.redirect("/sign-in", *visit.cookies)
        here = to or quote(visit.path[:_PATH_LONGEST], errors="replace")
        row = await self._hosted.sign_ins.start_second_factor(visit.browser, visit.language(), here)
        if row is None:
            return None
        return self._pages.redirect(address("/confirm", "", row.confirmation_id), *visit.cookies)

    def error(self, request: HttpRequest, raised: Exception) -> Response[bytes]:
        """The page of whatever was raised; only the unforeseen is journalled as an error."""
        error = translate(raised)
        reference = request.scope.get("state", {}).get("interaction_id") or str(uuid4())
        if error.status == 500:
            journal.error("page.failed", interaction_id=reference, exc_info=raised)
        elif isinstance(error, errors.Unavailable):
            error.headers.setdefault("Retry-After", "1")
            journal.warning("page.unavailable", interaction_id=reference, code=error.code)
        language = choose(
            asked=None,
            remembered=request.cookies.get(self._pages.cookies.language),
            request=(),
            accepted=request.headers.get("accept-language", ""),
        )
        return self._pages.error(error, language, go_on=_way_on(request), reference=reference)


def address(path: str, flow_id: str = "", confirmation_id: str = "") -> str:
    """The address of a page of ours, for one flow or for none, and what it confirms."""
    named = {"flow": flow_id, "c": confirmation_id}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"{path}?{query}" if query else path


def _way_on(request: HttpRequest) -> str:
    """Where a reader may go on after an error: their flow where they had one."""
    flow_id = request.query_params.get("flow", "")
    if _FLOW_ID.fullmatch(flow_id):
        return address("/sign-in", flow_id)
    return "/consents"
