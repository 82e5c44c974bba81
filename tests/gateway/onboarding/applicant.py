"""A client that comes with a software statement, and the directory that vouched for it."""

from typing import Any

import httpx
import msgspec
from joserfc.jwk import Key
from litestar import Litestar

from gateway.database import Query
from gateway.onboarding.routes import registration_routes
from gateway.onboarding.service import Onboarding
from gateway.web.errors import Voices
from tests.conftest import SetClock
from tests.gateway.oauth.partner import sign
from tests.gateway.onboarding.documents import fresh, jwks

SERVER = "https://bank.example"
DIRECTORY = "https://directory.example"
ISSUER_KEY = fresh("PS256", kid="d1")


class Act(msgspec.Struct):
    action: str
    actor: str
    partner_id: str | None
    client_id: str | None
    detail: str


ACTS = Query(
    "select action, actor, partner_id, client_id, detail from audit_record"
    " where action <> 'partner.register' order by recorded_at, ordinal",
    Act,
)


class Applicant:
    """A client that brings a statement; every method takes the parts a test wants to spoil."""

    def __init__(self, http: httpx.AsyncClient, clock: SetClock, org_id: str) -> None:
        self.http = http
        self.clock = clock
        self.org_id = org_id

    def statement(self, *, key: Key = ISSUER_KEY, **claims: Any) -> str:
        usual = {
            "iss": DIRECTORY,
            "jti": "statement-1",
            "iat": int(self.clock.now().timestamp()),
            "org_id": self.org_id,
            "client_name": "Wayfare Lite",
            "redirect_uris": ["https://lite.example/1", "https://lite.example/2"],
            "scope": "openid order.read order.write",
            "jwks_uri": "https://lite.example/jwks",
        }
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        return sign({"alg": "PS256", "kid": "d1", "typ": "JWT"}, kept, key)

    async def send(self, body: Any, kind: str = "application/json") -> httpx.Response:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.http.post(
            "/oauth/register", content=content, headers={"content-type": kind}
        )

    async def apply(self, *, statement: str | None = None, **members: Any) -> httpx.Response:
        text = self.statement() if statement is None else statement
        return await self.send({"software_statement": text} | members)


def door(onboarding: Onboarding, clock: SetClock) -> Litestar:
    return Litestar(
        registration_routes(onboarding.by_statement(clock, server=SERVER)),
        exception_handlers={Exception: Voices(SERVER, "/oauth/").answer},
        openapi_config=None,
    )


async def trust(onboarding: Onboarding, clock: SetClock, **changes: Any) -> None:
    usual: dict[str, Any] = {
        "document": jwks(ISSUER_KEY),
        "jwks_uri": None,
        "partner_id": None,
        "operator": "ada",
        "at": clock.now(),
    }
    await onboarding.issuers.trust(DIRECTORY, **(usual | changes))


def refused(answer: httpx.Response, error: str) -> str:
    """Holds the answer to the form of RFC 7591 section 3.2.2; returns what it describes."""
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert answer.headers["cache-control"] == "no-store"
    description: str = answer.json()["error_description"]
    assert description
    return description
