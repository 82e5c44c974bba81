"""Authlib's own client walks the OpenID Connect code flow, and judges the ID token itself.

It knows neither PAR nor DPoP, so an adapter below it adds the proofs and answers the nonces'
challenges; everything else of the protocol is the foreign client's: the request's parameters,
PKCE, the client's assertion, the token requests, and the claims of the ID token.
"""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import ECKey, KeySet
from requests.adapters import HTTPAdapter

from tests.contracts.bank import Bank
from tests.flows.browser import Browser
from tests.flows.partner import wallet

SCOPE = "openid order.read order.write"
TWO_FACTOR = "urn:tessera:acr:two-factor"


class Proving(HTTPAdapter):
    """Sends what it is given with a DPoP proof, and once more when a nonce is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ECKey.generate_key("P-256")
        self.nonces: dict[bool, str] = {}

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = self._send(request, **options)
        if "use_dpop_nonce" in answer.text + answer.headers.get("WWW-Authenticate", ""):
            answer = self._send(request, **options)
        return answer

    def _send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        url = str(request.url).partition("?")[0]
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": request.method,
            "htu": url,
            "iat": int(time.time()),
        }
        # The two servers know only their own nonces (RFC 9449 section 9).
        server = bool(token)
        if server in self.nonces:
            claims["nonce"] = self.nonces[server]
        if token:
            half = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        request.headers["DPoP"] = jwt.encode(header, claims, self.key)
        answer = super().send(request, **options)
        if "DPoP-Nonce" in answer.headers:
            self.nonces[server] = answer.headers["DPoP-Nonce"]
        return answer


class Walk:
    """The foreign client with the partner's own key; endpoints come from our metadata."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.issuer = bank.house.issuer
        address = f"{self.issuer}/.well-known/openid-configuration"
        self.metadata = requests.get(address, timeout=10).json()
        self.keys = KeySet.import_key_set(
            requests.get(self.metadata["jwks_uri"], timeout=10).json()
        )
        self.client = OAuth2Session(
            bank.wayfare.client_id,
            bank.wayfare.keys.client,
            token_endpoint_auth_method="private_key_jwt",
            scope=SCOPE,
            redirect_uri=bank.wayfare.redirect_uri,
            code_challenge_method="S256",
            token_endpoint=self.metadata["token_endpoint"],
        )
        # FAPI 2.0 SP 5.3.2.1-8: the audience is the issuer, at every endpoint.
        self.client.register_client_auth_method(PrivateKeyJWT(self.issuer, alg="ES256"))
        # Its own table of token types ends with bearer.
        self.client.token_auth.SIGN_METHODS = {"dpop": _present}
        self.proving = Proving()
        self.client.mount("http://", self.proving)
        self.verifier = secrets.token_urlsafe(48)
        self.nonce = secrets.token_urlsafe(48)

    def push(self, **asked: Any) -> tuple[requests.Response, str]:
        """What the client would have put into the address, pushed instead."""
        address, state = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"],
            code_verifier=self.verifier,
            nonce=self.nonce,
            authorization_details=json.dumps(wallet()),
            **asked,
        )
        form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        answer = self.client.post(
            self.metadata["pushed_authorization_request_endpoint"],
            data=form,
            auth=self.client.client_auth("private_key_jwt"),
            withhold_token=True,
        )
        return answer, state

    def tokens(self, **asked: Any) -> dict[str, Any]:
        pushed, state = self.push(**asked)
        assert pushed.status_code == 201, pushed.text
        query = urlencode(
            {"client_id": self.client.client_id, "request_uri": pushed.json()["request_uri"]}
        )
        browser, customer = Browser(self.bank.wayfare.line), self.bank.customer()
        page = customer.sign_in(browser, browser.open(f"/oauth/authorize?{query}"))
        location = customer.agree(browser, page).location
        assert parse_qs(urlsplit(location).query)["iss"] == [self.issuer]
        found: dict[str, Any] = self.client.fetch_token(
            authorization_response=location, state=state, code_verifier=self.verifier
        )
        return found

    def judged(self, id_token: str, **expected: Any) -> CodeIDToken:
        """The ID token, once Authlib finds nothing to say against it."""
        token = jwt.decode(id_token, self.keys, algorithms=["ES256"])
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self.client.client_id},
            },
            {"client_id": self.client.client_id} | expected,
        )
        claims.validate(leeway=10)
        return claims


def _present(token: str, uri: str, headers: Any, body: Any, _placement: str) -> tuple[Any, ...]:
    headers["Authorization"] = f"DPoP {token}"
    return uri, headers, body


@pytest.fixture
def walk(bank: Bank) -> Walk:
    return Walk(bank)


def test_authlib_finds_nothing_wrong_with_the_metadata(walk: Walk) -> None:
    metadata = OpenIDProviderMetadata(walk.metadata)
    # It takes https for granted, and this gateway is one on loopback.
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
        metadata[name] = metadata[name].replace("http://", "https://")
    # Core section 15.1 wants RS256 of everybody; FAPI 2.0 SP 5.4.1 forbids it and wins.
    metadata["id_token_signing_alg_values_supported"].append("RS256")
    metadata.validate()


def test_it_completes_the_code_flow_and_judges_the_id_token(walk: Walk) -> None:
    granted = walk.tokens(
        acr_values=TWO_FACTOR, max_age="300", claims=json.dumps({"userinfo": {"acr": None}})
    )
    claims = walk.judged(
        granted["id_token"],
        nonce=walk.nonce,
        max_age=300,
        access_token=granted["access_token"],
    )
    assert claims["acr"] == TWO_FACTOR
    assert time.time() - claims["auth_time"] < 300
    told = walk.client.get(walk.metadata["userinfo_endpoint"])
    assert told.status_code == 200, told.text
    assert told.json() == {"sub": claims["sub"], "acr": TWO_FACTOR}

    with pytest.raises(InvalidClaimError):
        walk.judged(granted["id_token"], nonce="another")


def test_it_refreshes_with_a_new_key_and_gets_the_same_person(walk: Walk) -> None:
    granted = walk.tokens()
    first = walk.judged(granted["id_token"], nonce=walk.nonce)
    walk.proving.key = ECKey.generate_key("P-256")
    again = walk.client.refresh_token(refresh_token=granted["refresh_token"])
    assert again["access_token"] != granted["access_token"]
    second = walk.judged(again["id_token"])
    for name in ("iss", "sub", "aud", "auth_time"):
        assert second[name] == first[name]
    assert "nonce" not in second
    assert walk.client.get(walk.metadata["userinfo_endpoint"]).json() == {"sub": first["sub"]}


def test_a_request_of_another_shape_is_told_in_its_own_words(walk: Walk) -> None:
    answer, _ = walk.push(prompt="none login")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_hint_brings_the_same_person_back(walk: Walk) -> None:
    granted = walk.tokens()
    answer, _ = walk.push(id_token_hint=granted["id_token"])
    assert answer.status_code == 201, answer.text
    head, _, signature = granted["id_token"].rpartition(".")
    answer, _ = walk.push(id_token_hint=f"{head}.{signature[::-1]}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
