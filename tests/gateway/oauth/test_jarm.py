"""Signed authorization responses (JARM, FAPI 2.0 MS section 5.4), verified with joserfc."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from contracts.v1.clients import ClientMetadata
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, REDIRECT_URI, Partner, answer_of, post
from tests.gateway.oauth.signed_requests import request_object
from tests.gateway.oauth.story import Story, register

SIGNED = ["jwt", "query.jwt"]


async def opened(oauth: OAuth, location: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of the answer in a redirect, once its signature is proved."""
    assert location.startswith(REDIRECT_URI + "&")
    # The registered query stays, and nothing but `response` comes to it.
    query = parse_qs(urlsplit(location).query, strict_parsing=True)
    assert query.keys() == {"from", "response"} and query["from"] == ["bank"]
    keys = KeySet.import_key_set(await oauth.jwks())  # type: ignore[arg-type]
    token = jwt.decode(query["response"][0], keys, algorithms=["ES256"])
    return dict(token.header), dict(token.claims)


@pytest.mark.parametrize("mode", SIGNED)
async def test_everything_is_inside_the_signed_answer(
    oauth: OAuth, story: Story, partner: Partner, mode: str
) -> None:
    state = "äß&=+% " + "s" * 1000
    request_uri = await story.request_uri(partner, response_mode=mode, state=state)
    location = await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
    header, claims = await opened(oauth, location)
    signing = next(key for key in (await oauth.jwks())["keys"] if key["kid"] == header["kid"])
    assert header == {"alg": "ES256", "kid": signing["kid"], "typ": "JWT"}
    assert claims.keys() == {"iss", "aud", "exp", "code", "state"}
    assert (claims["iss"], claims["aud"], claims["state"]) == (ISSUER, partner.client_id, state)
    assert partner.now < claims["exp"] <= partner.now + 600
    await story.exchange(partner, partner.code_form(claims["code"]))


async def test_a_refusal_is_signed_too(oauth: OAuth, story: Story, partner: Partner) -> None:
    request_uri = await story.request_uri(partner, response_mode="jwt", state=None)
    location = await oauth.authorizations.deny(partner.client_id, request_uri, customer_id="cus_1")
    _, claims = await opened(oauth, location)
    del claims["exp"]
    assert claims == {"iss": ISSUER, "aud": partner.client_id, "error": "access_denied"}


async def test_a_signed_request_asks_for_a_signed_answer(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, story: Story
) -> None:
    form = partner.form(request=request_object(partner, response_mode="jwt"))
    # What stands outside does not count.
    pushed = await post(http, "/oauth/par", form | {"response_mode": "query"})
    location = await oauth.authorizations.approve(
        partner.client_id, pushed.json()["request_uri"], story.approval()
    )
    assert "code" in (await opened(oauth, location))[1]


async def test_a_plain_answer_stays_plain(oauth: OAuth, story: Story, partner: Partner) -> None:
    for mode in (None, "query"):
        request_uri = await story.request_uri(partner, response_mode=mode)
        approve = oauth.authorizations.approve
        location = await approve(partner.client_id, request_uri, story.approval())
        assert set(answer_of(location)) == {"from", "code", "state", "iss"}


async def test_the_metadata_names_what_is_signed_and_how(oauth: OAuth) -> None:
    """RFC 9101 section 10.5, JARM section 4, RFC 9701 section 7: no more and no less."""
    told = oauth.metadata()
    signing = {
        "response_modes_supported": ["query", "query.jwt", "jwt"],
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": ["ES256", "PS256", "EdDSA", "Ed25519"],
        "authorization_signing_alg_values_supported": ["ES256"],
        "introspection_signing_alg_values_supported": ["ES256"],
    }
    assert {name: told[name] for name in signing} == signing
    assert not any("encryption" in name for name in told)


# what the client is registered for, the modes it may ask for, and those it may not
REGISTERED: list[tuple[ClientMetadata, list[str | None], list[str | None]]] = [
    (ClientMetadata(), [None, "query", "jwt", "query.jwt"], ["fragment", "form_post.jwt", "JWT"]),
    (
        ClientMetadata(authorization_signed_response_alg="ES256"),
        ["jwt", "query.jwt"],
        [None, "query", "fragment.jwt"],
    ),
    (ClientMetadata(response_modes=["jwt"]), ["jwt", "query.jwt"], [None, "query"]),
    (ClientMetadata(response_modes=["query.jwt"]), ["jwt", "query.jwt"], [None, "query"]),
    (ClientMetadata(response_modes=["query"]), [None, "query"], ["jwt", "query.jwt"]),
    (
        ClientMetadata(response_modes=["query", "jwt"], authorization_signed_response_alg="ES256"),
        [None, "query", "jwt", "query.jwt"],
        ["fragment"],
    ),
]


@pytest.mark.parametrize(("metadata", "may", "may_not"), REGISTERED)
async def test_a_client_gets_the_answers_it_is_registered_for(
    http: httpx.AsyncClient,
    onboarding: Onboarding,
    clock: SetClock,
    metadata: ClientMetadata,
    may: list[str | None],
    may_not: list[str | None],
) -> None:
    client = await register(onboarding, clock, "Modes", metadata=metadata)
    for mode in may:
        answer = await post(http, "/oauth/par", client.par_form(response_mode=mode))
        assert answer.status_code == 201, (mode, answer.text)
    for mode in may_not:
        answer = await post(http, "/oauth/par", client.par_form(response_mode=mode))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), mode
