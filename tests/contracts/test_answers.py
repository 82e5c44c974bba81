"""Answers of a real run: every operation, succeeding and refusing, says what the document says."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.contracts import document as rules
from tests.contracts.bank import Bank, sold
from tests.contracts.test_document import COMMITTED
from tests.flows.customer import tokens
from tests.flows.partner import fen

ABSENT = "none_of_ours"


@dataclass(frozen=True)
class Answer:
    """An answer with the operation that it is of."""

    operation: str
    found: httpx.Response


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The committed document, closed: a member that it does not name is refused."""
    found: dict[str, Any] = json.loads(COMMITTED.read_bytes())
    closed = copy.deepcopy(found)
    for name, shape in closed["components"]["schemas"].items():
        if name != "Problem" and "properties" in shape:
            shape.setdefault("additionalProperties", False)
    return closed


def story(bank: Bank) -> Iterator[Answer]:
    """Every operation of the contract, each succeeding and each refusing."""
    yield from _catalogue(bank)
    yield from _endpoints(bank)
    yield from _orders(bank)
    yield from _payments(bank)
    yield from _events(bank)


def _catalogue(bank: Bank) -> Iterator[Answer]:
    wayfare = bank.wayfare
    token = wayfare.client_token().json()["access_token"]
    place = "/v1/packages"
    yield Answer(f"GET {place}", wayfare.call("GET", f"{place}?scenario=travel_app", token))
    yield Answer(f"GET {place}", wayfare.call("GET", place, "no-token"))
    operation = f"GET {place}/{{code}}"
    yield Answer(operation, wayfare.call("GET", f"{place}/commuter-wallet", token))
    yield Answer(operation, wayfare.call("GET", f"{place}/{ABSENT}", token))
    operation = f"POST {place}/{{code}}/qualifications"
    for context in ({"scenario": "travel_app"}, {"colour": "red"}):
        path, content = f"{place}/commuter-wallet/qualifications", {"context": context}
        yield Answer(operation, wayfare.call("POST", path, token, content))
    operation = f"POST {place}/{{code}}/quotes"
    token = wayfare.client_token("instalment.quote").json()["access_token"]
    for key, amount in (("answers-8", 600_000), ("answers-9", 1)):
        order = {"reference": key, "amount": fen(amount), "merchant_id": "shop-1"}
        content = {"component": "plan", "order": order}
        path = f"{place}/checkout-instalment/quotes"
        yield Answer(operation, wayfare.call("POST", path, token, content, key=key))
    place, line = "/v1/public/packages", wayfare.line
    yield Answer(f"GET {place}", line.send("GET", place))
    yield Answer(f"GET {place}", line.send("GET", f"{place}?scenario={'x' * 65}"))
    operation = f"GET {place}/{{code}}"
    yield Answer(operation, line.send("GET", f"{place}/commuter-wallet"))
    yield Answer(operation, line.send("GET", f"{place}/{ABSENT}"))


def _endpoints(bank: Bank) -> Iterator[Answer]:
    wayfare = bank.wayfare
    token = wayfare.client_token().json()["access_token"]
    place = "/v1/webhook-endpoints"
    url = bank.receiver.url("/answers")
    registered = wayfare.call("POST", place, token, {"url": url})
    yield Answer(f"POST {place}", registered)
    yield Answer(f"POST {place}", wayfare.call("POST", place, token, {"url": "http://10.0.0.1/"}))
    yield Answer(f"POST {place}", wayfare.call("POST", place, token, {"url": url, "colour": 1}))
    yield Answer(f"GET {place}", wayfare.call("GET", place, token))
    yield Answer(f"GET {place}", wayfare.call("GET", place, "no-token"))
    operation = f"DELETE {place}/{{endpoint_id}}"
    endpoint_id = registered.json()["endpoint_id"]
    yield Answer(operation, wayfare.call("DELETE", f"{place}/{endpoint_id}", token))
    yield Answer(operation, wayfare.call("DELETE", f"{place}/{endpoint_id}", token))


