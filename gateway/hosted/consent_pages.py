"""The customer's own consents: seen on one page, and changed from there in two taps at most."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from gateway.hosted.desk import Desk, HttpRequest, address
from gateway.hosted.handlers import FORM, PAGE
from gateway.hosted.own_views import OwnViews
from gateway.hosted.pages import Pages
from gateway.hosted.service import Hosted


def consent_pages(
    desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews
) -> list[HTTPRouteHandler]:
    """The list, what leads away from it, and where a referral ends."""
    return [
        *_seen(desk, hosted, pages, views),
        *_ended(desk, hosted, pages, views),
        *_paused(desk, hosted, pages),
        *_narrowed(desk, hosted, pages, views),
    ]


def _seen(desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews) -> list[HTTPRouteHandler]:
    @get("/consents", name="hosted.consents", **PAGE)
    async def consents(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit):
            return elsewhere
        return await views.consents(visit)

    @get("/consents/{consent_id:str}/texts", name="hosted.texts", **PAGE)
    async def texts(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit):
            return elsewhere
        return await views.texts(visit, await hosted.own.one(visit.browser, consent_id))

    # Where an order leads for a component that only the bank may sell; alike for every line.
    @get("/referrals/{line_id:str}", name="hosted.referral", **PAGE)
    async def referral(request: HttpRequest, line_id: FromPath[str]) -> ASGIResponse:
        return views.referral(await desk.receive(request))

    return [consents, texts, referral]


# Taking away, by a revocation or a pause, needs the session alone (decision 014): nobody gains by
# it, and it must work for a customer whose second factor is lost. Nothing is shown for it.
def _ended(desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews) -> list[HTTPRouteHandler]:
    @get("/consents/{consent_id:str}/revoke", name="hosted.revoke", **PAGE)
    async def revoke_page(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit):
            return elsewhere
        return await views.revoke(visit, await hosted.own.one(visit.browser, consent_id))

    @post("/consents/{consent_id:str}/revoke", name="hosted.revoke_form", **FORM)
    async def revoke(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if visit.browser.customer_id is None:
            return pages.redirect("/sign-in")
        consent = (await hosted.own.one(visit.browser, consent_id)).consent
        await hosted.own.revoke(visit.browser, consent.consent_id)
        return pages.redirect(f"/consents?ended={consent.consent_id}")

    return [revoke_page, revoke]


def _paused(desk: Desk, hosted: Hosted, pages: Pages) -> list[HTTPRouteHandler]:
    @post("/consents/{consent_id:str}/pause", name="hosted.pause", **FORM)
    async def pause(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if visit.browser.customer_id is None:
            return pages.redirect("/sign-in")
        consent = (await hosted.own.one(visit.browser, consent_id)).consent
        await hosted.own.pause(visit.browser, consent.consent_id)
        return pages.redirect(f"/consents?paused={consent.consent_id}")

    @post("/consents/{consent_id:str}/resume", name="hosted.resume", **FORM)
    async def resume(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await desk.stop(visit, "/consents"):
            return elsewhere
        consent = (await hosted.own.one(visit.browser, consent_id)).consent
        row = await hosted.own.resume(visit.browser, consent.consent_id, visit.language())
        if row is not None:
            return pages.redirect(address("/confirm", "", row.confirmation_id))
        return pages.redirect(f"/consents?resumed={consent.consent_id}")

    return [pause, resume]


def _narrowed(desk: Desk, hosted: Hosted, pages: Pages, views: OwnViews) -> list[HTTPRouteHandler]:
    @get("/consents/{consent_id:str}/narrow", name="hosted.narrow", **PAGE)
    async def narrow_page(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive(request)
        if elsewhere := await desk.stop(visit):
            return elsewhere
        return await views.narrow(visit, await hosted.own.one(visit.browser, consent_id))

    @post("/consents/{consent_id:str}/narrow", name="hosted.narrow_form", **FORM)
    async def narrow(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if elsewhere := await desk.stop(visit, "/consents"):
            return elsewhere
        consent = (await hosted.own.one(visit.browser, consent_id)).consent
        await hosted.own.remove(
            visit.browser,
            consent.consent_id,
            part=visit.form.one("part"),
            right=visit.form.one("right"),
        )
        return pages.redirect(f"/consents?narrowed={consent.consent_id}")

    return [narrow_page, narrow]
