"""Signed writes with a certificate-bound token: without a proof, the signature is used up."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from litestar import Litestar, Router

from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.oauth.clients import RegisteredClients
from gateway.oauth.guard import ResourceGuard
from gateway.oauth.message_signatures import MessageSignatures, SignedAnswers
from gateway.oauth.routes import protocol_routes
from gateway.onboarding.service import Onboarding
from gateway.web.door import Door
from gateway.web.errors import Voices
from gateway.web.terminators import Terminators
from tests.conftest import SetClock
from tests.flows import message_signing
from tests.gateway.oauth.conftest import read_packages
from tests.gateway.oauth.mtls.mutual import BY_ASSERTION, MTLS, SECRET, TRAVEL, build, handed_over
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.signed_calls import listen, refused
from tests.gateway.oauth.story import register

HEAR, PACKAGES = "/v1/hear", "/v1/packages"
# The order of P-256: from a signature (r, s) anybody can write (r, ORDER - s), which verifies too.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Bound:
    """A partner with a token that is bound to its certificate, and the line to the bank."""

    http: httpx.AsyncClient
    partner: Partner
    access: str

    def signed(
        self, method: str = "POST", path: str = HEAR, parameters: str = ""
    ) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.access}"}
        if method == "POST":
            headers["Idempotency-Key"] = "one"
        return handed_over(TRAVEL) | message_signing.signed(
            headers,
            method=method,
            url=MTLS + path,
            body=b"",
            key=self.partner.key,
            created=self.partner.now,
            parameters=parameters,
        )


@pytest.fixture
async def bound(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
) -> AsyncIterator[Bound]:
    oauth = build(database, onboarding, consents, audit, vault, clock)
    await oauth.ensure()
    clients = RegisteredClients(onboarding, clock)
    signatures = MessageSignatures(
        database, clients, oauth.keys, clock, integrity=lambda day: ("signature",)
    )
    guard = ResourceGuard(database, clock, issuer=ISSUER, mtls=MTLS, signatures=signatures)
    app = Litestar(
        [
            *protocol_routes(oauth),
            Router("/", route_handlers=[listen, read_packages], middleware=[guard]),
        ],
        exception_handlers={Exception: Voices(ISSUER, "/oauth").answer},
        openapi_config=None,
    )
    door = Door(
        SignedAnswers(app, signatures),
        access_log=False,
        terminators=Terminators(["127.0.0.1"], SECRET),
    )
    partner = await register(onboarding, clock, "Travel", metadata=BY_ASSERTION)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=MTLS) as http:
        form = partner.form(grant_type="client_credentials", scope="catalog.read event.subscribe")
        answer = await http.post("/oauth/token", data=form, headers=handed_over(TRAVEL))
        yield Bound(http, partner, answer.json()["access_token"])


def twin(headers: dict[str, str]) -> dict[str, str]:
    """The same request under the other signature that follows from its own."""
    raw = base64.b64decode(headers["Signature"].removeprefix("sig1=:").rstrip(":"))
    other = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return headers | {"Signature": f"sig1=:{base64.b64encode(other).decode()}:"}


async def test_a_signed_write_without_a_proof_counts_once(bound: Bound) -> None:
    headers = bound.signed()
    assert (await bound.http.post(HEAR, headers=headers)).status_code == 200
    again = await bound.http.post(HEAR, headers=headers)
    assert refused(again) == "signature.replayed"
    assert again.json()["next_action"] == "sign_again"
    # Signed again, with a nonce, it is a request of its own, though the second is the same.
    fresh = await bound.http.post(HEAR, headers=bound.signed(parameters=';nonce="2"'))
    assert fresh.status_code == 200, fresh.text


async def test_the_twin_of_a_signature_counts_as_the_same(bound: Bound) -> None:
    headers = bound.signed()
    assert (await bound.http.post(HEAR, headers=twin(headers))).status_code == 200
    for replayed in (headers, twin(headers)):
        assert refused(await bound.http.post(HEAR, headers=replayed)) == "signature.replayed"


async def test_a_refused_write_uses_no_signature_up(bound: Bound) -> None:
    headers = bound.signed()
    forged: dict[str, Any] = headers | {"Signature": f"sig1=:{'A' * 86}==:"}
    assert refused(await bound.http.post(HEAR, headers=forged)) == "signature.invalid"
    elsewhere = headers | {"Client-Cert": ""}
    assert (await bound.http.post(HEAR, headers=elsewhere)).status_code in (400, 401)
    assert (await bound.http.post(HEAR, headers=headers)).status_code == 200


async def test_a_signed_read_may_be_repeated(bound: Bound) -> None:
    headers = bound.signed("GET", PACKAGES)
    for _ in range(2):
        answer = await bound.http.get(PACKAGES, headers=headers)
        assert answer.status_code == 200, answer.text
