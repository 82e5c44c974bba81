"""Bad input of every kind ends in an error of the one tree, never in a bare exception or a call."""

import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import partners
from contracts import errors
from partners import envelopes
from partners.signatures import SigningKey, VerifyingKey
from partners.wire import RawRequest
from tests.partners import recordings
from tests.partners.recordings import Request

LANTU = partners.find("lantu")
AT = datetime.fromisoformat("2026-11-24T03:20:40Z")
KEYS = [VerifyingKey(recordings.public_pem("partner"))]
GATEWAY_KEY = SigningKey(recordings.private_pem("gateway"))
FORM = (("content-type", "application/x-www-form-urlencoded;charset=utf-8"),)
COMMON = {
    "app_id": "2026112400000001",
    "method": "lantu.mandate.debit",
    "charset": "utf-8",
    "sign_type": "RSA2",
    "timestamp": "2026-11-24 11:20:38",
    "version": "1.0",
    "auth_token": "gh_1",
}
DEBIT = {"mandate_no": "man_1", "out_trade_no": "ride-1", "total_amount": "3.00"}
ORDER = {"package_code": "commuter-wallet", "package_version": "1.0.0", "out_order_no": "trip-1"}


def meet(request: RawRequest) -> errors.GatewayError | None:
    """The refusal of a request, None if it became a call; every refusal must be speakable too."""
    matched = LANTU.match(request)
    try:
        LANTU.verify(matched, KEYS, AT).call()
    except errors.GatewayError as error:
        raw = LANTU.seal(matched, error, GATEWAY_KEY)
        assert raw.status == 200
        assert b'"sign":"' in raw.body
        json.loads(raw.body)
        return error
    return None


def ask(content: object, *, raw_content: str | None = None, **changed: str | None) -> RawRequest:
    """A well-signed debit with some parameters changed, or left out where None."""
    text = raw_content if raw_content is not None else json.dumps(content)
    pairs = {**COMMON, "biz_content": text, **changed}
    query = envelopes.write_form(
        (name, value) for name, value in pairs.items() if value is not None
    )
    return recordings.sign(LANTU, Request("GET", "/", [], query.decode()), "partner").raw(AT)


def raw(method: str, query: bytes = b"", body: bytes = b"", headers=FORM) -> RawRequest:
    return RawRequest(method, "/", query, headers, body, AT)


