"""What Wayfare relies on: the native contract, from the metadata to the refusal after an end."""

from typing import Any

from pact import Pact, match

from tests.contracts.consumers.speech import (
    ACTIVE,
    AGREED,
    APPROVED,
    ENDED,
    ENDPOINT,
    FORM,
    JSON,
    ON_SALE,
    ORDER_ACTIVE,
    OWN_TOKEN,
    PLACED,
    TOLD,
    answered,
    called,
    known,
    new_pact,
    refused,
    words,
)

_REDIRECT_URI = "https://wayfare.example/bank/return"
_DETAIL = "urn:tessera:package-order"
_DPOP = match.regex("DPoP", regex="(?i)^dpop$")


def expectations() -> Pact:
    """The whole pact."""
    pact = new_pact("wayfare")
    _metadata(pact)
    _tokens(pact)
    _code(pact)
    _catalogue(pact)
    _endpoints(pact)
    _orders(pact)
    _accounts(pact)
    _refusals(pact)
    _events(pact)
    return pact


def _metadata(pact: Pact) -> None:
    interaction = pact.upon_receiving("a look at the server's metadata")
    interaction.with_request("GET", "/.well-known/oauth-authorization-server")
    interaction.will_respond_with(200).with_body(
        {
            "issuer": match.str("https://bank.example"),
            "authorization_endpoint": match.str("https://bank.example/oauth/authorize"),
            "pushed_authorization_request_endpoint": match.str("https://bank.example/oauth/par"),
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
        JSON,
    )


def _tokens(pact: Pact) -> None:
    own = pact.upon_receiving("a request for a token of its own")
    own.with_request("POST", "/oauth/token")
    own.with_body(
        {"grant_type": "client_credentials", "scope": "catalog.read event.subscribe"}, FORM
    )
    own.will_respond_with(200).with_header("cache-control", "no-store").with_body(
        {
            "access_token": match.str("token"),
            "token_type": _DPOP,
            "scope": "catalog.read event.subscribe",
            "expires_in": match.int(300),
        },
        JSON,
    )
    pushed = pact.upon_receiving("a pushed authorization request").given(ON_SALE)
    pushed.with_request("POST", "/oauth/par").with_body(
        {
            "response_type": "code",
            "redirect_uri": _REDIRECT_URI,
            "scope": "order.write order.read",
            "state": "state-of-this-request",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "authorization_details": known("[]", "${authorization_details}"),
        },
        FORM,
    )
    pushed.will_respond_with(201).with_body(
        {"request_uri": match.str("urn:request"), "expires_in": match.int(60)}, JSON
    )


def _code(pact: Pact) -> None:
    exchanged = pact.upon_receiving("an exchange of a code").given(APPROVED)
    exchanged.with_request("POST", "/oauth/token").with_body(
        {
            "grant_type": "authorization_code",
            "code": known("code", "${code}"),
            "redirect_uri": _REDIRECT_URI,
            "code_verifier": known("verifier", "${code_verifier}"),
        },
        FORM,
    )
    exchanged.will_respond_with(200).with_header("cache-control", "no-store").with_body(
        {
            "access_token": match.str("token"),
            "token_type": _DPOP,
            "refresh_token": match.str("refresh"),
            "scope": match.str("order.write order.read"),
            "authorization_details": _each(
                {
                    "type": _DETAIL,
                    "package": match.str("commuter-wallet"),
                    "version": match.str("1.0.0"),
                    "component": match.str("purse"),
                    "actions": _each(match.str("open")),
                }
            ),
        },
        JSON,
    )


def _catalogue(pact: Pact) -> None:
    title = words("通勤零钱包", "Commuter wallet")
    listed = called(pact, "a look at what is on sale", OWN_TOKEN, "GET", "/v1/packages")
    listed.with_query_parameter("scenario", "travel_app")
    summary = {
        "code": match.str("commuter-wallet"),
        "version": match.str("1.0.0"),
        "title": title,
        "scenarios": _among("travel_app"),
    }
    answered(listed, 200, {"packages": _each(summary)})
    read = called(pact, "a look at a package", OWN_TOKEN, "GET", "/v1/packages/commuter-wallet")
    limit = {
        "code": match.str("balance"),
        "title": words("余额上限", "Highest balance"),
        "amount": _money(200_000),
        "rule": match.str("CN-ACC-04"),
        "period": match.regex("balance", regex="^(each|day|year|balance)$"),
    }
    component = {
        "component": match.str("purse"),
        "type": match.str("account_t3"),
        "boundary": match.regex("EMBED", regex="^(EMBED|REFER|LICENSED)$"),
        "required": match.bool(True),
        "title": words("零钱包", "Purse"),
        "summary": words("付车费的账户", "The account that pays fares"),
        "actions": _each(match.str("open")),
        "limits": _each(limit),
    }
    answered(
        read,
        200,
        {
            "code": "commuter-wallet",
            "version": match.str("1.0.0"),
            "title": title,
            "components": _each(component),
            "prices": _each(
                {
                    "code": match.str("account_fee"),
                    "title": words("账户管理费", "Account fee"),
                    "amount": _money(0),
                }
            ),
            "disclosures": _each(
                {"code": match.str("account-tiers"), "text": words("账户分类", "Account tiers")}
            ),
            "never_shared": _each(match.str("identity_number")),
        },
    )


def _endpoints(pact: Pact) -> None:
    place = "/v1/webhook-endpoints"
    registered = called(pact, "a registration of an address", OWN_TOKEN, "POST", place)
    registered.with_body({"url": known("https://wayfare.example/events", "${url}")}, JSON)
    answered(
        registered,
        201,
        {
            "endpoint_id": match.str("whe_1"),
            "voice": "standard-webhooks",
            "status": "active",
            "secret": match.regex("whsec_c2VjcmV0", regex="^whsec_[A-Za-z0-9+/=]+$"),
        },
    )
    listed = called(pact, "a look at its addresses", ENDPOINT, "GET", place)
    answered(listed, 200, {"endpoints": _each({"endpoint_id": match.str("whe_1")})})
    path = known(f"{place}/whe_1", place + "/${endpoint_id}")
    deleted = called(pact, "an end of an address", ENDPOINT, "DELETE", path)
    answered(deleted, 204)


def _orders(pact: Pact) -> None:
    order = {
        "order_id": match.str("ord_1"),
        "status": match.str("received"),
        "lines": _each({"component": match.str("purse"), "status": match.str("pending")}),
    }
    placed = called(pact, "an order", AGREED, "POST", "/v1/orders", _key("order-1"))
    placed.with_body(_order_request(), JSON)
    answered(placed, 201, order)
    again = called(pact, "the same order again", PLACED, "POST", "/v1/orders", _key("order-1"))
    again.with_body(_order_request(), JSON)
    answered(again, 201, order, {"Idempotent-Replayed": "true"})
    path = known("/v1/orders/ord_1", "/v1/orders/${order_id}")
    read = called(pact, "a look at an active order", ACTIVE, "GET", path)
    answered(
        read,
        200,
        {
            "order_id": match.str("ord_1"),
            "consent_id": match.str("cns_1"),
            "status": "active",
            "lines": match.array_containing(
                [
                    _active("purse", "account_t3", account_id="acc_1")
                    | {"topped_up": _money(5_000)},
                    _active("vault", "account_t2", account_id="acc_2"),
                    _active("ride", "nfc_or_qr_pass", mandate_id="man_1"),
                ]
            ),
        },
    )


def _accounts(pact: Pact) -> None:
    path = known("/v1/accounts/acc_1/capabilities", "/v1/accounts/${account_id}/capabilities")
    read = called(pact, "a look at what an account can do", ACTIVE, "GET", path)
    answered(
        read,
        200,
        {
            "tier": "T3",
            "status": "active",
            "headroom": {"outgoing": {"today": _money(200_000), "this_year": _money(5_000_000)}},
            "next_accepted": {"debit": _money(5_000), "top_up": _money(195_000)},
            "rules": _each(match.str("CN-ACC-05")),
        },
    )
    debited = _debit(pact, "a debit of a ride", 300)
    answered(
        debited,
        201,
        {
            "payment_id": match.str("pay_1"),
            "status": "settled",
            "instructed_amount": {"minor_units": 300, "currency": "CNY"},
        },
    )


def _refusals(pact: Pact) -> None:
    refused(
        _debit(pact, "a debit above the cap", 5_001),
        422,
        {
            "code": "limit.per_debit",
            "headroom": _money(5_000),
            "next_action": match.str("lower_amount"),
        },
    )
    path = known("/v1/orders/ord_1", "/v1/orders/${order_id}")
    ended = called(pact, "a call after the consent has ended", ENDED, "GET", path)
    refused(ended, 401, {"code": "oauth.invalid_token", "next_action": match.str("obtain_token")})


def _events(pact: Pact) -> None:
    message = pact.upon_receiving(ORDER_ACTIVE, "Async").given(TOLD)
    message.with_body(
        {
            "type": "order.active",
            "sequence": match.int(9),
            "resource": {"type": "order", "id": match.str("ord_1")},
        },
        JSON,
    )


def _debit(pact: Pact, title: str, minor_units: int) -> Any:
    path = known("/v1/mandates/man_1/debits", "/v1/mandates/${mandate_id}/debits")
    interaction = called(pact, title, ACTIVE, "POST", path, _key("ride-1"))
    return interaction.with_body(
        {
            "instructed_amount": {"minor_units": minor_units, "currency": "CNY"},
            "end_to_end_id": known("ride-1", "${number}"),
            "remittance_information": "Line 2, 3 stops",
        },
        JSON,
    )


def _order_request() -> dict[str, Any]:
    return {
        "package": "commuter-wallet",
        "version": "1.0.0",
        "reference": known("order-1", "${number}"),
    }


def _active(component: str, kind: str, **made: str) -> dict[str, Any]:
    ids = {name: match.str(example) for name, example in made.items()}
    return {"component": component, "type": kind, "status": "active"} | ids


def _key(example: str) -> dict[str, Any]:
    return {"Idempotency-Key": known(example, "${number}")}


def _money(minor_units: int) -> dict[str, Any]:
    return {"minor_units": match.int(minor_units), "currency": "CNY"}


def _each(example: Any) -> Any:
    return match.each_like(example, min=1)


def _among(value: str) -> Any:
    return match.array_containing([value])
