"""Introspection answers as JWTs (RFC 9701), verified with joserfc, and who may see what."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from contracts.v1.clients import ClientMetadata
from gateway.oauth.media_types import INTROSPECTION_JWT, prefers_signed
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.story import Story, register

INACTIVE = {"active": False}


@pytest.fixture
async def resource_server(onboarding: Onboarding, clock: SetClock) -> Partner:
    """One of the bank's own, as an operator registers it."""
    return await register(onboarding, clock, "Resources", introspection="all")


async def ask(
    http: httpx.AsyncClient, client: Partner, token: str, accept: str = INTROSPECTION_JWT
) -> httpx.Response:
    answer = await http.post(
        "/oauth/introspect", data=client.form(token=token), headers={"Accept": accept}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer


async def opened(oauth: OAuth, answer: httpx.Response, client: Partner) -> dict[str, Any]:
    """What the JWT says of the token, once signature and frame are proved (RFC 9701 section 5)."""
    assert answer.headers["content-type"] == INTROSPECTION_JWT
    keys = KeySet.import_key_set(await oauth.jwks())  # type: ignore[arg-type]
    token = jwt.decode(answer.text, keys, algorithms=["ES256"])
    assert token.header["typ"] == "token-introspection+jwt"
    claims = dict(token.claims)
    told: dict[str, Any] = claims.pop("token_introspection")
    # No exp and no sub: nobody may take it for an access token or an ID token (section 8.1).
    assert claims == {"iss": ISSUER, "aud": client.client_id, "iat": int(client.now)}
    return told


async def test_a_signed_answer_says_what_a_plain_one_says(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        plain = await ask(http, partner, token, "application/json")
        assert plain.headers["content-type"] == "application/json"
        signed = await opened(oauth, await ask(http, partner, token), partner)
        assert signed == plain.json() and signed["active"] is True


async def test_an_inactive_token_is_signed_as_well_and_nothing_is_told(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner, stranger: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    assert await opened(oauth, await ask(http, stranger, token), stranger) == INACTIVE
    assert await opened(oauth, await ask(http, partner, "unknown"), partner) == INACTIVE


async def test_a_client_registered_for_signed_answers_gets_no_other(
    http: httpx.AsyncClient, oauth: OAuth, onboarding: Onboarding, clock: SetClock, story: Story
) -> None:
    metadata = ClientMetadata(introspection_signed_response_alg="ES256")
    client = await register(onboarding, clock, "Signed", metadata=metadata)
    token = (await story.client_token(client))["access_token"]
    for accept in ("application/json", "*/*", ""):
        answer = await ask(http, client, token, accept)
        assert (await opened(oauth, answer, client))["active"] is True


async def test_a_refusal_is_plain_whatever_was_asked_for(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    answer = await http.post(
        "/oauth/introspect", data=partner.form(), headers={"Accept": INTROSPECTION_JWT}
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_only_the_banks_own_resource_server_sees_everybodys_tokens(
    http: httpx.AsyncClient,
    oauth: OAuth,
    story: Story,
    partner: Partner,
    stranger: Partner,
    resource_server: Partner,
) -> None:
    tokens = await story.tokens(partner)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        seen = await opened(oauth, await ask(http, resource_server, token), resource_server)
        assert seen["client_id"] == partner.client_id and seen["active"] is True
        assert await opened(oauth, await ask(http, stranger, token), stranger) == INACTIVE


async def test_a_resource_server_sees_nothing_in_a_token_that_ended(
    http: httpx.AsyncClient, story: Story, partner: Partner, resource_server: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    await http.post("/oauth/revoke", data=partner.form(token=token))
    answer = await ask(http, resource_server, token, "application/json")
    assert answer.json() == INACTIVE


async def test_seeing_a_token_is_not_owning_it(
    http: httpx.AsyncClient, story: Story, partner: Partner, resource_server: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    answer = await http.post("/oauth/revoke", data=resource_server.form(token=token))
    assert answer.status_code == 200
    assert (await story.read(partner, token, "/v1/packages")).status_code == 200


async def test_a_client_cannot_say_it_of_itself(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    """What a client hands in as metadata has no such member; the register's own has."""
    assert "introspection" not in ClientMetadata.__struct_fields__
    client = await register(onboarding, clock, "Wish")
    found = await onboarding.find(client.client_id)
    assert found is not None and found.introspection == "own"


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        (INTROSPECTION_JWT, True),
        (INTROSPECTION_JWT.upper(), True),
        (f"{INTROSPECTION_JWT};q=0.5", True),
        (f"application/json;q=0.4, {INTROSPECTION_JWT};q=0.5", True),
        (f"application/json, {INTROSPECTION_JWT}", True),
        (f"*/*;q=0.1,{INTROSPECTION_JWT};q=0.1", True),
        (f"application/json;q=0, */*, {INTROSPECTION_JWT};q=0.3", True),
        (f"{INTROSPECTION_JWT} ; Q=1.000 , text/html", True),
        (f"application/json;q=0.6, {INTROSPECTION_JWT};q=0.5", False),
        (f"{INTROSPECTION_JWT};q=0", False),
        (f"{INTROSPECTION_JWT};q=0.000", False),
        (f"{INTROSPECTION_JWT};q=2", False),
        (f"{INTROSPECTION_JWT};q=abc", False),
        (f"{INTROSPECTION_JWT};q=0.5, application/*", False),
        (f"{INTROSPECTION_JWT};q=0.5, */*", False),
        ("application/json", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        (",;,;q=1", False),
        ("application/jwt", False),
    ],
)
def test_an_accept_field_is_weighed(accept: str, signed: bool) -> None:
    assert prefers_signed(accept) is signed


@given(st.text())
def test_no_accept_field_breaks_it(accept: str) -> None:
    if INTROSPECTION_JWT not in accept.lower():
        assert prefers_signed(accept) is False
