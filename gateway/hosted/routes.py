"""The pages over HTTP: recognise the browser, ask the service, show a page or send it on."""

from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.desk import Desk, HttpRequest, Visit, address
from gateway.hosted.forms import FORM_LIMIT_BYTES
from gateway.hosted.pages import Asset, Pages
from gateway.hosted.service import Asked, Hosted
from gateway.hosted.views import Views

_PAGE: Final[dict[str, Any]] = {"opt": {"public": True}, "include_in_schema": False}
_FORM: Final[dict[str, Any]] = _PAGE | {
    "status_code": 200,
    "request_max_body_size": FORM_LIMIT_BYTES,
}


def hosted_routes(hosted: Hosted, pages: Pages) -> list[Router]:
    """Every page of the room; its errors are pages too."""
    desk = Desk(hosted, pages)
    views = Views(hosted, pages)

    # A plain function: the framework copies the router, and a database has no copy.
    def show_error(request: HttpRequest, raised: Exception) -> Response[bytes]:
        return desk.error(request, raised)

    room = Router(
        path="/",
        route_handlers=[
            _entrance(desk, hosted, pages),
            *_sign_in(desk, hosted, pages, views),
            *_decision(desk, hosted, pages, views),
            *_own_consents(desk, hosted, pages, views),
            *(_asset(asset) for asset in pages.assets.values()),
        ],
        exception_handlers={Exception: show_error},
    )
    return [room]


def _entrance(desk: Desk, hosted: Hosted, pages: Pages) -> HTTPRouteHandler:
    @get("/oauth/authorize", name="hosted.authorize", **_PAGE)
    async def authorize(request: HttpRequest) -> ASGIResponse:
        # Only these two count; whatever else stands in the address is ignored (RFC 9126, 4).
        visit = await desk.receive(request)
        browser = visit.browser
        flow_id = await hosted.begin(
            browser, visit.query.one("client_id"), visit.query.one("request_uri")
        )
        page = "/consent" if browser.customer_id else "/sign-in"
        return pages.redirect(address(page, flow_id), *visit.cookies)

    return authorize


def _sign_in(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    async def show(visit: Visit, *, failed: bool) -> ASGIResponse:
        asked: Asked | None = None
        if visit.flow_id:
            flow = await hosted.flow(visit.browser, visit.flow_id)
            if flow.answered:
                return pages.redirect(address("/done", flow.flow_id))
            asked = await hosted.asked(flow)
        if visit.browser.customer_id:
            page = "/consent" if asked else "/consents"
            return pages.redirect(address(page, visit.flow_id), *visit.cookies)
        return views.sign_in(visit, asked, failed=failed)

    @get("/sign-in", name="hosted.sign_in", **_PAGE)
    async def sign_in_page(request: HttpRequest) -> ASGIResponse:
        return await show(await desk.receive(request), failed=False)

    @post("/sign-in", name="hosted.sign_in_form", **_FORM)
    async def sign_in(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        form = visit.form
        try:
            renewed = await hosted.sign_in(
                visit.browser, form.one("customer"), form.one("passcode")
            )
        except errors.SignInFailed:
            return await show(visit, failed=True)
        page = "/consent" if visit.flow_id else "/consents"
        return pages.redirect(address(page, visit.flow_id), pages.cookies.remember(renewed.secret))

    @post("/sign-out", name="hosted.sign_out", **_FORM)
    async def sign_out(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        await hosted.sign_out(visit.browser)
        return pages.redirect("/done", pages.cookies.forget())

    return [sign_in_page, sign_in, sign_out]


def _decision(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    @get("/consent", name="hosted.consent", **_PAGE)
    async def consent_page(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        flow = await hosted.flow(visit.browser, visit.flow_id)
        if flow.answered:
            return pages.redirect(address("/done", flow.flow_id))
        if visit.browser.customer_id is None:
            return pages.redirect(address("/sign-in", flow.flow_id), *visit.cookies)
        return await views.consent(visit, await hosted.asked(flow))

    @post("/consent", name="hosted.decide", **_FORM)
    async def decide(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        flow = await hosted.flow(visit.browser, visit.flow_id)
        if flow.answered:
            return pages.redirect(address("/done", flow.flow_id))
        decision = visit.form.one("decision")
        if decision == "deny":
            return pages.redirect(await hosted.deny(visit.browser, flow))
        if decision == "review":
            return pages.redirect(address("/consent", flow.flow_id))
        if decision != "approve":
            raise errors.MalformedBody
        if visit.browser.customer_id is None:
            return pages.redirect(address("/sign-in", flow.flow_id))
        asked = await hosted.asked(flow)
        ticked = visit.form.every("component")
        language = visit.language(asked.request.ui_locales)
        return pages.redirect(await hosted.approve(visit.browser, asked, ticked, language))

    @get("/done", name="hosted.done", **_PAGE)
    async def done(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if visit.flow_id:
            await hosted.flow(visit.browser, visit.flow_id)
        elif visit.browser.customer_id:
            return pages.redirect("/consents")
        return views.done(visit)

    return [consent_page, decide, done]


def _own_consents(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    @get("/consents", name="hosted.consents", **_PAGE)
    async def consents(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if visit.browser.customer_id is None:
            return pages.redirect("/sign-in", *visit.cookies)
        return await views.consents(visit)

    @get("/consents/{consent_id:str}/revoke", name="hosted.revoke", **_PAGE)
    async def revoke_page(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive(request)
        if visit.browser.customer_id is None:
            return pages.redirect("/sign-in", *visit.cookies)
        return await views.revoke(visit, await hosted.one_given(visit.browser, consent_id))

    @post("/consents/{consent_id:str}/revoke", name="hosted.revoke_form", **_FORM)
    async def revoke(request: HttpRequest, consent_id: FromPath[str]) -> ASGIResponse:
        visit = await desk.receive_form(request)
        if visit.browser.customer_id is None:
            return pages.redirect("/sign-in")
        consent = (await hosted.one_given(visit.browser, consent_id)).consent
        await hosted.revoke(visit.browser, consent.consent_id)
        return pages.redirect(f"/consents?ended={consent.consent_id}")

    # Where an order leads for a component that only the bank may sell; alike for every line.
    @get("/referrals/{line_id:str}", name="hosted.referral", **_PAGE)
    async def referral(request: HttpRequest, line_id: FromPath[str]) -> ASGIResponse:
        return views.referral(await desk.receive(request))

    return [consents, revoke_page, revoke, referral]


def _asset(asset: Asset) -> HTTPRouteHandler:
    @get(asset.path, **_PAGE)
    async def serve() -> ASGIResponse:
        return asset.response()

    return serve
