"""A room with mutual-TLS addresses, and the calls of clients that hold certificates."""

from typing import Any

import httpx
from litestar import Litestar, Router

from contracts.v1.clients import ClientMetadata
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.oauth.guard import ResourceGuard
from gateway.oauth.routes import protocol_routes
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_book
from gateway.web.door import Door
from gateway.web.errors import Voices
from gateway.web.terminators import Terminators
from tests.certificates import Authority, Held, common_name
from tests.conftest import SetClock
from tests.gateway.oauth.conftest import read_orders, read_packages
from tests.gateway.oauth.partner import (
    ISSUER,
)

MTLS = "https://mtls.bank.example:8443"
SECRET = "terminators-and-gateway-know-this-one"
AUTHORITY = Authority()
VERIFIED = {"Tessera-Certificate-Verified": "1"}
TRAVEL = AUTHORITY.issue(common_name("Travel Client"))
A1_SCOPE = "catalog.read event.subscribe"
PACKAGES = "/v1/packages"


def build(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
    **changes: Any,
) -> OAuth:
    catalogue = Catalogue(load_packages(), load_book(), clock)
    usual = {"issuer": ISSUER, "mtls": MTLS}
    return OAuth(
        database, onboarding, consents, catalogue, audit, vault, clock, **(usual | changes)
    )


def behind_door(oauth: OAuth, database: Database, clock: SetClock) -> Door:
    guard = ResourceGuard(database, clock, issuer=ISSUER, mtls=MTLS, nonces=oauth.nonces)
    guarded = Router("/", route_handlers=[read_orders, read_packages], middleware=[guard])
    app = Litestar(
        [*protocol_routes(oauth), guarded],
        exception_handlers={Exception: Voices(ISSUER, "/oauth").answer},
        openapi_config=None,
    )
    return Door(app, access_log=False, terminators=Terminators(["127.0.0.1"], SECRET))


def handed_over(held: Held | None) -> dict[str, str]:
    """What the terminator adds to a request, with the certificate if one was presented."""
    said = {"Tessera-Terminator": SECRET}
    if held is None:
        return said
    said["Client-Cert"] = held.field
    return said | (VERIFIED if AUTHORITY.vouches_for(held.der) else {})


def by_certificate(**subject: Any) -> ClientMetadata:
    """Metadata of a client that authenticates by its certificate and has its tokens bound to it."""
    return ClientMetadata(
        token_endpoint_auth_method="tls_client_auth",
        tls_client_certificate_bound_access_tokens=True,
        dpop_bound_access_tokens=False,
        **(subject or {"tls_client_auth_subject_dn": "CN=Travel Client"}),
    )


SELF_SIGNED = ClientMetadata(
    token_endpoint_auth_method="self_signed_tls_client_auth",
    tls_client_certificate_bound_access_tokens=True,
    dpop_bound_access_tokens=False,
)
BY_ASSERTION = ClientMetadata(
    tls_client_certificate_bound_access_tokens=True, dpop_bound_access_tokens=False
)


async def token(
    http: httpx.AsyncClient, client_id: str, held: Held | None, /, **fields: Any
) -> httpx.Response:
    usual = {"grant_type": "client_credentials", "scope": "catalog.read", "client_id": client_id}
    form = {name: value for name, value in (usual | fields).items() if value is not None}
    return await http.post("/oauth/token", data=form, headers=handed_over(held))


async def call(
    http: httpx.AsyncClient,
    access: str,
    held: Held | None,
    *,
    scheme: str = "Bearer",
    path: str = PACKAGES,
    **headers: str,
) -> httpx.Response:
    sent = handed_over(held) | {"Authorization": f"{scheme} {access}"} | headers
    return await http.get(path, headers=sent)


def assert_invalid_client(answer: httpx.Response, says: str = "") -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    assert says in answer.json()["error_description"]


def challenge(answer: httpx.Response) -> str:
    assert answer.status_code == 401, answer.text
    return answer.headers["www-authenticate"]
