"""What Lantu relies on: its dialect, and the two native calls that lead to it."""

import json
from typing import Any

from pact import Pact, match

from tests.contracts.consumers.speech import (
    ACTIVE,
    AGREED,
    FORM,
    JSON,
    ORDER_ACTIVE,
    OWN_TOKEN,
    TOLD,
    answered,
    asked,
    called,
    known,
    new_pact,
    refused,
    words,
)

PATH = "/dialects/lantu/gateway.do"
SUCCESS = "10000"
_YUAN = "^[0-9]+\\.[0-9]{2}$"


def expectations() -> Pact:
    """The whole pact."""
    pact = new_pact("lantu")
    _native(pact)
    _catalogue(pact)
    _orders(pact)
    _accounts(pact)
    _refusals(pact)
    _notifications(pact)
    return pact


def _native(pact: Pact) -> None:
    registered = called(
        pact, "a registration of an address", OWN_TOKEN, "POST", "/v1/webhook-endpoints"
    )
    registered.with_body(
        {"url": known("https://lantu.example/notices", "${url}"), "voice": "lantu"}, JSON
    )
    answered(
        registered,
        201,
        {"endpoint_id": match.str("whe_1"), "voice": "lantu", "status": "active"},
    )
    handle = called(pact, "a wish for a grant handle", AGREED, "POST", "/v1/grant-handles")
    handle.with_body({"dialect": "lantu"}, JSON)
    answered(
        handle,
        201,
        {
            "grant_handle": match.str("handle"),
            "dialect": "lantu",
            "expires_at": match.str("2026-11-24T10:00:00Z"),
        },
    )
    stranger = asked(
        pact,
        "a native call with a grant handle",
        ACTIVE,
        "GET",
        known("/v1/orders/ord_1", "/v1/orders/${order_no}"),
        {"Authorization": known("DPoP handle", "DPoP ${grant_handle}")},
    )
    refused(stranger, 401, {"code": "oauth.invalid_token"})


def _catalogue(pact: Pact) -> None:
    summary = {
        "package_code": match.str("commuter-wallet"),
        "package_version": match.str("1.0.0"),
    }
    listed = _got(pact, "a look at what is on sale", OWN_TOKEN, "lantu.package.batchquery",
                  {"scenario": "travel_app"}, granted=False)  # fmt: skip
    _said(listed, "lantu.package.batchquery", {"package_list": _each(summary)})
    read = _posted(pact, "a look at a package", OWN_TOKEN, "lantu.package.query",
                   {"package_code": "commuter-wallet"}, granted=False)  # fmt: skip
    _said(
        read,
        "lantu.package.query",
        summary
        | {
            "title": words("通勤零钱包", "Commuter wallet"),
            "scenario_list": match.array_containing(["travel_app"]),
            "digest": match.str("digest"),
            "component_list": _each(_component()),
            "price_list": _each(
                {
                    "price_code": match.str("account_fee"),
                    "title": words("账户管理费", "Account fee"),
                    "amount": _yuan("0.00"),
                }
            ),
            "disclosure_list": _each(
                {
                    "disclosure_code": match.str("account-tiers"),
                    "disclosure_version": match.str("1"),
                    "text": words("账户分类", "Account tiers"),
                    "digest": match.str("digest"),
                }
            ),
            "scope_list": _each(match.str("order.write")),
            "shared_list": _each(match.str("account_status")),
            "never_shared_list": _each(match.str("identity_number")),
        },
    )


def _component() -> dict[str, Any]:
    limit = {
        "limit_code": match.str("balance"),
        "title": words("余额上限", "Highest balance"),
        "amount": _yuan("2000.00"),
        "rule": match.str("CN-ACC-04"),
        "period": match.regex("BALANCE", regex="^(EACH|DAY|YEAR|BALANCE)$"),
    }
    return {
        "component_code": match.str("purse"),
        "component_type": match.str("account_t3"),
        "sales_boundary": match.regex("EMBEDDED", regex="^(EMBEDDED|REFERRED|LICENSED)$"),
        "required": match.bool(True),
        "title": words("零钱包", "Purse"),
        "summary": words("付车费的账户", "The account that pays fares"),
        "action_list": _each(match.str("open")),
        "limit_list": _each(limit),
    }


