"""What Wayfare relies on: the native contract, from the metadata to the refusal after an end."""

from typing import Any

from pact import Pact, match

from tests.contracts.consumers.speech import (
    answered,
    called,
    formed,
    known,
    money,
    new_pact,
    words,
)

OWN_TOKEN = "the partner has a token of its own"
ENDPOINT = "Wayfare has a webhook endpoint"
CODE = "a customer has approved what the partner asked"
CONSENT = "a customer has agreed to the commuter wallet"
ORDER = "a customer holds an active commuter wallet"
ENDED = "a customer has taken a consent back"
ORDER_PATH = "/v1/orders/${order_id}"
_REDIRECT_URI = "https://wayfare.example/bank/return"
_DETAIL = "urn:tessera:package-order"


def expectations() -> Pact:
    """The whole pact."""
    pact = new_pact("wayfare")
    _oauth(pact)
    _catalogue(pact)
    _endpoints(pact)
    _orders(pact)
    _accounts(pact)
    _events(pact)
    return pact


def _oauth(pact: Pact) -> None:
    (
        pact.upon_receiving("a look at the server's metadata")
        .with_request("GET", "/.well-known/oauth-authorization-server")
        .will_respond_with(200)
        .with_body(
            {
                "issuer": match.str("https://bank.example"),
                "authorization_endpoint": match.str("https://bank.example/oauth/authorize"),
                "pushed_authorization_request_endpoint": match.str(
                    "https://bank.example/oauth/par"
                ),
                "token_endpoint": match.str("https://bank.example/oauth/token"),
                "jwks_uri": match.str("https://bank.example/oauth/jwks"),
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": _among("private_key_jwt"),
                "dpop_signing_alg_values_supported": _among("ES256"),
                "authorization_details_types_supported": _among(_DETAIL),
                "grant_types_supported": _among("client_credentials"),
                "require_pushed_authorization_requests": True,
                "authorization_response_iss_parameter_supported": True,
            },
            "application/json",
        )
    )
    asked = pact.upon_receiving("a request for a token of its own")
    asked.with_request("POST", "/oauth/token")
    formed(asked, {"grant_type": "client_credentials", "scope": "catalog.read event.subscribe"})
    asked.will_respond_with(200).with_header("cache-control", "no-store").with_body(
        {
            "access_token": match.str("token"),
            "token_type": match.regex("DPoP", regex="(?i)^dpop$"),
            "scope": "catalog.read event.subscribe",
            "expires_in": match.int(300),
        },
        "application/json",
    )
    pushed = pact.upon_receiving("a pushed authorization request").with_request(
        "POST", "/oauth/par"
    )
    formed(
        pushed.given("what is asked for is on sale"),
        {
            "response_type": "code",
            "redirect_uri": _REDIRECT_URI,
            "scope": "order.write order.read",
            "state": "state-of-this-request",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "authorization_details": known("[]", "${authorization_details}"),
        },
    )
    pushed.will_respond_with(201).with_body(
        {"request_uri": match.str("urn:request"), "expires_in": match.int(60)},
        "application/json",
    )
    exchanged = pact.upon_receiving("an exchange of a code").with_request("POST", "/oauth/token")
    formed(
        exchanged.given(CODE),
        {
            "grant_type": "authorization_code",
            "code": known("code", "${code}"),
            "redirect_uri": _REDIRECT_URI,
            "code_verifier": known("verifier", "${code_verifier}"),
        },
    )
    exchanged.will_respond_with(200).with_header("cache-control", "no-store").with_body(
        {
            "access_token": match.str("token"),
            "token_type": match.regex("DPoP", regex="(?i)^dpop$"),
            "refresh_token": match.str("refresh"),
            "scope": match.str("order.write order.read"),
            "authorization_details": match.each_like(
                {
                    "type": _DETAIL,
                    "package": match.str("commuter-wallet"),
                    "version": match.str("1.0.0"),
                    "component": match.str("purse"),
                    "actions": match.each_like("open"),
                }
            ),
        },
        "application/json",
    )


def _among(value: str) -> Any:
    return match.array_containing([value])
