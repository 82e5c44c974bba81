"""Access tokens bound to a certificate (RFC 8705 section 3), beside those bound to a key."""

import base64
import hashlib

import httpx

from contracts.v1.clients import ClientMetadata
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.certificates import common_name, self_signed
from tests.conftest import SetClock
from tests.gateway.oauth.mtls.mutual import (
    AUTHORITY,
    BY_ASSERTION,
    MTLS,
    PACKAGES,
    TRAVEL,
    assert_invalid_client,
    call,
    challenge,
    handed_over,
    token,
)
from tests.gateway.oauth.partner import (
    ISSUER,
    REDIRECT_URI,
    VERIFIER,
    Partner,
    answer_of,
    challenge_of,
)
from tests.gateway.oauth.signed_requests import request_object
from tests.gateway.oauth.story import Story, register

# ---- what is bound to a certificate -------------------------------------------------------------


async def test_a_bound_token_works_with_its_certificate_alone(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    """RFC 8705 section 3: `x5t#S256` is compared on every call (requirement 81)."""
    answer = await token(http, travel.client_id, TRAVEL)
    assert answer.headers["cache-control"] == "no-store"
    access = answer.json()["access_token"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert (await call(http, access, TRAVEL, scheme=scheme)).status_code == 200
    another = AUTHORITY.issue(common_name("Travel Client"))
    for held in (another, self_signed("x"), None):
        refused = challenge(await call(http, access, held))
        assert refused.startswith('Bearer error="invalid_token"'), refused
    # At the ordinary address there is no certificate, whatever a header says.
    headers = {"Authorization": f"Bearer {access}", "Client-Cert": TRAVEL.field}
    refused = challenge(await http.get(PACKAGES, headers=headers))
    assert refused.startswith('Bearer error="invalid_token"')


async def test_a_certificate_bound_token_is_no_dpop_token(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    access = (await token(http, travel.client_id, TRAVEL)).json()["access_token"]
    proof = travel.proof(MTLS + PACKAGES, "GET", token=access)
    refused = challenge(await call(http, access, TRAVEL, scheme="DPoP", DPoP=proof))
    assert refused.startswith('Bearer error="invalid_token"')


async def test_a_dpop_bound_token_is_no_bearer_token(
    http: httpx.AsyncClient, partner: Partner, story: Story
) -> None:
    """RFC 9449 section 7.2, with and without a certificate and a proof (requirement 76)."""
    access = (await story.client_token(partner))["access_token"]
    proof = partner.proof(MTLS + PACKAGES, "GET", token=access)
    for held in (TRAVEL, None):
        for headers in ({}, {"DPoP": proof}):
            refused = challenge(await call(http, access, held, **headers))
            assert refused.startswith('DPoP error="invalid_token"')
    answer = await call(http, access, TRAVEL, scheme="dPoP", DPoP=proof)
    assert answer.status_code == 200, "nothing used the proof up"


async def test_without_a_token_both_schemes_are_offered(http: httpx.AsyncClient) -> None:
    offered = challenge(await http.get(PACKAGES))
    assert offered.startswith("DPoP algs=")
    assert f'Bearer realm="{MTLS}"' in offered
    unknown = challenge(await call(http, "unknown", TRAVEL))
    assert unknown.startswith('Bearer error="invalid_token"')


async def test_a_missing_scope_is_named_in_the_tokens_scheme(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    answer = await token(http, travel.client_id, TRAVEL, scope="event.subscribe")
    refused = await call(http, answer.json()["access_token"], TRAVEL)
    assert refused.status_code == 403
    expected = 'Bearer error="insufficient_scope", scope="catalog.read"'
    assert refused.headers["www-authenticate"] == expected


async def test_introspection_names_the_certificate(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    access = (await token(http, travel.client_id, TRAVEL)).json()["access_token"]
    form = {"client_id": travel.client_id, "token": access}
    answer = await http.post("/oauth/introspect", data=form, headers=handed_over(TRAVEL))
    raw = hashlib.sha256(TRAVEL.der).digest()
    thumbprint = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert answer.json()["active"] is True
    assert answer.json()["cnf"] == {"x5t#S256": thumbprint}
    assert answer.json()["token_type"] == "Bearer"


async def test_a_private_key_jwt_client_may_have_its_tokens_bound_to_a_certificate(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    one = await register(onboarding, clock, "Mixed", metadata=BY_ASSERTION)
    held = self_signed("whatever it is called")
    fields = one.form(grant_type="client_credentials", scope="catalog.read")
    answer = await http.post("/oauth/token", data=fields, headers=handed_over(None))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "mtls_endpoint_aliases" in answer.json()["error_description"]
    # The same assertion again: the refusal used nothing up.
    answer = await http.post("/oauth/token", data=fields, headers=handed_over(held))
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    access = answer.json()["access_token"]
    assert (await call(http, access, held)).status_code == 200
    assert (await call(http, access, TRAVEL)).status_code == 401


async def test_one_constraint_and_no_other(
    http: httpx.AsyncClient, travel: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    """A certificate-bound client sends no proof, and asks for no key at PAR."""
    form = {"grant_type": "client_credentials", "client_id": travel.client_id}
    headers = handed_over(TRAVEL) | {"DPoP": travel.proof(f"{MTLS}/oauth/token")}
    answer = await http.post("/oauth/token", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    pushed = {
        "client_id": travel.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "order.read",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "dpop_jkt": travel.dpop_key.thumbprint(),
    }
    answer = await http.post("/oauth/par", data=pushed, headers=handed_over(TRAVEL))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    del pushed["dpop_jkt"]
    answer = await http.post("/oauth/par", data=pushed, headers=handed_over(TRAVEL))
    assert answer.status_code == 201


async def test_a_certificate_bound_client_asks_for_no_key_in_a_request_object_either(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    one = await register(onboarding, clock, "Signing", metadata=BY_ASSERTION)
    jkt = one.dpop_key.thumbprint()
    for signed, status in (
        (request_object(one, dpop_jkt=jkt), 400),
        (request_object(one), 201),
    ):
        pushed = one.form(request=signed)
        answer = await http.post("/oauth/par", data=pushed, headers=handed_over(TRAVEL))
        assert answer.status_code == status, answer.text
        if status == 400:
            assert answer.json()["error"] == "invalid_request"
            assert "dpop_jkt" in answer.json()["error_description"]


async def test_a_certificate_client_may_have_dpop_tokens(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    metadata = ClientMetadata(
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=Travel Client",
    )
    one = await register(onboarding, clock, "Keys", metadata=metadata)
    form = {"grant_type": "client_credentials", "client_id": one.client_id}
    refused = await http.post("/oauth/token", data=form, headers=handed_over(TRAVEL))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    # RFC 9449 section 4.3: the address that the request came to, and not the ordinary one.
    for start, status in ((ISSUER, 400), (MTLS, 200)):
        headers = handed_over(TRAVEL) | {"DPoP": one.proof(f"{start}/oauth/token")}
        answer = await http.post("/oauth/token", data=form, headers=headers)
        assert answer.status_code == status, answer.text
    access = answer.json()["access_token"]
    assert answer.json()["token_type"] == "DPoP"
    for start, status in ((ISSUER, 401), (MTLS, 200)):
        proof = one.proof(start + PACKAGES, "GET", token=access)
        answer = await call(http, access, None, scheme="DPoP", DPoP=proof)
        assert answer.status_code == status, answer.text


async def test_a_customers_tokens_follow_a_renewed_certificate(
    http: httpx.AsyncClient, oauth: OAuth, travel: Partner, story: Story
) -> None:
    """RFC 8705 section 4: a refresh by the same client binds to the certificate of today."""
    pushed = travel.par_form(client_assertion_type=None, client_assertion=None)
    answer = await http.post("/oauth/par", data=pushed, headers=handed_over(TRAVEL))
    assert answer.status_code == 201, answer.text
    approve = oauth.authorizations.approve
    location = await approve(travel.client_id, answer.json()["request_uri"], story.approval())
    code = travel.code_form(
        answer_of(location)["code"], client_assertion_type=None, client_assertion=None
    )
    other = AUTHORITY.issue(common_name("Somebody"))
    # Whoever fails to authenticate burns nothing.
    assert_invalid_client(await token(http, travel.client_id, other, **code))
    answer = await token(http, travel.client_id, TRAVEL, **code)
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert (await call(http, first["access_token"], TRAVEL, path="/v1/orders")).status_code == 200

    renewed = AUTHORITY.issue(common_name("Travel Client"))
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "scope": None}
    assert_invalid_client(await token(http, travel.client_id, other, **again))
    answer = await token(http, travel.client_id, renewed, **again)
    assert answer.status_code == 200, answer.text
    access = answer.json()["access_token"]
    assert (await call(http, access, renewed, path="/v1/orders")).status_code == 200
    assert (await call(http, access, TRAVEL, path="/v1/orders")).status_code == 401
    # The older token stays bound to the older certificate.
    assert (await call(http, first["access_token"], TRAVEL, path="/v1/orders")).status_code == 200
    assert (await call(http, first["access_token"], renewed, path="/v1/orders")).status_code == 401
