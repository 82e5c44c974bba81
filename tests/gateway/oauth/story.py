"""The steps that lead up to what a test is about: registering, pushing, approving, redeeming."""

from typing import Any

import httpx

from contracts.v1.onboarding import DialectKey, Registration
from gateway.oauth.service import Approval, OAuth
from gateway.onboarding.service import SCOPES, Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, REDIRECT_URI, Partner, answer_of, new_key, post


async def register(
    onboarding: Onboarding, clock: SetClock, name: str, *dialects: DialectKey, **changes: Any
) -> Partner:
    algorithm = changes.pop("algorithm", "ES256")
    key = new_key(algorithm)
    usual: dict[str, Any] = {
        "partner_name": name,
        "partner_name_zh": "伙伴",
        "mark": name[0],
        "scenarios": ["travel_app"],
        "redirect_uris": [REDIRECT_URI],
        "scope": " ".join(SCOPES),
        "jwks": {"keys": [key.as_dict(private=False)]},
        "dialect_keys": list(dialects),
    }
    wanted = Registration(**(usual | changes))
    registered = await onboarding.register(wanted, operator="test", at=clock.now())
    return Partner(registered.client_id, clock, key, algorithm)


class Story:
    """One room over HTTP, and the customer who approves what is pushed there."""

    def __init__(self, oauth: OAuth, http: httpx.AsyncClient, clock: SetClock) -> None:
        self.oauth = oauth
        self.http = http
        self.clock = clock

    async def request_uri(self, partner: Partner, **fields: Any) -> str:
        pushed = await post(self.http, "/oauth/par", partner.par_form(**fields))
        assert pushed.status_code == 201, pushed.text
        uri: str = pushed.json()["request_uri"]
        return uri

    def approval(self, customer_id: str = "cus_1", **changes: Any) -> Approval:
        usual = {
            "customer_id": customer_id,
            "acr": "urn:tessera:acr:two-factor",
            "amr": ("pwd", "otp"),
            "authenticated_at": self.clock.now(),
        }
        return Approval(**(usual | changes))

    async def code(
        self, partner: Partner, /, approval: Approval | None = None, **fields: Any
    ) -> str:
        request_uri = await self.request_uri(partner, **fields)
        approve = self.oauth.authorizations.approve
        location = await approve(partner.client_id, request_uri, approval or self.approval())
        return answer_of(location)["code"]

    async def tokens(
        self, partner: Partner, /, approval: Approval | None = None, **fields: Any
    ) -> dict[str, Any]:
        code = await self.code(partner, approval, **fields)
        return await self.exchange(partner, partner.code_form(code))

    async def client_token(self, partner: Partner, scope: str = "catalog.read") -> dict[str, Any]:
        form = partner.form(grant_type="client_credentials", scope=scope)
        return await self.exchange(partner, form)

    async def exchange(self, partner: Partner, form: dict[str, Any]) -> dict[str, Any]:
        proof = partner.proof(f"{ISSUER}/oauth/token")
        answer = await post(self.http, "/oauth/token", form, proof)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def read(self, partner: Partner, token: str, path: str = "/v1/orders") -> httpx.Response:
        proof = partner.proof(ISSUER + path, "GET", token=token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return await self.http.get(path, headers=headers)
