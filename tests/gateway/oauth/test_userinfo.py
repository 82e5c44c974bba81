"""The userinfo endpoint: a resource behind the guard that tells `sub` and little else."""

import json

import httpx
import pytest

from gateway.oauth.identity.assurance import TWO_FACTOR
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, new_key
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_oidc import SCOPE, opened

PATH = "/oauth/userinfo"


async def told(story: Story, partner: Partner, token: str, method: str = "GET") -> httpx.Response:
    proof = partner.proof(ISSUER + PATH, method, token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    return await story.http.request(method, PATH, headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_tells_the_id_tokens_sub_and_nothing_else(
    story: Story, partner: Partner, method: str
) -> None:
    tokens = await story.tokens(partner, scope=SCOPE)
    answer = await told(story, partner, tokens["access_token"], method)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    claims = (await opened(story, tokens["id_token"])).claims
    assert answer.json() == {"sub": claims["sub"]}


async def test_what_was_asked_for_here_comes_too(
    story: Story, partner: Partner, clock: SetClock
) -> None:
    asked = {"userinfo": {"acr": None, "auth_time": {"essential": True}, "name": None}}
    signed_in_at = int(clock.now().timestamp())
    tokens = await story.tokens(partner, scope=SCOPE, claims=json.dumps(asked))
    answer = (await told(story, partner, tokens["access_token"])).json()
    assert answer.keys() == {"sub", "acr", "auth_time"}
    assert (answer["acr"], answer["auth_time"]) == (TWO_FACTOR, signed_in_at)
    clock.advance(60)
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    again = await story.exchange(partner, form)
    assert (await told(story, partner, again["access_token"])).json() == answer


async def test_a_token_without_openid_is_told_which_scope_it_lacks(
    story: Story, partner: Partner
) -> None:
    token = (await story.tokens(partner))["access_token"]
    answer = await told(story, partner, token)
    assert answer.status_code == 403
    assert answer.json()["error"] == "insufficient_scope"
    assert 'scope="openid"' in answer.headers["www-authenticate"]


async def test_a_client_without_a_customer_gets_no_openid(story: Story, partner: Partner) -> None:
    form = partner.form(grant_type="client_credentials", scope="openid")
    proof = partner.proof(f"{ISSUER}/oauth/token")
    answer = await story.http.post("/oauth/token", data=form, headers={"DPoP": proof})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_no_token_and_anothers_key_are_challenged(story: Story, partner: Partner) -> None:
    bare = await story.http.get(PATH)
    assert bare.status_code == 401
    assert bare.headers["www-authenticate"].startswith("DPoP ")
    token = (await story.tokens(partner, scope=SCOPE))["access_token"]
    proof = partner.proof(ISSUER + PATH, "GET", key=new_key(), token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    stolen = await story.http.get(PATH, headers=headers)
    assert stolen.status_code == 401
    assert 'error="invalid_token"' in stolen.headers["www-authenticate"]


async def test_a_token_in_the_form_is_no_token(story: Story, partner: Partner) -> None:
    token = (await story.tokens(partner, scope=SCOPE))["access_token"]
    answer = await story.http.post(PATH, data={"access_token": token})
    assert answer.status_code == 401


async def test_it_ends_with_the_consent(
    oauth: OAuth, story: Story, partner: Partner, clock: SetClock
) -> None:
    tokens = await story.tokens(partner, scope=SCOPE)
    form = partner.form(token=tokens["refresh_token"])
    assert (await story.http.post("/oauth/revoke", data=form)).status_code == 200
    assert (await told(story, partner, tokens["access_token"])).status_code == 401
