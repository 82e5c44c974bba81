"""PyPI ``python-alipay-sdk`` speaks Lantu's dialect with the running gateway, both ways."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import pytest
from alipay import AliPay
from alipay.exceptions import AliPayValidationError
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text

from tests import stores
from tests.contracts.bank import Bank
from tests.contracts.mailbox import PATIENCE_SECONDS, Letter
from tests.contracts.stages import forget_endpoints
from tests.flows.customer import tokens

FORM = "application/x-www-form-urlencoded;charset=utf-8"
# Braces and quotes inside values: this client finds the end of an answer by counting braces.
NUMBER = 'LT-{"1}'


@pytest.fixture(autouse=True)
def beijing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client writes its machine's wall clock, and the dialect means that of UTC+8."""
    monkeypatch.setenv("TZ", "CST-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def alipay(bank: Bank) -> AliPay:
    private = bank.dialect_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    client = AliPay(
        appid=bank.lantu.client_id,
        app_private_key_string=private.decode(),
        alipay_public_key_string=bank.bank_pem,
        sign_type="RSA2",
    )
    # The vendor's address stands in its source; there is no argument for another.
    client._gateway = f"{bank.house.issuer}/dialects/lantu/gateway.do"
    return client


@pytest.fixture
def grant(bank: Bank) -> str:
    token = tokens(bank.lantu, bank.customer())["access_token"]
    answer = bank.lantu.call("POST", "/v1/grant-handles", token, {"dialect": "lantu"})
    return str(answer.json()["grant_handle"])


def posted(alipay: AliPay, signed: str) -> str:
    """The text that answers signed parameters sent as a form, which this client only signs."""
    request = Request(alipay._gateway, signed.encode(), {"Content-Type": FORM})
    with urlopen(request) as answer:
        return str(answer.read().decode())


def verified(alipay: AliPay, method: str, answer: str) -> dict[str, Any]:
    """The members of an answer, once the client has verified our signature on it."""
    members: dict[str, Any] = alipay._verify_and_return_sync_response(
        answer, method.replace(".", "_") + "_response"
    )
    return members


def line_of(order: dict[str, Any], component: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        line for line in order["line_list"] if line["component_code"] == component
    )
    return found


def test_it_sells_and_debits_by_get_and_by_post(alipay: AliPay, grant: str) -> None:
    listed = alipay.server_api("lantu.package.batchquery", {"scenario": "travel_app"})
    assert "commuter-wallet" in [package["package_code"] for package in listed["package_list"]]

    method = "lantu.order.create"
    content = {
        "package_code": "commuter-wallet",
        "package_version": "1.0.0",
        "out_order_no": NUMBER,
    }
    signed = alipay.client_api(method, content, auth_token=grant)
    order = verified(alipay, method, posted(alipay, signed))
    assert (order["code"], order["order_status"], order["out_order_no"]) == (
        *("10000", "ACTIVE"),
        NUMBER,
    )
    wanted = {"order_no": order["order_no"]}
    read = alipay.server_api("lantu.order.query", wanted, auth_token=grant)
    assert read["line_list"] == order["line_list"]

    purse = {"account_no": line_of(order, "purse")["account_no"]}
    able = alipay.server_api("lantu.account.capability.query", purse, auth_token=grant)
    assert (able["account_tier"], able["next_debit_amount"]) == ("T3", "20.00")

    ride = {
        "mandate_no": line_of(order, "ride")["mandate_no"],
        "out_trade_no": f"{NUMBER}-2",
        "total_amount": "3.00",
        "subject": '2 号线 + 3 站 & {换乘} "100%"',
    }
    debited = alipay.server_api("lantu.mandate.debit", ride, auth_token=grant)
    assert (debited["trade_status"], debited["total_amount"]) == ("TRADE_SUCCESS", "3.00")
    far = ride | {"out_trade_no": f"{NUMBER}-3", "total_amount": "20.01"}
    refused = alipay.server_api("lantu.mandate.debit", far, auth_token=grant)
    assert (refused["code"], refused["sub_code"]) == ("40004", "ACQ.LIMIT_PER_DEBIT")
    assert refused["headroom_amount"] == "20.00"


def test_it_notices_an_answer_that_was_altered(alipay: AliPay) -> None:
    method = "lantu.package.query"
    signed = alipay.client_api(method, {"package_code": "commuter-wallet"})
    answer = posted(alipay, signed)
    assert verified(alipay, method, answer)["code"] == "10000"
    with pytest.raises(AliPayValidationError):
        verified(alipay, method, answer.replace('"2000.00"', '"9000.00"'))


def test_what_it_did_not_sign_itself_is_refused(alipay: AliPay, bank: Bank) -> None:
    method = "lantu.package.query"
    content = {"package_code": "commuter-wallet"}
    # Words that no other test signs within this second.
    signed = alipay.client_api(method, content, alipay_sdk="once")
    altered = signed.replace("commuter-wallet", "another-wallet")
    said = verified(alipay, method, posted(alipay, altered))
    assert (said["code"], said["sub_code"]) == ("40002", "isv.invalid-signature")
    assert verified(alipay, method, posted(alipay, signed))["code"] == "10000"
    again = verified(alipay, method, posted(alipay, signed))
    assert (again["code"], again["sub_code"]) == ("40002", "isv.repeated-request")
    # SHA-1, which the client still offers.
    alipay._sign_type = "RSA"
    weak = json.loads(posted(alipay, alipay.client_api(method, content)))
    assert weak["lantu_package_query_response"]["code"] == "40002"


def test_it_verifies_our_notifications_and_is_believed(
    alipay: AliPay, grant: str, bank: Bank
) -> None:
    partner, path = bank.lantu, "/notices"
    token = partner.client_token().json()["access_token"]
    forget_endpoints(partner, token)
    wanted = {"url": bank.mailbox.url(path), "voice": "lantu"}
    assert partner.call("POST", "/v1/webhook-endpoints", token, wanted).status_code == 201
    number = f"{NUMBER}-notice"
    content = {
        "package_code": "commuter-wallet",
        "package_version": "1.0.0",
        "out_order_no": number,
    }
    order = alipay.server_api("lantu.order.create", content, auth_token=grant)

    letter = bank.mailbox.first(path, order["order_no"], "event_type=ORDER_ACTIVE")
    assert letter.headers["content-type"] == FORM
    form = fields_of(letter)
    assert (form["app_id"], form["order_status"]) == (partner.client_id, "ACTIVE")
    signature = form.pop("sign")
    assert alipay.verify(dict(form), signature) is True
    assert alipay.verify(form | {"order_status": "CANCELLED"}, signature) is False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not acknowledged(bank, form["notify_id"]):
        assert time.monotonic() < deadline, "its success was not taken for one"
        time.sleep(0.05)


def fields_of(letter: Letter) -> dict[str, str]:
    """The form in a notification."""
    return dict(parse_qsl(letter.body.decode(), keep_blank_values=True, strict_parsing=True))


def acknowledged(bank: Bank, event_id: str) -> bool:
    """Whether the gateway has put the event's delivery down as done."""
    query = "select status from webhook_delivery where event_id = :event_id"
    rows = stores.on_connection(
        bank.house.database_url,
        lambda connection: connection.execute(text(query), {"event_id": event_id}).all(),
    )
    return [row.status for row in rows] == ["delivered"]
