"""Resources behind a guard that judges message signatures, and a caller that signs its calls.

Signing is done by hand (`tests.flows.message_signing`), so that every part can be spoiled.
"""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Router, delete, get, post

from gateway.database import Database
from gateway.oauth.clients import RegisteredClients
from gateway.oauth.guard import ResourceGuard
from gateway.oauth.message_signatures import MessageSignatures, SignedAnswers
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.web.errors import Voices
from tests.conftest import SetClock
from tests.flows import message_signing
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.story import Story

PATH = "/v1/echo"
URL = ISSUER + PATH
BODY = b'{"ride":1}'
MTLS = "https://mtls.bank.example"


@post(PATH, opt={"scope": "order.write"}, status_code=200)
async def write(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"received": (await request.body()).decode()}


@delete(PATH, opt={"scope": "order.write"}, status_code=204)
async def end() -> None:
    return None


@get(PATH, opt={"scope": "order.read"})
async def read() -> dict[str, str]:
    return {"read": "yes"}


@post("/v1/hear", opt={"scope": "event.subscribe"}, status_code=200)
async def listen() -> dict[str, str]:
    return {}


@post("/v1/ask", opt={"scope": "catalog.read", "customer_scope": "order.write"}, status_code=200)
async def ask(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {"about": request.state.caller.customer_id}


@get("/v1/broken", opt={"scope": "order.read"})
async def broken() -> None:
    raise RuntimeError("by design")


Serve = Callable[..., httpx.ASGITransport]


@pytest.fixture
def serve(oauth: OAuth, onboarding: Onboarding, database: Database, clock: SetClock) -> Serve:
    """The resources behind a guard, asked of A2 writes what the test says that the pack asks."""

    def serve(*asked: str) -> httpx.ASGITransport:
        clients = RegisteredClients(onboarding, clock)
        signatures = MessageSignatures(
            database, clients, oauth.keys, clock, integrity=lambda day: asked
        )
        return _transport(database, clock, signatures)

    return serve


def _transport(
    database: Database, clock: SetClock, signatures: MessageSignatures
) -> httpx.ASGITransport:
    guard = ResourceGuard(database, clock, issuer=ISSUER, mtls=MTLS, signatures=signatures)
    resources = Router(
        "/", route_handlers=[write, end, read, listen, ask, broken], middleware=[guard]
    )
    app = Litestar(
        [resources],
        exception_handlers={Exception: Voices(ISSUER, "/oauth").answer},
        openapi_config=None,
    )
    return httpx.ASGITransport(SignedAnswers(app, signatures), raise_app_exceptions=False)


@pytest.fixture
async def bank(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=serve("signature"), base_url=ISSUER) as opened:
        yield opened


class Caller:
    """A partner with a customer's token; signs its calls well unless told how not to."""

    def __init__(self, partner: Partner, token: str) -> None:
        self.partner = partner
        self.token = token

    def headers(self, method: str = "POST", url: str = URL) -> dict[str, str]:
        proof = self.partner.proof(url.partition("?")[0], method, token=self.token)
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof}

    def signed(
        self, body: bytes = BODY, method: str = "POST", url: str = URL, **changes: Any
    ) -> dict[str, str]:
        usual: dict[str, Any] = {
            "method": method,
            "url": url,
            "body": body,
            "key": self.partner.key,
            "created": self.partner.now,
        }
        return message_signing.signed(self.headers(method, url), **(usual | changes))

    def written(self, covered: dict[str, str], params: str, **headers: str) -> dict[str, str]:
        """A signature over just these components, with just these parameters."""
        listed = " ".join(f'"{name}"' for name in covered)
        whole = f"({listed}){params}"
        raw = message_signing.raw_signature(
            self.partner.key, message_signing.base(covered.items(), whole)
        )
        return headers | {
            "Signature-Input": f"sig1={whole}",
            "Signature": f"sig1=:{base64.b64encode(raw).decode()}:",
        }


@pytest.fixture
async def caller(story: Story, partner: Partner) -> Caller:
    return Caller(partner, (await story.tokens(partner))["access_token"])


async def write_to(bank: httpx.AsyncClient, headers: dict[str, str], body: bytes = BODY) -> Any:
    return await bank.post(PATH, headers=headers, content=body)


def refused(answer: httpx.Response) -> str:
    """The code of a refusal by signature, which always says what to sign."""
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_signature"' in answer.headers["www-authenticate"]
    assert answer.headers["accept-signature"].endswith(';created;tag="fapi-2-request"')
    code: str = answer.json()["code"]
    return code
