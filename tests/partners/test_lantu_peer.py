"""A client we did not write signs Lantu's requests and verifies our answers and notifications."""

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import pytest
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

import partners
from contracts import errors
from partners.signatures import SigningKey
from partners.wire import Call, Matched, RawRequest
from tests.partners import recordings
from tests.partners.recordings import Announcement, Exchange

LANTU = partners.find("lantu")
PARTNER = recordings.public_pem("partner")
GATEWAY_KEY = SigningKey(recordings.private_pem("gateway"))
EXAMPLES = [example for dialect, _, example in recordings.examples() if dialect is LANTU]
ANSWERED = [each for each in EXAMPLES if isinstance(each, Exchange) and each.answer]
FAILED = [each for each in EXAMPLES if isinstance(each, Exchange) and each.failure and each.call]
TOLD = [each for each in EXAMPLES if isinstance(each, Announcement)]
FORM = (("content-type", "application/x-www-form-urlencoded"),)


def client(*, key: str = "partner", sign_type: str = "RSA2") -> AliPay:
    return AliPay(
        appid="2026112400000001",
        app_private_key_string=recordings.private_pem(key),
        alipay_public_key_string=recordings.public_pem("gateway"),
        sign_type=sign_type,
    )


PEER = client()


def now() -> datetime:
    return datetime.now(timezone(timedelta(hours=8)))


def signed(peer: AliPay, method: str, content: dict[str, Any], **parameters: str) -> bytes:
    # The client writes its machine's wall clock; the dialect's is GMT+8 wherever it runs.
    stamp = now().strftime("%Y-%m-%d %H:%M:%S")
    query: str = peer.client_api(method, content, timestamp=stamp, **parameters)
    return query.encode()


def opened(query: bytes, body: bytes = b"", method: str = "GET") -> tuple[Matched, Call]:
    matched = LANTU.match(RawRequest(method, "/", query, FORM if body else (), body, now()))
    return matched, LANTU.verify(matched, [PARTNER], now()).call()


def test_the_peer_signs_and_we_open():
    content = {"mandate_no": "man_1", "out_trade_no": "r-1", "total_amount": "88.80"}
    _, call = opened(signed(PEER, "lantu.mandate.debit", content, auth_token="gh_1"))
    assert call.operation == "mandates.debit"
    assert call.parameters == {"mandate_id": "man_1"}
    assert call.body["instructed_amount"] == {"minor_units": 8880, "currency": "CNY"}
    assert call.grant_handle == "gh_1"
    assert call.idempotency_key == "mandates.debit:r-1"


def test_the_peers_parameters_may_come_as_a_body_or_in_both_places():
    query = signed(PEER, "lantu.package.query", {"package_code": "commuter-wallet"})
    parts = query.split(b"&")
    for body, rest in ((query, b""), (b"&".join(parts[:4]), b"&".join(parts[4:]))):
        _, call = opened(rest, body, "POST")
        assert call.parameters == {"code": "commuter-wallet"}


@settings(deadline=None, max_examples=25)
@given(
    st.text(st.characters(codec="utf-8", min_codepoint=32, exclude_characters="\x7f"), max_size=140)
)
def test_the_peers_awkward_texts_arrive_whole(subject):
    content = {
        "mandate_no": "man_1",
        "out_trade_no": "r-1",
        "total_amount": "1",
        "subject": subject + '+&=% "{}中',
    }
    content["subject"] = content["subject"][-140:]
    _, call = opened(signed(PEER, "lantu.mandate.debit", content, auth_token="gh_1"))
    assert call.body["remittance_information"] == content["subject"]


def test_the_peer_with_sha1_or_with_another_key_is_refused():
    content = {"order_no": "ord_1"}
    for peer in (client(sign_type="RSA"), client(key="stranger")):
        with pytest.raises(errors.InvalidSignature):
            opened(signed(peer, "lantu.order.query", content, auth_token="gh_1"))


@pytest.mark.parametrize("exchange", ANSWERED, ids=lambda each: each.title)
def test_the_peer_verifies_every_answer(exchange):
    matched = LANTU.match(exchange.request.raw(exchange.at))
    text = LANTU.seal(matched, exchange.answer, GATEWAY_KEY).body.decode()
    key = matched.method.replace(".", "_") + "_response"
    members = PEER._verify_and_return_sync_response(text, key)
    assert members["code"] == "10000"
    with pytest.raises(AliPayValidationError):
        PEER._verify_and_return_sync_response(text.replace('"10000"', '"10001"'), key)


@pytest.mark.parametrize("exchange", FAILED, ids=lambda each: each.title)
def test_the_peer_verifies_a_refusal_and_reads_its_reason(exchange):
    matched = LANTU.match(exchange.request.raw(exchange.at))
    text = LANTU.seal(matched, exchange.failure.error(), GATEWAY_KEY).body.decode()
    members = PEER._verify_and_return_sync_response(
        text, matched.method.replace(".", "_") + "_response"
    )
    assert members["code"] == "40004"
    assert members["sub_code"] == "ACQ.LIMIT_PER_DEBIT"
    assert members["headroom_amount"] == "50.00"


@pytest.mark.parametrize("error", errors.tree(), ids=lambda error: error.code)
def test_the_peer_raises_its_own_error_for_an_unsigned_refusal(error):
    matched = LANTU.match(RawRequest("GET", "/", b"", (), b"", now()))
    text = LANTU.seal(matched, error('braces } in { the "detail"'), None).body.decode()
    with pytest.raises(AliPayException):
        PEER._verify_and_return_sync_response(text, "lantu_order_query_response")


@settings(deadline=None, max_examples=25)
@given(st.text(st.characters(codec="utf-8")), st.dictionaries(st.text(), st.text()))
def test_braces_quotes_and_anything_else_in_our_texts_do_not_upset_the_peer(detail, extras):
    matched = LANTU.match(recordings.Request("GET", "/", [], "method=lantu.order.query").raw(now()))
    error = errors.Conflict(detail or "x", more=extras)
    text = LANTU.seal(matched, error, GATEWAY_KEY).body.decode()
    members = PEER._verify_and_return_sync_response(text, "lantu_order_query_response")
    assert members["sub_msg"] == (detail or "x")


@pytest.mark.parametrize("example", TOLD, ids=lambda each: each.title)
def test_the_peer_verifies_every_notification(example):
    raw = LANTU.announce(example.event, GATEWAY_KEY, example.client_id, example.at)
    form = dict(parse_qsl(raw.body.decode(), strict_parsing=True, keep_blank_values=True))
    signature = form.pop("sign")
    assert PEER.verify(dict(form), signature)
    for name in form:
        if name != "sign_type":
            changed = form | {name: form[name] + "0"}
            assert not PEER.verify(changed, signature)


def test_the_same_event_gives_the_same_bytes():
    example = TOLD[0]
    once = LANTU.announce(example.event, GATEWAY_KEY, example.client_id, example.at)
    again = LANTU.announce(
        example.event, recordings.private_pem("gateway"), example.client_id, example.at
    )
    assert once == again


def test_an_acknowledgement_is_exactly_the_seven_characters():
    assert LANTU.acknowledged(200, {}, b"success")
    for status, body in ((201, b"success"), (302, b"success"), (500, b"success")):
        assert not LANTU.acknowledged(status, {}, body)
    for body in (b"", b"fail", b"SUCCESS", b"success\n", b" success", b'"success"', b"successful"):
        assert not LANTU.acknowledged(200, {}, body)
    assert LANTU.retry_seconds == (240, 600, 600, 3600, 7200, 21600, 54000)