def _orders(bank: Bank) -> Iterator[Answer]:
    partner, customer = bank.wayfare, bank.customer()
    token = tokens(partner, customer)["access_token"]
    placed = partner.place_order(token, "answers-1", "answers-1")
    yield Answer("POST /v1/orders", placed)
    yield Answer("POST /v1/orders", partner.place_order(token, "answers-1", "answers-1"))
    yield Answer("POST /v1/orders", partner.place_order(token, "answers-1", "answers-2"))
    yield Answer("POST /v1/orders", partner.place_order(token, "answers-2", "answers-2"))
    yield Answer("POST /v1/orders", partner.call("POST", "/v1/orders", token, {}))
    place = "/v1/orders/{order_id}"
    for order_id in (placed.json()["order_id"], ABSENT):
        yield Answer(f"GET {place}", partner.call("GET", f"/v1/orders/{order_id}", token))
    speaker = tokens(bank.lantu, customer)["access_token"]
    for dialect in ("lantu", ABSENT):
        answer = bank.lantu.call("POST", "/v1/grant-handles", speaker, {"dialect": dialect})
        yield Answer("POST /v1/grant-handles", answer)
    consent_id = placed.json()["consent_id"]
    for method, name in (("GET", ABSENT), ("GET", consent_id), ("DELETE", consent_id)):
        answer = partner.call(method, f"/v1/consents/{name}", token)
        yield Answer(f"{method} /v1/consents/{{consent_id}}", answer)
    gone = partner.call("DELETE", f"/v1/consents/{consent_id}", token)
    yield Answer("DELETE /v1/consents/{consent_id}", gone)


def _payments(bank: Bank) -> Iterator[Answer]:
    partner = bank.wayfare
    sale = sold(partner, bank.customer(), "answers-3")
    operation = "GET /v1/accounts/{account_id}/capabilities"
    accounts = [line["account_id"] for line in sale.order["lines"] if "account_id" in line]
    for account_id in (*accounts, ABSENT):
        path = f"/v1/accounts/{account_id}/capabilities"
        yield Answer(operation, partner.call("GET", path, sale.token))
    operation = "POST /v1/mandates/{mandate_id}/debits"
    debited = partner.debit(sale.token, sale.mandate, "answers-4")
    yield Answer(operation, debited)
    yield Answer(operation, partner.debit(sale.token, sale.mandate, "answers-5", 2_001))
    yield Answer(operation, partner.debit(sale.token, ABSENT, "answers-6"))
    path = f"/v1/mandates/{sale.mandate}/debits"
    for amount in (fen(-1), {"minor_units": 1.5, "currency": "CNY"}, fen(2**53)):
        content = {"instructed_amount": amount, "end_to_end_id": "answers-7"}
        answer = partner.call("POST", path, sale.token, content, key="answers-7")
        yield Answer(operation, answer)
    for payment_id in (debited.json()["payment_id"], ABSENT):
        answer = partner.call("GET", f"/v1/payments/{payment_id}", sale.token)
        yield Answer("GET /v1/payments/{payment_id}", answer)


def _events(bank: Bank) -> Iterator[Answer]:
    token = bank.wayfare.client_token().json()["access_token"]
    for query in ("?limit=200", "?limit=0", "?after=never"):
        yield Answer("GET /v1/events", bank.wayfare.call("GET", f"/v1/events{query}", token))


def breaches(document: dict[str, Any], answer: Answer) -> list[str]:
    """Where the answer is not one that the document promises."""
    found, operation = answer.found, dict(rules.operations(document))[answer.operation]
    said = f"{answer.operation} {found.status_code}"
    promised = operation["responses"].get(str(found.status_code))
    if promised is None:
        if found.is_success:
            return [f"{said} is not promised"]
        promised = operation["responses"]["default"]
    contents = promised.get("content", {})
    kind = found.headers.get("content-type", "").partition(";")[0]
    if not contents:
        return [f"{said} has a body"] if found.content else []
    if kind not in contents:
        return [f"{said} is of the type {kind}"]
    judge = rules.validator(document, contents[kind]["schema"])
    return [
        f"{said}: {error.json_path}: {error.message}" for error in judge.iter_errors(found.json())
    ]


def test_every_answer_is_as_promised(sqlite_bank: Bank, document: dict[str, Any]) -> None:
    answers = list(story(sqlite_bank))
    found = [breach for answer in answers for breach in breaches(document, answer)]
    assert not found
    feed = next(answer.found.json() for answer in answers if answer.operation == "GET /v1/events")
    assert feed["events"], "the feed tells of what has just happened"
    operations = {place for place, _ in rules.operations(document)}
    for seen in (
        {answer.operation for answer in answers if answer.found.is_success},
        {answer.operation for answer in answers if answer.found.is_client_error},
    ):
        assert seen == operations


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, {"packages": 1}, "GET /v1/packages 200: $.packages: 1 is not of type 'array'"),
        (202, {}, "GET /v1/packages 202 is not promised"),
    ],
)
def test_another_answer_is_said(
    document: dict[str, Any], status: int, body: dict[str, Any], said: str
) -> None:
    answer = Answer("GET /v1/packages", httpx.Response(status, json=body))
    assert breaches(document, answer) == [said]
