"""The pages over HTTP: recognise the browser, ask the service, show a page or send it on."""

from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.attempts import network_of
from gateway.hosted.confirm_pages import confirm_pages
from gateway.hosted.consent_pages import consent_pages
from gateway.hosted.desk import Desk, HttpRequest, Visit, address
from gateway.hosted.forms import read_form
from gateway.hosted.handlers import FORM, PAGE
from gateway.hosted.own_views import OwnViews
from gateway.hosted.pages import Asset, Pages
from gateway.hosted.passkey_pages import passkey_pages
from gateway.hosted.service import Asked, ConfirmationRow, Hosted, Ticked
from gateway.hosted.views import Views


def hosted_routes(hosted: Hosted, pages: Pages) -> list[Router]:
    """Every page of the room; its errors are pages too."""
    desk = Desk(hosted, pages)
    views = Views(hosted, pages)
    own_views = OwnViews(hosted, pages)

    # A plain function: the framework copies the router, and a database has no copy.
    def show_error(request: HttpRequest, raised: Exception) -> Response[bytes]:
        return desk.error(request, raised)

    room = Router(
        path="/",
        route_handlers=[
            *_entrance(desk, hosted, pages),
            *_sign_in(desk, hosted, pages, views),
            *_decision(desk, hosted, pages, views),
            *confirm_pages(desk, hosted, pages, views),
            *consent_pages(desk, hosted, pages, own_views),
            *passkey_pages(desk, hosted, pages, own_views),
            *(_asset(asset) for asset in pages.assets.values()),
        ],
        exception_handlers={Exception: show_error},
    )
    return [room]


def _entrance(desk: Desk, hosted: Hosted, pages: Pages) -> list[HTTPRouteHandler]:
    @get("/oauth/authorize", name="hosted.authorize", **PAGE)
    async def authorize(request: HttpRequest) -> ASGIResponse:
        # Only these two count; whatever else stands in the address is ignored (RFC 9126, 4).
        visit = await desk.receive(request)
        browser = visit.browser
        client_id, request_uri = visit.query.one("client_id"), visit.query.one("request_uri")
        answer = await hosted.answer_unasked(browser, client_id, request_uri)
        if answer is not None:
            return pages.redirect(answer, *visit.cookies)
        flow_id = await hosted.begin(browser, client_id, request_uri)
        page = "/consent" if browser.customer_id else "/sign-in"
        return pages.redirect(address(page, flow_id), *visit.cookies)

    # A form from elsewhere comes without our cookie (SameSite=Lax), and its answer must not plant
    # another over it. So it opens nothing: it is led to the same request by GET, which does bring
    # the cookie.
    @post("/oauth/authorize", name="hosted.authorize_form", **FORM)
    async def authorize_form(request: HttpRequest) -> ASGIResponse:
        """OpenID Connect Core section 3.1.2.1: POST, with the parameters in the body."""
        form = read_form(await request.body(), request.headers.get("content-type", ""))
        named = {name: form.one(name) for name in ("client_id", "request_uri")}
        await hosted.check_request(**named)
        return pages.redirect(f"/oauth/authorize?{urlencode(named)}")

    return [authorize, authorize_form]


def _sign_in(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    async def show(visit: Visit, *, failed: bool) -> ASGIResponse:
        asked: Asked | None = None
        if visit.flow_id:
            flow = await hosted.flow(visit.browser, visit.flow_id)
            if flow.answered:
                return pages.redirect(address("/done", flow.flow_id))
            asked = await hosted.asked(flow)
        if visit.browser.customer_id and not (asked and hosted.must_sign_in(visit.browser, asked)):
            page = "/consent" if asked else "/consents"
            return pages.redirect(address(page, visit.flow_id), *visit.cookies)
        return views.sign_in(visit, asked, failed=failed)

    @get("/sign-in", name="hosted.sign_in", **PAGE)
    async def sign_in_page(request: HttpRequest) -> ASGIResponse:
        return await show(await desk.receive(request), failed=False)

    @post("/sign-in", name="hosted.sign_in_form", **FORM)
    async def sign_in(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        form = visit.form
        try:
            renewed = await hosted.sign_ins.sign_in(
                visit.browser,
                form.one("customer"),
                form.one("passcode"),
                network=network_of(request.client.host if request.client else ""),
            )
        except errors.SignInFailed:
            return await show(visit, failed=True)
        page = address("/consent", visit.flow_id)
        if not visit.flow_id:
            # An approval asks for the second factor by itself, and for exactly what it approves.
            second = await hosted.sign_ins.start_second_factor(renewed, visit.language())
            page = address("/confirm", "", second.confirmation_id) if second else "/consents"
        return pages.redirect(page, pages.cookies.remember(renewed.secret))

    @post("/sign-out", name="hosted.sign_out", **FORM)
    async def sign_out(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive_form(request)
        await hosted.sign_out(visit.browser)
        return pages.redirect("/done", pages.cookies.forget())

    return [sign_in_page, sign_in, sign_out]


def _decision(desk: Desk, hosted: Hosted, pages: Pages, views: Views) -> list[HTTPRouteHandler]:
    @get("/consent", name="hosted.consent", **PAGE)
    async def consent_page(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        flow = await hosted.flow(visit.browser, visit.flow_id)
        if flow.answered:
            return pages.redirect(address("/done", flow.flow_id))
        if visit.browser.customer_id is None:
            return pages.redirect(address("/sign-in", flow.flow_id), *visit.cookies)
        asked = await hosted.asked(flow)
        if hosted.must_sign_in(visit.browser, asked):
            return pages.redirect(address("/sign-in", flow.flow_id))
        return await views.consent(visit, asked)

    @post("/consent", name="hosted.decide", **FORM)
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
        asked = await hosted.asked(flow)
        if hosted.must_sign_in(visit.browser, asked):
            return pages.redirect(address("/sign-in", flow.flow_id))
        form = visit.form
        ticked = Ticked(form.every("component"), form.every("consent"), form.one("shown"))
        language = visit.language(asked.request.ui_locales)
        try:
            answer = await hosted.approve(visit.browser, asked, ticked, language)
        except (errors.DisclosureReadTime, errors.DisclosureStale) as refusal:
            return await views.consent(visit, asked, refusal)
        if isinstance(answer, ConfirmationRow):
            answer = address("/confirm", flow.flow_id, answer.confirmation_id)
        return pages.redirect(answer)

    @get("/done", name="hosted.done", **PAGE)
    async def done(request: HttpRequest) -> ASGIResponse:
        visit = await desk.receive(request)
        if visit.flow_id:
            await hosted.flow(visit.browser, visit.flow_id)
        elif visit.browser.customer_id:
            return pages.redirect("/consents")
        return views.done(visit)

    return [consent_page, decide, done]


def _asset(asset: Asset) -> HTTPRouteHandler:
    @get(asset.path, **PAGE)
    async def serve() -> ASGIResponse:
        return asset.response()

    return serve
