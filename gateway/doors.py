"""The doors: every room's routes behind one guard and one error handler."""

from importlib.resources import files

from litestar import Litestar, Router, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from gateway.accounts.routes import account_routes
from gateway.consents.routes import consent_routes
from gateway.dialects.routes import dialect_routes
from gateway.events.routes import event_routes
from gateway.hosted.routes import hosted_routes
from gateway.oauth.guard import ResourceGuard, require_declarations
from gateway.oauth.message_signatures import SignedAnswers
from gateway.oauth.routes import (
    form_endpoints,
    grant_handle_routes,
    protocol_routes,
    userinfo_routes,
)
from gateway.onboarding.routes import registration_routes
from gateway.orders.routes import order_routes
from gateway.payments.routes import payment_routes
from gateway.products.qualification.routes import qualification_routes
from gateway.products.quotes.routes import quote_routes
from gateway.products.routes import product_routes, public_product_routes
from gateway.rooms import Rooms
from gateway.settings import Settings
from gateway.web.answers import JsonAnswer
from gateway.web.errors import Voices
from gateway.web.problem_pages import problem_page_routes
from gateway.web.shortcut import Shortcut
from gateway.webhooks.routes import webhook_routes

BODY_LIMIT_BYTES = 256 * 1024
_OK = [("cache-control", "no-store")]
_CONTRACT = files("contracts.v1").joinpath("openapi.json").read_bytes()


def whole(built: Rooms) -> Shortcut:
    """The app as it is served: the framework, what signs its answers, and the short way past both.

    What the short way answers is never signed: it has no guard that could ask for that.
    """
    app = SignedAnswers(litestar(built), built.oauth.signatures)
    return Shortcut(app, form_endpoints(built.oauth), _voices(built.settings))


def litestar(built: Rooms) -> Litestar:
    """The Litestar app over the rooms; raises when a route names neither scope nor public."""
    settings = built.settings
    guard = ResourceGuard(
        built.database,
        built.clock,
        issuer=settings.issuer,
        mtls=settings.mtls_issuer,
        nonces=built.oauth.nonces,
        signatures=built.oauth.signatures,
        uses=built.consents.uses,
        assessed_levels=built.oauth.assessed_levels.on,
    )
    app = Litestar(
        route_handlers=[
            health,
            contract,
            *public_routes(built),
            Router(path="/", route_handlers=native_routes(built), middleware=[guard]),
        ],
        exception_handlers={Exception: _voices(settings).answer},
        openapi_config=None,
        response_class=JsonAnswer,
        request_max_body_size=BODY_LIMIT_BYTES,
    )
    require_declarations(app)
    return app


def _voices(settings: Settings) -> Voices:
    return Voices(settings.issuer, "/oauth/")


def public_routes(built: Rooms) -> list[ControllerRouterHandler]:
    """Routes that are open or prove their caller themselves: OAuth, hosted pages, dialects."""
    return [
        *protocol_routes(built.oauth),
        *registration_routes(built.registration),
        *hosted_routes(built.hosted, built.pages),
        *dialect_routes(built.dialects),
        *open_contract_routes(built),
        *problem_page_routes(),
    ]


def open_contract_routes(built: Rooms) -> list[ControllerRouterHandler]:
    """What of the contract is open to everybody."""
    return [*public_product_routes(built.catalogue)]


def native_routes(built: Rooms) -> list[ControllerRouterHandler]:
    """The native contract: routes that the guard stands before."""
    return [
        *grant_handle_routes(built.oauth.handles),
        *userinfo_routes(built.oauth),
        *product_routes(built.catalogue),
        *qualification_routes(built.qualifications),
        *quote_routes(built.quotes),
        *consent_routes(built.consents),
        order_routes(built.orders),
        account_routes(built.accounts),
        payment_routes(built.payments),
        *event_routes(built.events),
        *webhook_routes(built.webhooks),
    ]


@get("/health", opt={"public": True}, include_in_schema=False)
async def health() -> ASGIResponse:
    """That the process answers; for the operator's probe."""
    return ASGIResponse(body=b'{"status":"ok"}', headers=_OK)


@get("/openapi.json", opt={"public": True}, include_in_schema=False)
async def contract() -> ASGIResponse:
    """The committed contract, so that what is served is what was checked."""
    return ASGIResponse(body=_CONTRACT, headers=[("cache-control", "public, max-age=300")])
