"""Message signing with foreign parts: ``requests_oauth2client`` signs, joserfc verifies."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauth2client import AuthorizationRequest, DPoPToken, OAuth2Client

from tests.contracts.bank import Bank
from tests.flows.browser import Browser, Page
from tests.flows.customer import Customer
from tests.flows.partner import CUSTOMER_SCOPE, wallet
from tests.peers.test_oauth_client import client_of

INTROSPECTION_JWT = "application/token-introspection+jwt"
Press = Callable[[Customer, Browser, Page], Page]


@pytest.fixture
def client(bank: Bank) -> OAuth2Client:
    return client_of(bank.wayfare, audience=bank.house.issuer)


def verified(bank: Bank, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of what the gateway signed, by the keys it publishes."""
    keys = KeySet.import_key_set(bank.wayfare.line.send("GET", "/oauth/jwks").json())
    found = jwt.decode(token, keys, algorithms=["ES256"])
    return dict(found.header), dict(found.claims)


def pushed(client: OAuth2Client, bank: Bank, **changes: Any) -> tuple[requests.Response, Any]:
    """A request that the foreign client signs and pushes with its own authentication."""
    now = int(time.time())
    asked = {
        "scope": CUSTOMER_SCOPE,
        "nonce": None,
        "authorization_details": wallet(),
        # What FAPI 2.0 asks of the object, which this client leaves to its caller.
        "iss": bank.wayfare.client_id,
        "aud": bank.house.issuer,
        "nbf": now,
    }
    request: AuthorizationRequest = client.authorization_request(**(asked | changes))
    key = bank.wayfare.keys.client.as_dict(private=True) | {"alg": "ES256"}
    signed = request.sign_request_jwt(key, lifetime=300)
    assert client.pushed_authorization_request_endpoint is not None
    answer = requests.post(
        client.pushed_authorization_request_endpoint,
        data={"request": str(signed)},
        auth=client.auth,
        timeout=30,
    )
    return answer, request


def answered(bank: Bank, answer: requests.Response, press: Press) -> str:
    """Where the customer's browser is sent once the customer has decided."""
    assert answer.status_code == 201, answer.text
    query = urlencode(
        {"client_id": bank.wayfare.client_id, "request_uri": answer.json()["request_uri"]}
    )
    browser, customer = Browser(bank.wayfare.line), bank.customer()
    page = customer.sign_in(browser, browser.open(f"/oauth/authorize?{query}"))
    return press(customer, browser, page).location


def agree(customer: Customer, browser: Browser, page: Page) -> Page:
    return customer.agree(browser, page)


def deny(customer: Customer, browser: Browser, page: Page) -> Page:
    return browser.press(page, "deny")


def response_in(bank: Bank, location: str) -> dict[str, Any]:
    """The claims of a signed answer, which is all that the address carries."""
    assert location.startswith(f"{bank.wayfare.redirect_uri}?")
    query = parse_qs(urlsplit(location).query, strict_parsing=True)
    assert query.keys() == {"response"}
    _, claims = verified(bank, query["response"][0])
    assert (claims["iss"], claims["aud"]) == (bank.house.issuer, bank.wayfare.client_id)
    assert time.time() < claims["exp"] <= time.time() + 600
    return claims


def test_a_signed_request_ends_in_tokens(client: OAuth2Client, bank: Bank) -> None:
    answer, request = pushed(client, bank)
    location = answered(bank, answer, agree)
    token = client.authorization_code(request.validate_callback(location))
    assert isinstance(token, DPoPToken)
    assert token.authorization_details == wallet()


def test_a_signed_answer_to_a_signed_request_ends_in_tokens(
    client: OAuth2Client, bank: Bank
) -> None:
    answer, request = pushed(client, bank, response_mode="jwt")
    claims = response_in(bank, answered(bank, answer, agree))
    assert claims["state"] == request.state
    # It reads no JARM, so it is handed what joserfc verified, and checks state and iss itself.
    plain = urlencode({name: claims[name] for name in ("code", "state", "iss")})
    token = client.authorization_code(
        request.validate_callback(f"{bank.wayfare.redirect_uri}?{plain}")
    )
    assert isinstance(token, DPoPToken)


def test_a_refusal_is_signed_too(client: OAuth2Client, bank: Bank) -> None:
    answer, request = pushed(client, bank, response_mode="query.jwt")
    claims = response_in(bank, answered(bank, answer, deny))
    assert (claims["error"], claims["state"]) == ("access_denied", request.state)


def test_what_it_signs_for_others_is_refused(client: OAuth2Client, bank: Bank) -> None:
    for changes in ({"aud": "https://other.example"}, {"nbf": None}, {"iss": "somebody"}):
        answer, _ = pushed(client, bank, **changes)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


def test_its_introspection_is_answered_with_a_jwt(client: OAuth2Client, bank: Bank) -> None:
    token = client.client_credentials(scope="catalog.read")
    asking = {"accept": INTROSPECTION_JWT}
    header, claims = verified(bank, client.introspect_token(token, requests_kwargs=asking))
    assert header["typ"] == "token-introspection+jwt"
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (bank.house.issuer, bank.wayfare.client_id)
    assert claims["token_introspection"] == client.introspect_token(token)
    assert client.revoke_access_token(token) is True
    _, claims = verified(bank, client.introspect_token(token, requests_kwargs=asking))
    assert claims["token_introspection"] == {"active": False}
