"""Authlib decides: where its own grants refuse, no token is given, whatever our rows say."""

from typing import Any

import pytest
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidGrantError
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from contracts import errors
from gateway.oauth.service import OAuth
from tests.gateway.oauth.partner import ISSUER, Partner, post
from tests.gateway.oauth.story import Story

URL = f"{ISSUER}/oauth/token"


def refuse(*args: Any, **kwargs: Any) -> None:
    raise InvalidGrantError("no")


async def forms(story: Story, partner: Partner) -> list[dict[str, Any]]:
    tokens = await story.tokens(partner)
    return [
        partner.code_form(await story.code(partner)),
        partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
        partner.form(grant_type="client_credentials", scope="catalog.read"),
    ]


@pytest.mark.parametrize("method", ["validate_token_request", "create_token_response"])
async def test_a_refusing_grant_refuses_every_token_request(
    story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    sent = await forms(story, partner)
    with monkeypatch.context() as patched:
        for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant):
            patched.setattr(grant, method, refuse)
        for form in sent:
            answer = await post(story.http, "/oauth/token", form, partner.proof(URL))
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    for form in sent:
        # Nothing was used up by the refusals, not even the assertions.
        await story.exchange(partner, form)


async def test_a_refusing_server_refuses_every_token_request(
    story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await forms(story, partner)
    monkeypatch.setattr(AuthorizationServer, "get_token_grant", refuse)
    for form in sent:
        answer = await post(story.http, "/oauth/token", form, partner.proof(URL))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_refusing_client_authentication_refuses_every_endpoint(
    story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await forms(story, partner)
    monkeypatch.setattr(ClientAuthentication, "authenticate", refuse)
    for form in sent:
        answer = await post(story.http, "/oauth/token", form, partner.proof(URL))
        assert answer.json()["error"] == "invalid_grant"
    for path, form in (
        ("/oauth/par", partner.par_form()),
        ("/oauth/revoke", partner.form(token="t")),
        ("/oauth/introspect", partner.form(token="t")),
    ):
        assert (await post(story.http, path, form)).json()["error"] == "invalid_grant"


async def test_a_refusing_challenge_refuses_the_code(
    story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = partner.code_form(await story.code(partner))
    monkeypatch.setattr(CodeChallenge, "validate_code_verifier", refuse)
    answer = await post(story.http, "/oauth/token", form, partner.proof(URL))
    assert answer.json()["error"] == "invalid_grant"


async def test_a_refusing_endpoint_neither_revokes_nor_tells(
    story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await story.client_token(partner))["access_token"]
    with monkeypatch.context() as patched:
        patched.setattr(RevocationEndpoint, "create_endpoint_response", refuse)
        patched.setattr(IntrospectionEndpoint, "create_endpoint_response", refuse)
        for path in ("/oauth/revoke", "/oauth/introspect"):
            answer = await post(story.http, path, partner.form(token=token))
            assert answer.json()["error"] == "invalid_grant"
    assert (await story.read(partner, token, "/v1/packages")).status_code == 200


async def test_a_refusing_code_grant_issues_no_code(
    oauth: OAuth, story: Story, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_uri = await story.request_uri(partner)
    approve = oauth.authorizations.approve
    with monkeypatch.context() as patched:
        patched.setattr(AuthorizationCodeGrant, "validate_authorization_request", refuse)
        with pytest.raises(errors.InvalidGrant):
            await approve(partner.client_id, request_uri, story.approval())
    await approve(partner.client_id, request_uri, story.approval())
