"""Discovery: two addresses by two rules, one document, and nothing in it that is not enforced."""

import re
from typing import Any, get_args

import pytest

from contracts.v1.clients import ClientMetadata, SigningAlgorithm
from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE, PACKAGE_ORDER_TYPE
from gateway.oauth.discovery import OPENID_PATH, metadata_path, server_metadata
from gateway.oauth.identity.assurance import ACR_VALUES
from gateway.oauth.routes import form_endpoints, protocol_routes
from gateway.oauth.service import OAuth
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_oidc import SCOPE, opened

WEAK = re.compile(r"none|HS\d+|RS\d+")


async def document(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = (await story.http.get(OPENID_PATH)).json()
    return found


async def test_both_addresses_tell_the_same(story: Story) -> None:
    inserted = await story.http.get("/.well-known/oauth-authorization-server")
    appended = await story.http.get("/.well-known/openid-configuration")
    assert inserted.status_code == appended.status_code == 200
    assert inserted.content == appended.content
    assert inserted.json()["issuer"] == ISSUER


@pytest.mark.parametrize(
    ("issuer", "path"),
    [
        ("https://bank.example", "/.well-known/oauth-authorization-server"),
        ("https://bank.example/", "/.well-known/oauth-authorization-server"),
        ("https://bank.example/tenant", "/.well-known/oauth-authorization-server/tenant"),
        ("https://bank.example/a/b/", "/.well-known/oauth-authorization-server/a/b"),
    ],
)
def test_the_well_known_part_goes_before_an_issuers_path(issuer: str, path: str) -> None:
    assert metadata_path(issuer) == path
    told = server_metadata(issuer)
    assert told["issuer"] == issuer
    assert told["userinfo_endpoint"] == issuer.rstrip("/") + "/oauth/userinfo"


async def test_no_weak_algorithm_is_offered_anywhere(story: Story) -> None:
    told = await document(story)
    offered = {name: told[name] for name in told if name.endswith("alg_values_supported")}
    assert len(offered) >= 6
    for name, algorithms in offered.items():
        assert algorithms, name
        assert not any(WEAK.fullmatch(algorithm) for algorithm in algorithms), name
        assert set(algorithms) <= {*get_args(SigningAlgorithm), "Ed25519"}, name


async def test_openid_connect_is_described_as_it_is(story: Story, partner: Partner) -> None:
    told = await document(story)
    assert told["subject_types_supported"] == ["pairwise"]
    assert told["id_token_signing_alg_values_supported"] == ["ES256"]
    assert told["claims_parameter_supported"] is True
    assert told["acr_values_supported"] == list(ACR_VALUES)
    assert "openid" in told["scopes_supported"]
    tokens = await story.tokens(partner, scope=SCOPE, nonce="n")
    claims = (await opened(story, tokens["id_token"])).claims
    assert set(claims) == set(told["claims_supported"])


async def test_what_registration_takes_is_what_is_announced(story: Story) -> None:
    told = await document(story)
    usual = ClientMetadata()
    assert [usual.subject_type] == told["subject_types_supported"]
    assert [usual.id_token_signed_response_alg] == told["id_token_signing_alg_values_supported"]


async def test_every_announced_prompt_and_type_is_accepted(story: Story, partner: Partner) -> None:
    told = await document(story)
    assert told["authorization_details_types_supported"] == [
        PACKAGE_ORDER_TYPE,
        ACCOUNT_INFORMATION_TYPE,
    ]
    for prompt in told["prompt_values_supported"]:
        await story.request_uri(partner, prompt=prompt)


async def test_every_endpoint_announced_is_there(story: Story) -> None:
    told = await document(story)
    for name, address in told.items():
        if name.endswith("_endpoint") and name != "authorization_endpoint":
            answer = await story.http.post(address.removeprefix(ISSUER))
            assert answer.status_code in (400, 401, 415), (name, answer.status_code)


def test_only_public_routes_have_a_short_way(oauth: OAuth) -> None:
    # No guard stands before it.
    public = {
        path
        for handler in protocol_routes(oauth)
        if handler.opt.get("public") and "POST" in handler.http_methods
        for path in handler.paths
    }
    assert form_endpoints(oauth).keys() == {"/oauth/par", "/oauth/token"}
    assert form_endpoints(oauth).keys() <= public
