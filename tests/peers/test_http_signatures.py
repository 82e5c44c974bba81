"""PyPI ``http-message-signatures`` signs requests that we accept and verifies what we answer."""

import json
import secrets
from collections.abc import Callable

import pytest
import requests
from http_message_signatures import InvalidSignature

from tests.contracts.bank import Bank
from tests.flows.customer import tokens
from tests.flows.partner import PACKAGE, VERSION, Partner
from tests.peers.message_signer import sign, verify


@pytest.fixture(scope="module")
def granted() -> dict[str, str]:
    """An access token for each bank, because consent takes a while."""
    return {}


@pytest.fixture
def token(bank: Bank, granted: dict[str, str]) -> str:
    issuer = bank.house.issuer
    if issuer not in granted:
        granted[issuer] = tokens(bank.wayfare, bank.customer())["access_token"]
    return granted[issuer]


def an_order(partner: Partner, token: str, reference: str) -> requests.PreparedRequest:
    """A write, ready but for its signature; the nonce is one that the server gave before."""
    path = "/v1/orders"
    body = json.dumps({"package": PACKAGE, "version": VERSION, "reference": reference})
    return requests.Request(
        "POST",
        partner.line.issuer + path,
        headers={
            "Authorization": f"DPoP {token}",
            "DPoP": partner.proof("POST", path, token),
            "Content-Type": "application/json",
            "Idempotency-Key": f"peer-{reference}",
        },
        data=body.encode(),
    ).prepare()


def send(request: requests.PreparedRequest) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.send(request, timeout=30, verify=False)


def fresh_order(bank: Bank, token: str) -> requests.PreparedRequest:
    # A read first, so that the proof of the write carries a nonce that is good.
    assert bank.wayfare.call("GET", "/v1/orders/none", token).status_code == 404
    return an_order(bank.wayfare, token, secrets.token_hex(4))


@pytest.mark.parametrize("include_alg", [True, False])
def test_its_requests_are_accepted_and_it_verifies_our_answers(
    bank: Bank, token: str, include_alg: bool
) -> None:
    request = fresh_order(bank, token)
    sign(bank.wayfare, request, include_alg=include_alg)
    answer = send(request)
    assert answer.status_code in (201, 409), answer.text
    assert answer.json().get("code") in (None, "order.exists"), answer.text
    verified = verify(bank.wayfare, answer)
    assert verified.body == answer.content
    assert verified.covered_components['"@method";req'] == "POST"


def test_our_refusals_verify_too(bank: Bank, token: str) -> None:
    request = fresh_order(bank, token)
    sign(bank.wayfare, request, covered_component_ids=("@method",))
    answer = send(request)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature.invalid")
    verified = verify(bank.wayfare, answer)
    assert verified.covered_components['"@status"'] == "401"


Change = Callable[[requests.PreparedRequest], object]
CHANGES: dict[str, Change] = {
    "the method": lambda request: setattr(request, "method", "PUT"),
    "the address": lambda request: setattr(request, "url", f"{request.url}?x=1"),
    "the token": lambda request: request.headers.update(Authorization="DPoP other"),
    "the key of idempotency": lambda request: request.headers.update({"Idempotency-Key": "other"}),
    "the digest": lambda request: request.headers.update(
        {"Content-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}
    ),
    "the body": lambda request: request.prepare_body(
        str(request.body, "utf-8").replace("1.0.0", "1.0.1").encode(), None
    ),
    "the time": lambda request: request.headers.update(
        {"Signature-Input": request.headers["Signature-Input"].replace("created=", "created=1")}
    ),
    "the list": lambda request: request.headers.update(
        {"Signature-Input": request.headers["Signature-Input"].replace(' "idempotency-key"', "")}
    ),
    "the signature": lambda request: request.headers.update(
        {"Signature": request.headers["Signature"].replace("=:", "=:AAAA", 1)}
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_it_covers_cannot_be_changed(bank: Bank, token: str, what: str) -> None:
    request = fresh_order(bank, token)
    sign(bank.wayfare, request)
    CHANGES[what](request)
    answer = send(request)
    # Another method has no route here; another token is nobody's before any signature counts.
    assert answer.status_code in (401, 405), answer.text
    if answer.status_code == 401:
        assert answer.json()["code"] in {
            "signature.invalid",
            "signature.stale",
            "oauth.invalid_token",
        }


def test_an_answer_that_is_changed_or_answers_another_request_is_not_verified(
    bank: Bank, token: str
) -> None:
    request = fresh_order(bank, token)
    sign(bank.wayfare, request)
    answer = send(request)
    verify(bank.wayfare, answer)
    for spoil in (
        lambda: setattr(answer, "status_code", 200),
        lambda: setattr(answer, "_content", answer.content + b" "),
        lambda: setattr(answer.request, "url", f"{request.url}?x=1"),
        lambda: answer.request.headers.update({"Signature": "sig1=:AAAA:"}),
    ):
        kept = (answer.status_code, answer.content, answer.request.url)
        signature = answer.request.headers["Signature"]
        spoil()
        with pytest.raises(InvalidSignature):
            verify(bank.wayfare, answer)
        answer.status_code, answer._content, answer.request.url = kept
        answer.request.headers["Signature"] = signature
    verify(bank.wayfare, answer)