def _orders(pact: Pact) -> None:
    content = {
        "package_code": "commuter-wallet",
        "package_version": "1.0.0",
        "out_order_no": "${number}",
    }
    placed = _posted(pact, "an order", AGREED, "lantu.order.create", content)
    _said(
        placed,
        "lantu.order.create",
        {
            "order_no": match.str("ord_1"),
            "out_order_no": match.str("LT1"),
            "order_status": match.str("RECEIVED"),
            "line_list": _each(
                {"component_code": match.str("purse"), "line_status": match.str("WAITING")}
            ),
        },
    )
    read = _got(pact, "a look at an active order", ACTIVE, "lantu.order.query",
                {"order_no": "${order_no}"})  # fmt: skip
    _said(
        read,
        "lantu.order.query",
        {
            "order_no": match.str("ord_1"),
            "order_status": "ACTIVE",
            "line_list": match.array_containing(
                [
                    _active("purse", "account_t3", account_no="acc_1")
                    | {"top_up_amount": _yuan("50.00")},
                    _active("vault", "account_t2", account_no="acc_2"),
                    _active("ride", "nfc_or_qr_pass", mandate_no="man_1"),
                ]
            ),
        },
    )


def _accounts(pact: Pact) -> None:
    read = _got(pact, "a look at what an account can do", ACTIVE,
                "lantu.account.capability.query", {"account_no": "${account_no}"})  # fmt: skip
    _said(
        read,
        "lantu.account.capability.query",
        {
            "account_tier": "T3",
            "headroom": {
                "out_limit": {"today_amount": _yuan("2000.00"), "year_amount": _yuan("50000.00")}
            },
            "next_debit_amount": _yuan("50.00"),
        },
    )
    debited = _posted(pact, "a debit of a ride", ACTIVE, "lantu.mandate.debit", _ride("3.00"))
    _said(
        debited,
        "lantu.mandate.debit",
        {
            "trade_no": match.str("pay_1"),
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "3.00",
        },
    )


def _refusals(pact: Pact) -> None:
    refused = _posted(pact, "a debit above the cap", ACTIVE, "lantu.mandate.debit", _ride("50.01"))
    _said(
        refused,
        "lantu.mandate.debit",
        {
            "sub_code": "ACQ.LIMIT_PER_DEBIT",
            "headroom_amount": _yuan("50.00"),
            "next_action": match.str("lower_amount"),
        },
        code="40004",
    )
    stranger = _posted(pact, "a call with a native token", ACTIVE, "lantu.order.query",
                       {"order_no": "${order_no}"}, grant="${access_token}")  # fmt: skip
    _said(
        stranger,
        "lantu.order.query",
        {"sub_code": match.str("aop.invalid-auth-token"), "sub_msg": match.str("授权令牌无效")},
        code="20001",
    )


def _notifications(pact: Pact) -> None:
    # A form's fields as one object: pact takes no stranger in a form, and Lantu minds none.
    message = pact.upon_receiving(ORDER_ACTIVE, "Async").given(TOLD)
    message.with_body(
        {
            "app_id": match.str("cli_1"),
            "resource_no": match.str("ord_1"),
            "event_type": "ORDER_ACTIVE",
            "sequence": match.regex("9", regex="^[0-9]+$"),
            "sign": match.str("signature"),
        },
        JSON,
    )


def _ride(amount: str) -> dict[str, str]:
    return {
        "mandate_no": "${mandate_no}",
        "total_amount": amount,
        "out_trade_no": "${number}",
        "subject": "2 号线 3 站",
    }


def _got(
    pact: Pact,
    title: str,
    state: str,
    method: str,
    content: dict[str, Any],
    *,
    granted: bool = True,
) -> Any:
    """The GET form; identity, time and signature are fresh and therefore not in the pact."""
    interaction = pact.upon_receiving(title).given(state).with_request("GET", PATH)
    grant = "${grant_handle}" if granted else ""
    return interaction.with_query_parameters(_parameters(method, content, grant))


def _posted(
    pact: Pact,
    title: str,
    state: str,
    method: str,
    content: dict[str, Any],
    *,
    granted: bool = True,
    grant: str = "${grant_handle}",
) -> Any:
    """The POST form."""
    interaction = pact.upon_receiving(title).given(state).with_request("POST", PATH)
    return interaction.with_body(_parameters(method, content, grant if granted else ""), FORM)


def _parameters(method: str, content: dict[str, Any], grant: str) -> dict[str, Any]:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    parameters = {
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "version": "1.0",
        "biz_content": known(text, text) if "${" in text else text,
    }
    return parameters | ({"auth_token": known("handle", grant)} if grant else {})


def _said(interaction: Any, method: str, members: dict[str, Any], code: str = SUCCESS) -> None:
    """A signed answer: HTTP says 200 whatever happened."""
    member = method.replace(".", "_") + "_response"
    interaction.will_respond_with(200).with_body(
        {member: {"code": code} | members, "sign": match.str("signature")}, JSON
    )


def _active(component: str, kind: str, **made: str) -> dict[str, Any]:
    numbers = {name: match.str(example) for name, example in made.items()}
    line = {"component_code": component, "component_type": kind, "line_status": "ACTIVE"}
    return line | numbers


def _yuan(amount: str) -> Any:
    return match.regex(amount, regex=_YUAN)


def _each(example: Any) -> Any:
    return match.each_like(example, min=1)
