"""The PyPI client ``requests_oauth2client`` walks the main job from metadata to a debit."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests_oauth2client import (
    ApiClient,
    DPoPToken,
    InvalidClient,
    InvalidGrant,
    OAuth2Client,
    PrivateKeyJwt,
    RepeatedDPoPNonce,
    UnknownTokenEndpointError,
)
from standardwebhooks import Webhook

from tests.contracts.bank import Bank
from tests.flows.browser import Browser
from tests.flows.partner import CUSTOMER_SCOPE, Partner, fen, line_of, wallet
from tests.peers.message_signer import sign

METADATA = "/.well-known/oauth-authorization-server"


def client_of(partner: Partner, *, audience: str | None, **options: Any) -> OAuth2Client:
    """The foreign client with the partner's own key; endpoints come from our metadata."""
    issuer = partner.line.issuer
    key = partner.keys.client.as_dict(private=True) | {"alg": "ES256"}
    return OAuth2Client.from_discovery_endpoint(
        issuer + METADATA,
        issuer=issuer,
        auth=PrivateKeyJwt(partner.client_id, key, aud=audience),
        redirect_uri=partner.redirect_uri,
        # It takes plain http for a mistake otherwise, also on loopback.
        testing=True,
        **({"dpop_bound_access_tokens": True} | options),
    )


@pytest.fixture
def client(bank: Bank) -> OAuth2Client:
    return client_of(bank.wayfare, audience=bank.house.issuer)


def consented(client: OAuth2Client, bank: Bank, **options: Any) -> tuple[str, Any]:
    """Pushes a request and lets a customer approve it; the redirect, and the request."""
    request = client.authorization_request(
        scope=CUSTOMER_SCOPE,
        nonce=None,
        authorization_details=json.dumps(wallet()),
        **options,
    )
    pushed = client.pushed_authorization_request(request)
    target = urlsplit(pushed.uri)
    assert set(target.query.split("&")) >= {f"client_id={bank.wayfare.client_id}"}
    browser, customer = Browser(bank.wayfare.line), bank.customer()
    page = browser.open(f"{target.path}?{target.query}")
    page = customer.sign_in(browser, page)
    return customer.agree(browser, page).location, request


class Signed(requests.auth.AuthBase):
    """The foreign token, and over what it put into a write a message signature (RFC 9421)."""

    def __init__(self, token: Any, partner: Partner) -> None:
        self._token = token
        self._partner = partner

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        proved: requests.PreparedRequest = self._token(request)
        if proved.method != "GET":
            sign(self._partner, proved)
        return proved


def api_of(bank: Bank, token: Any) -> ApiClient:
    """The foreign client's own HTTP session, with the token and proofs it makes itself."""
    auth = Signed(token, bank.wayfare)
    return ApiClient(f"{bank.house.issuer}/v1/", auth=auth, raise_for_status=False)


def test_it_walks_the_main_job_from_the_metadata_to_a_debit(
    client: OAuth2Client, bank: Bank
) -> None:
    own = client.client_credentials(scope="catalog.read event.subscribe")
    assert isinstance(own, DPoPToken)
    packages = api_of(bank, own).get("packages", params={"scenario": "travel_app"}).json()
    assert "commuter-wallet" in [package["code"] for package in packages["packages"]]
    assert api_of(bank, own).get("packages/commuter-wallet").json()["version"] == "1.0.0"

    endpoint = api_of(bank, own).post(
        "webhook-endpoints", json={"url": bank.mailbox.url("/foreign")}
    )
    assert endpoint.status_code == 201, endpoint.text

    location, request = consented(client, bank)
    # It checks state and issuer of the answer itself (RFC 9207).
    token = client.authorization_code(request.validate_callback(location))
    assert isinstance(token, DPoPToken)
    assert token.authorization_details == wallet()

    api = api_of(bank, token)
    # Its answer to a nonce's challenge would carry the signature over the first proof.
    assert api.get("orders/none_of_ours").status_code == 404
    wanted = {"package": "commuter-wallet", "version": "1.0.0", "reference": "foreign-1"}
    key = {"Idempotency-Key": f"foreign-{request.state}"}
    placed = api.post("orders", json=wanted, headers=key)
    assert (placed.status_code, placed.json()["status"]) == (201, "active"), placed.text
    again = api.post("orders", json=wanted, headers=key)
    assert (again.headers["idempotent-replayed"], again.content) == ("true", placed.content)

    letter = bank.mailbox.first("/foreign", placed.json()["order_id"], '"order.active"')
    event = Webhook(endpoint.json()["secret"]).verify(letter.body, letter.headers)
    assert event["resource"]["id"] == placed.json()["order_id"]

    purse = line_of(placed.json(), "purse")["account_id"]
    able = api.get(f"accounts/{purse}/capabilities").json()
    assert (able["tier"], able["next_accepted"]["debit"]) == ("T3", fen(2_000))
    debits = f"mandates/{line_of(placed.json(), 'ride')['mandate_id']}/debits"
    ride = {"instructed_amount": fen(300), "end_to_end_id": "foreign-2"}
    settled = api.post(debits, json=ride, headers={"Idempotency-Key": "foreign-2"})
    assert (settled.status_code, settled.json()["status"]) == (201, "settled"), settled.text
    far = {"instructed_amount": fen(2_001), "end_to_end_id": "foreign-3"}
    refused = api.post(debits, json=far, headers={"Idempotency-Key": "foreign-3"})
    assert (refused.status_code, refused.json()["code"]) == (422, "limit.per_debit")


def test_it_refreshes_introspects_and_revokes(client: OAuth2Client, bank: Bank) -> None:
    location, request = consented(client, bank)
    first = client.authorization_code(request.validate_callback(location))
    assert first.refresh_token
    second = client.refresh_token(first)
    assert second.access_token != first.access_token
    order = "orders/none_of_ours"
    assert api_of(bank, second).get(order).status_code == 404, "the fresh token is taken"

    assert client.introspect_token(second)["active"] is True
    assert client.revoke_access_token(second) is True
    assert client.introspect_token(second)["active"] is False
    # It takes every 401 of a resource for a wish for a nonce, and complains that it has that one.
    with pytest.raises(RepeatedDPoPNonce) as refusal:
        api_of(bank, second).get(order)
    assert refusal.value.response.status_code == 401
    assert refusal.value.response.json()["code"] == "oauth.invalid_token"
    assert client.revoke_refresh_token(first) is True
    with pytest.raises(InvalidGrant):
        client.refresh_token(first)


def test_its_usual_audience_is_refused(bank: Bank) -> None:
    """FAPI 2.0 wants the issuer alone, and this client names the endpoint if it is let."""
    with pytest.raises(InvalidClient):
        client_of(bank.wayfare, audience=None).client_credentials(scope="catalog.read")


def test_it_gets_nothing_without_a_proof(bank: Bank) -> None:
    issuer = bank.house.issuer
    bare = client_of(bank.wayfare, audience=issuer, dpop_bound_access_tokens=False)
    with pytest.raises(UnknownTokenEndpointError) as refusal:
        bare.client_credentials(scope="catalog.read")
    assert refusal.value.error == "invalid_dpop_proof"


def test_a_code_serves_nobody_without_the_verifier(client: OAuth2Client, bank: Bank) -> None:
    location, request = consented(client, bank)
    answer = request.validate_callback(location)
    with pytest.raises(InvalidGrant):
        client.authorization_code(answer.code, validate=False, code_verifier="v" * 64,
                                  redirect_uri=bank.wayfare.redirect_uri,
                                  dpop_key=request.dpop_key)  # fmt: skip