def test_the_untampered_request_becomes_a_call():
    assert meet(ask(DEBIT)) is None
    assert meet(ask(ORDER, method="lantu.order.create")) is None
    assert meet(ask(DEBIT, format="JSON", alipay_sdk="alipay-sdk-java 4.39")) is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (raw("PUT", b"app_id=1"), errors.MethodNotAllowed),
        (raw("GET", b"app_id=1", b"x=1"), errors.MalformedBody),
        (raw("POST", b"app_id=1", b"{}", ()), errors.UnsupportedMediaType),
        (
            raw("POST", b"app_id=1", b"{}", (("content-type", "application/json"),)),
            errors.UnsupportedMediaType,
        ),
        (
            raw("POST", b"", b"a=1", (("content-type", envelopes.FORM + ";charset=gbk"),)),
            errors.UnsupportedMediaType,
        ),
        (raw("POST", b"", b"a=1", FORM + FORM), errors.MalformedBody),
        (raw("POST", b"", b"app_id"), errors.MalformedBody),
        (raw("POST", b"", b"=1"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=1&&method=2"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=%ZZ"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=%"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=%ff"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=\xff"), errors.MalformedBody),
        (raw("POST", b"", b"app_id=1&app_id=1"), errors.MalformedBody),
        (raw("POST", b"app_id=1", b"app_id=2"), errors.MalformedBody),
        (raw("POST", b"", b"&".join(b"a%d=1" % n for n in range(50))), errors.MalformedBody),
        (raw("POST", b"", b"a=" + b"1" * 70000), errors.BodyTooLarge),
        (raw("GET", b"a=" + b"1" * 20000), errors.BodyTooLarge),
        (raw("GET"), errors.InvalidField),
        (raw("POST", b"", b"app_id=%00"), errors.InvalidField),
        (raw("POST", b"", b"app_id=" + b"1" * 65), errors.InvalidField),
        (raw("POST", b"", b"app_id=1"), errors.InvalidSignature),
        (raw("POST", b"", b"app_id=1&sign=*&sign_type=RSA2"), errors.InvalidSignature),
        (raw("POST", b"", b"app_id=1&sign=%E4%B8%AD&sign_type=RSA2"), errors.InvalidSignature),
        (raw("POST", b"", b"app_id=1&sign=AAAA&sign_type=RSA"), errors.InvalidSignature),
        (raw("POST", b"", b"app_id=1&sign=AAAA"), errors.InvalidSignature),
    ],
)
def test_a_malformed_request_is_refused(request_, error):
    assert type(meet(request_)) is error


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"method": None}, errors.InvalidField, "method"),
        ({"charset": None}, errors.InvalidField, "charset"),
        ({"charset": "gbk"}, errors.InvalidField, "charset"),
        ({"sign_type": "RSA"}, errors.InvalidSignature, "sign_type"),
        ({"sign_type": None}, errors.InvalidSignature, "sign_type"),
        ({"version": None}, errors.InvalidField, "version"),
        ({"version": "2.0"}, errors.InvalidField, "version"),
        ({"format": "XML"}, errors.InvalidField, "format"),
        ({"timestamp": None}, errors.InvalidField, "timestamp"),
        ({"timestamp": "2026-11-24T03:20:38Z"}, errors.InvalidField, "timestamp"),
        ({"timestamp": "2026-11-31 11:20:38"}, errors.InvalidField, "timestamp"),
        ({"timestamp": "9999-99-99 99:99:99"}, errors.InvalidField, "timestamp"),
        ({"timestamp": "2026-11-24 11:20:38.5"}, errors.InvalidField, "timestamp"),
        ({"timestamp": "1764000000"}, errors.InvalidField, "timestamp"),
        ({"timestamp": "2026-11-24 11:15:39"}, errors.StaleRequest, "timestamp"),
        ({"timestamp": "2026-11-24 11:25:41"}, errors.StaleRequest, "timestamp"),
        ({"timestamp": "2026-11-24 03:20:38"}, errors.StaleRequest, "timestamp"),
        ({"encrypt_type": "AES"}, errors.InvalidField, "encrypt_type"),
        ({"notify_url": "https://partner.example/n"}, errors.InvalidField, "notify_url"),
        ({"app_cert_sn": "a1"}, errors.InvalidField, "app_cert_sn"),
        ({"auth_token": "a b"}, errors.InvalidField, "auth_token"),
        ({"auth_token": "a&b"}, errors.InvalidField, "auth_token"),
        ({"auth_token": "x" * 600}, errors.InvalidField, "auth_token"),
        ({"method": "lantu.mandate.DEBIT"}, errors.InvalidField, "method"),
        ({"中": "1"}, errors.InvalidField, "中"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_though_it_is_signed(changed, error, field):
    met = meet(ask(DEBIT, **changed))
    assert type(met) is error
    assert met.extras["field"] == field


def test_what_is_missing_or_not_live_has_its_own_error():
    assert type(meet(ask(DEBIT, auth_token=None))) is errors.GrantHandleNotLive
    assert type(meet(ask(DEBIT, auth_token=""))) is errors.GrantHandleNotLive
    assert type(meet(ask(DEBIT, method="lantu.nothing"))) is errors.UnknownOperation
    assert type(meet(ask({"mandate_no": "m", "total_amount": "1"}))) is errors.IdempotencyKeyMissing
    assert type(meet(ask(DEBIT | {"out_trade_no": ""}))) is errors.IdempotencyKeyMissing
    assert type(meet(ask(DEBIT | {"out_trade_no": None}))) is errors.IdempotencyKeyMissing


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "null", "1", '"x"', "{}x", "{'a':1}", '{"a":NaN}', '{"a":1e999}',
        '{"a":"\\ud800"}',
        '{"mandate_no":"a","mandate_no":"b"}', '{"a":{"b":1,"b":2}}', "[" * 15000, '{"a":' * 3000,
        '{"a":' + "9" * 6000 + "}", "\ufeff{}", '{"a":"\x01"}',
    ],
)  # fmt: skip
def test_content_that_is_not_one_plain_object_is_refused(text):
    asked = ask(None, raw_content=text)
    assert type(meet(raw("POST", b"", asked.query))) is errors.MalformedBody


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        *(
            ({"total_amount": amount}, "total_amount")
            for amount in (
                "-1.00", "0.001", "1.005", "90071992547409.92", "9007199254740993", "1e2", "", " 1",
                "9" * 500, 3, 3.0, True, None, {}, ["3.00"],
            )
        ),
        ({"mandate_no": ""}, "mandate_no"),
        ({"mandate_no": "../x"}, "mandate_no"),
        ({"mandate_no": "x" * 65}, "mandate_no"),
        ({"mandate_no": 7}, "mandate_no"),
        ({"mandate_no": None}, "mandate_no"),
        ({"out_trade_no": "x" * 65}, "out_trade_no"),
        ({"out_trade_no": "a\nb"}, "out_trade_no"),
        ({"out_trade_no": 7}, "out_trade_no"),
        ({"out_trade_no": ["ride-1"]}, "out_trade_no"),
        ({"subject": "x" * 141}, "subject"),
        ({"subject": "a\x00b"}, "subject"),
        ({"subject": None}, "subject"),
        ({"payee": "somebody"}, "payee"),
        ({"instructed_amount": {"minor_units": 1}}, "instructed_amount"),
        ({"a" * 5000: 1}, None),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_its_name_in_the_dialect(changed, field):
    met = meet(ask(DEBIT | changed))
    assert type(met) is errors.InvalidField
    assert field is None or met.extras["field"] == field
    assert len(met.detail) < 400


def test_a_missing_field_is_spoken_as_missing():
    matched = LANTU.match(ask({"out_trade_no": "r", "mandate_no": "m"}))
    error = meet(ask({"out_trade_no": "r", "mandate_no": "m"}))
    members = LANTU.encode(matched, error)
    assert (members["code"], members["sub_code"]) == ("40001", "isv.missing-total-amount")
    unsigned = LANTU.encode(matched, meet(raw("GET", b"app_id=1")))
    assert (unsigned["code"], unsigned["sub_code"]) == ("40001", "isv.missing-signature")


def test_a_field_refused_by_a_service_is_named_as_the_partner_sent_it():
    matched = LANTU.match(ask(DEBIT))
    members = LANTU.encode(matched, errors.InvalidField("no", field="instructed_amount.currency"))
    assert members["field"] == "total_amount"


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.binary(max_size=300),
    st.binary(max_size=300),
)
def test_noise_is_refused(method, query, body):
    assert meet(raw(method, query, body)) is not None


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from([*DEBIT, "subject", "other"]) | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner, max_size=3),
        ),
        max_size=5,
    ),
    st.sampled_from([operation.theirs for operation in LANTU.operations]),
)
def test_any_signed_content_is_a_call_or_a_refusal(content, method):
    meet(ask(content, method=method))
