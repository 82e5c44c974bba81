"""The customer's own passkeys: a list, a ceremony for a new one, and a button to remove each."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.desk import Desk, HttpRequest, address
from gateway.hosted.handlers import FORM, PAGE
from gateway.hosted.own_views import OwnViews
from gateway.hosted.pages import Pages
from gateway.hosted.service import Hosted


def passkey_pages(
    desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews
) -> list[HTTPRouteHandler]:
    """The list with what changes it, and the ceremony's page."""
    return [
        *_listed(desk, hosted, pages, views),
        *_made(desk, hosted, pages, views),
    ]


def _listed(desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews) -> list[HTTPRouteHandler]:
    @get("/passkeys", name="hosted.passkeys", **PAGE)
    async def passkeys(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit, "/passkeys"):
            return elsewhere
        return await views.passkeys(visit)

    @post("/passkeys/add", name="hosted.add_passkey", **FORM)
    async def add(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await desk.stop(visit, "/passkeys"):
            return elsewhere
        row = await hosted.passkeys.start_adding(visit.browser, visit.language())
        return pages.redirect(address("/confirm", "", row.confirmation_id))

    @post("/passkeys/remove", name="hosted.remove_passkey", **FORM)
    async def remove(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await desk.stop(visit, "/passkeys"):
            return elsewhere
        row = await hosted.passkeys.start_removing(
            visit.browser, visit.form.one("passkey"), visit.language()
        )
        return pages.redirect(address("/confirm", "", row.confirmation_id))

    return [passkeys, add, remove]


def _made(desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews) -> list[HTTPRouteHandler]:
    @get("/passkeys/new", name="hosted.new_passkey", **PAGE)
    async def new_page(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit, "/passkeys"):
            return elsewhere
        return await views.new_passkey(visit, failed=False)

    @post("/passkeys/new", name="hosted.new_passkey_form", **FORM)
    async def make(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await desk.stop(visit, "/passkeys"):
            return elsewhere
        try:
            await hosted.passkeys.add(
                visit.browser,
                visit.confirmation_id,
                visit.form.one("credential"),
                visit.form.one("label"),
            )
        except errors.SignInFailed:
            return await views.new_passkey(visit, failed=True)
        return pages.redirect("/passkeys?added=1")

    return [new_page, make]
