"""The doors: every room's routes behind one guard and one error handler."""

from importlib.resources import files

from litestar import Litestar, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from gateway.accounts.routes import account_routes
from gateway.consents.routes import consent_routes
from gateway.dialects.routes import dialect_routes
from gateway.events.routes import event_routes
from gateway.hosted.routes import hosted_routes
from gateway.oauth.guard import ResourceGuard, require_declarations
from gateway.oauth.routes import oauth_routes
from gateway.orders.routes import order_routes
from gateway.payments.routes import payment_routes
from gateway.products.routes import product_routes
from gateway.rooms import Rooms
from gateway.web.errors import Voices
from gateway.webhooks.routes import webhook_routes

BODY_LIMIT_BYTES = 256 * 1024
_OK = [("cache-control", "no-store")]
_CONTRACT = files("contracts.v1").joinpath("openapi.json").read_bytes()


def litestar(built: Rooms) -> Litestar:
    """The Litestar app over the rooms; raises when a route names neither scope nor public."""
    settings = built.settings
    app = Litestar(
        route_handlers=[health, contract, *routes(built)],
        guards=[ResourceGuard(built.database, built.clock, issuer=settings.issuer)],
        exception_handlers={Exception: Voices(settings.issuer, "/oauth/").answer},
        openapi_config=None,
        request_max_body_size=BODY_LIMIT_BYTES,
    )
    require_declarations(app)
    return app


def routes(built: Rooms) -> list[ControllerRouterHandler]:
    """Every room's routes."""
    return [
        *oauth_routes(built.oauth),
        *hosted_routes(built.hosted, built.pages),
        *product_routes(built.catalogue),
        *consent_routes(built.consents),
        order_routes(built.orders),
        account_routes(built.accounts),
        payment_routes(built.payments),
        *event_routes(built.events),
        *webhook_routes(built.webhooks),
        *dialect_routes(built.dialects),
    ]


@get("/health", opt={"public": True}, include_in_schema=False)
async def health() -> ASGIResponse:
    """That the process answers; for the operator's probe."""
    return ASGIResponse(body=b'{"status":"ok"}', headers=_OK)


@get("/openapi.json", opt={"public": True}, include_in_schema=False)
async def contract() -> ASGIResponse:
    """The committed contract, so that what is served is what was checked."""
    return ASGIResponse(body=_CONTRACT, headers=[("cache-control", "public, max-age=300")])
