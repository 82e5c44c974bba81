"""The page of the second factor, for everything that needs one: a passkey, or a one-time code."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.desk import Desk, HttpRequest, Visit, address
from gateway.hosted.handlers import FORM, PAGE
from gateway.hosted.pages import Pages
from gateway.hosted.service import Answer, Asked, ConfirmationRow, Hosted
from gateway.hosted.views import Views


class _Confirming:
    """What the three handlers share: where the visit belongs, and what follows a right answer."""

    def __init__(self, hosted: Hosted, pages: Pages) -> None:
        self._hosted = hosted
        self._pages = pages

    async def elsewhere(self, visit: Visit) -> ASGIResponse | None:
        """Where a visit goes that has nothing to confirm here (any more)."""
        if visit.flow_id:
            flow = await self._hosted.flow(visit.browser, visit.flow_id)
            if flow.answered:
                return self._pages.redirect(address("/done", flow.flow_id))
        if visit.browser.customer_id is None:
            return self._pages.redirect(address("/sign-in", visit.flow_id), *visit.cookies)
        return None

    async def found(self, visit: Visit) -> tuple[ConfirmationRow, Asked | None]:
        """What is confirmed, and the partner's request where it is one."""
        row = await self._hosted.confirmation(visit.browser, visit.confirmation_id)
        if row.purpose != "approve":
            return row, None
        asked = await self._hosted.asked(await self._hosted.flow(visit.browser, row.subject))
        if self._hosted.must_sign_in(visit.browser, asked):
            raise errors.PageExpired
        return row, asked

    async def confirm(
        self, visit: Visit, row: ConfirmationRow, asked: Asked | None, answer: Answer
    ) -> ASGIResponse:
        """Does what was confirmed; ``SignInFailed`` for a wrong answer of any kind."""
        hosted, redirect = self._hosted, self._pages.redirect
        if asked is not None:
            return redirect(await hosted.confirm_approval(visit.browser, asked, row, answer))
        if row.purpose == "sign_in":
            renewed = await hosted.sign_ins.complete(visit.browser, row, answer)
            return redirect(
                hosted.sign_ins.way_on(row), self._pages.cookies.remember(renewed.secret)
            )
        if row.purpose == "passkey.add":
            renewed = await hosted.passkeys.confirm_adding(visit.browser, row, answer)
            return redirect(
                address("/passkeys/new", "", row.confirmation_id),
                self._pages.cookies.remember(renewed.secret),
            )
        if row.purpose == "consent.resume":
            await hosted.own.confirm_resuming(visit.browser, row, answer)
            return redirect(f"/consents?resumed={row.subject}")
        await hosted.passkeys.confirm_removing(visit.browser, row, answer)
        return redirect("/passkeys?removed=1")


def confirm_pages(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    """The page, its answer, and the button that sends a code."""
    confirming = _Confirming(hosted, pages)

    @get("/confirm", name="hosted.confirm", **PAGE)
    async def confirm_page(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await confirming.elsewhere(visit):
            return elsewhere
        row, asked = await confirming.found(visit)
        return await views.confirm(visit, row, asked, failed=False)

    @post("/confirm", name="hosted.confirm_form", **FORM)
    async def confirm(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await confirming.elsewhere(visit):
            return elsewhere
        row, asked = await confirming.found(visit)
        code = "".join(visit.form.one("code").split())
        try:
            return await confirming.confirm(
                visit, row, asked, Answer(code, visit.form.one("credential"))
            )
        except errors.DisclosureStale as refusal:
            # Only what a partner asks for has texts to read.
            assert asked is not None
            return await views.consent(visit, asked, refusal)
        except errors.SignInFailed:
            row, asked = await confirming.found(visit)
            return await views.confirm(visit, row, asked, failed=True)

    @post("/confirm/code", name="hosted.send_code", **FORM)
    async def send_code(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await confirming.elsewhere(visit):
            return elsewhere
        row, asked = await confirming.found(visit)
        language = visit.language(asked.request.ui_locales if asked else ())
        await hosted.send_code(visit.browser, row, asked, language)
        return pages.redirect(address("/confirm", visit.flow_id, row.confirmation_id))

    return [confirm_page, confirm, send_code]
