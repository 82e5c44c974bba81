"""The OAuth room with its real neighbours on both databases, and two partners."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from litestar import Litestar, Request, Router, get

from contracts.v1.onboarding import DialectKey
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.events.service import Events
from gateway.kit.vault import Vault
from gateway.oauth.guard import ResourceGuard, require_declarations
from gateway.oauth.identity.assurance import TWO_FACTOR
from gateway.oauth.routes import grant_handle_routes, protocol_routes, userinfo_routes
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_book
from gateway.web.errors import Voices
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.signed_calls import bank, caller, serve
from tests.gateway.oauth.story import Story, register

__all__ = ["bank", "caller", "serve"]


@pytest.fixture
def vault() -> Vault:
    return Vault.fresh()


@pytest.fixture
def audit() -> Audit:
    return Audit(load_book())


@pytest.fixture
def onboarding(database: Database, audit: Audit, vault: Vault) -> Onboarding:
    return Onboarding(database, audit, vault, sandbox=True)


@pytest.fixture
def consents(database: Database, audit: Audit) -> Consents:
    return Consents(database, Events(database), audit)


@pytest.fixture
async def oauth(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
) -> OAuth:
    catalogue = Catalogue(load_packages(), load_book(), clock)
    room = OAuth(database, onboarding, consents, catalogue, audit, vault, clock, issuer=ISSUER)
    await room.ensure()
    return room


@pytest.fixture(scope="session")
def dialect_key_pem() -> str:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@pytest.fixture
async def partner(onboarding: Onboarding, clock: SetClock) -> Partner:
    return await register(onboarding, clock, "Travel")


@pytest.fixture
async def dialect_partner(onboarding: Onboarding, clock: SetClock, dialect_key_pem: str) -> Partner:
    return await register(onboarding, clock, "Dialect", DialectKey("alipay", dialect_key_pem))


@pytest.fixture
async def stranger(onboarding: Onboarding, clock: SetClock) -> Partner:
    return await register(onboarding, clock, "Stranger")


@get("/v1/orders", opt={"scope": "order.read"})
async def read_orders(request: Request[Any, Any, Any]) -> dict[str, Any]:
    caller = request.state.caller
    return {
        "partner_id": caller.partner_id,
        "customer_id": caller.customer_id,
        "consent_id": caller.consent_id,
        "details": len(caller.authorization_details),
    }


@get("/v1/packages", opt={"scope": "catalog.read"})
async def read_packages(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"client_id": request.state.caller.client_id}


@get("/v1/limits", opt={"scope": "account.limits.read"})
async def read_limits(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"with_balance": "account.balance.read" in request.state.caller.scope}


@get("/v1/funds", opt={"scope": "payment.initiate", "acr": TWO_FACTOR, "max_age": 600})
async def move_funds(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"acr": request.state.caller.acr}


@pytest.fixture
def app(oauth: OAuth, database: Database, clock: SetClock) -> Litestar:
    guarded = Router(
        "/",
        route_handlers=[
            *grant_handle_routes(oauth.handles),
            *userinfo_routes(oauth),
            read_orders,
            read_packages,
            move_funds,
            read_limits,
        ],
        middleware=[ResourceGuard(database, clock, issuer=ISSUER)],
    )
    return Litestar(
        [*protocol_routes(oauth), guarded],
        exception_handlers={Exception: Voices(ISSUER, "/oauth").answer},
        on_startup=[require_declarations],
        openapi_config=None,
    )


@pytest.fixture
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    # The app runs in the test's own event loop, to which the database belongs.
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as opened:
        yield opened


@pytest.fixture
def story(oauth: OAuth, http: httpx.AsyncClient, clock: SetClock) -> Story:
    return Story(oauth, http, clock)
