"""Software statements, without a database: what proves one, and how far it lets a client reach."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import Key, OctKey

from contracts import errors
from gateway.kit import jose
from gateway.onboarding import statements
from tests.gateway.oauth.partner import sign
from tests.gateway.onboarding.documents import fresh, public

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
SERVER = "https://bank.example"
KEY = fresh(kid="ssa")


def statement(
    header: dict[str, Any] | None = None,
    key: Key = KEY,
    payload: bytes | None = None,
    **claims: Any,
) -> str:
    """A good statement, but for what a test changes; ``None`` leaves a claim or member out."""
    usual = {"iss": "https://directory.example", "jti": "one", "iat": NOW, **claims}
    kept = {name: value for name, value in usual.items() if value is not None}
    top = {"alg": "ES256", "kid": "ssa"} | (header or {})
    return sign(
        {name: value for name, value in top.items() if value is not None},
        msgspec.json.encode(kept) if payload is None else payload,
        key,
    )


def judge(text: Any, *keys: Key) -> statements.SoftwareStatement:
    read = statements.read({"software_statement": text})
    parsed = tuple(jose.parse_public_jwk(public(key)) for key in keys or (KEY,))
    statements.verify(read, parsed, SERVER, AT)
    return read


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "application/jwt", "ssa+jwt", "whatever"])
def test_issuers_name_the_kind_as_they_please(typ: str | None) -> None:
    assert judge(statement({"typ": typ})).issuer == "https://directory.example"


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
def test_every_algorithm_of_fapi_signs_one(algorithm: str) -> None:
    key = fresh(algorithm, kid="ssa")
    judge(statement({"alg": algorithm}, key), key)


def test_keys_that_share_a_kid_are_told_apart_by_kind() -> None:
    others = [fresh("PS256", kid="ssa"), fresh(kid="ssa"), KEY]
    judge(statement(), *others)
    judge(statement({"kid": None}), *others)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW + 1},
        {"exp": None},
        {"iat": NOW + 60},
        {"iat": NOW - 10**7},
        {"aud": SERVER},
        {"aud": ["https://other.example", SERVER]},
        {"unknown": {"deep": [1]}},
    ],
)
def test_a_statement_may_say_more_and_be_old(claims: dict[str, Any]) -> None:
    judge(statement(**claims))


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "a.b",
        "a.b.c.d.e",
        "x" * 40_000,
        statement({"alg": "RS256"}, fresh("PS256")),
        statement({"alg": "HS256"}, OctKey.import_key("s" * 32)),
        statement(key=fresh(kid="ssa")),
        statement({"kid": "other"}),
        "e30.e30.e30",
        statement({"typ": "dpop+jwt"}),
        statement({"typ": "oauth-authz-req+jwt"}),
        statement({"typ": "application/client-authentication+JWT"}),
        statement(iss=None),
        statement(iss=5),
        statement(jti=None),
        statement(jti=""),
        statement(jti="x" * 257),
        statement(iat=None),
        statement(iat="now"),
        statement(iat=NOW + 61),
        statement(nbf=NOW + 61),
        statement(exp=NOW),
        statement(exp="never"),
        statement(aud="https://other.example"),
        statement(aud=[]),
        statement(aud={"a": 1}),
        statement(payload=b'{"iss":"a","iss":"b","jti":"c","iat":1}'),
        statement(payload=b"[]"),
        statement(payload=b"\xff"),
        statement()[:-4] + "AAAA",
    ],
)
def test_what_is_no_good_statement_is_invalid(text: Any) -> None:
    with pytest.raises(errors.InvalidSoftwareStatement) as refusal:
        judge(text)
    assert refusal.value.detail


@given(st.data())
def test_no_changed_letter_goes_unseen(data: st.DataObject) -> None:
    text = statement()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_."))
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises(errors.InvalidSoftwareStatement):
            judge(changed)


CLAIMS = {
    "redirect_uris": ["https://a.example/1", "https://a.example/2"],
    "scope": "order.read order.write",
    "jwks_uri": "https://a.example/jwks",
    "client_name": "As the directory knows it",
}


def test_a_statements_word_stands_in_the_place_of_the_requests() -> None:
    asked = {"client_name": "Another", "contacts": ["ops"], "software_statement": "x"}
    assert statements.vouched(asked, CLAIMS) == CLAIMS | {"contacts": ["ops"]}


def test_a_client_may_ask_for_less() -> None:
    asked = {"redirect_uris": ["https://a.example/2"], "scope": "order.read"}
    merged = statements.vouched(asked, CLAIMS)
    assert (merged["redirect_uris"], merged["scope"]) == (asked["redirect_uris"], "order.read")


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"redirect_uris": ["https://a.example/3"]}, errors.InvalidRedirectUri),
        (
            {"redirect_uris": [*CLAIMS["redirect_uris"], "https://b.example/"]},
            errors.InvalidRedirectUri,
        ),
        ({"redirect_uris": "https://a.example/1"}, errors.InvalidRedirectUri),
        ({"redirect_uris": None}, errors.InvalidRedirectUri),
        ({"scope": "order.read payment.initiate"}, errors.InvalidClientMetadata),
        ({"scope": ["order.read"]}, errors.InvalidClientMetadata),
        ({"jwks_uri": "https://b.example/jwks"}, errors.InvalidClientMetadata),
        ({"jwks_uri": None}, errors.InvalidClientMetadata),
        ({"jwks": {"keys": []}}, errors.InvalidClientMetadata),
        ({"tls_client_auth_san_dns": "a.example"}, errors.InvalidClientMetadata),
        ({"tls_client_auth_subject_dn": "CN=a"}, errors.InvalidClientMetadata),
        ({"sector_identifier_uri": "https://b.example/"}, errors.InvalidClientMetadata),
    ],
)
def test_a_client_may_not_ask_for_what_is_not_in_the_statement(
    asked: dict[str, Any], refusal: type[errors.GatewayError]
) -> None:
    with pytest.raises(refusal):
        statements.vouched(asked, CLAIMS)


MEMBERS = st.sampled_from(["https://a.example/1", "https://a.example/2", "https://b.example/"])
WORDS = st.lists(st.sampled_from(["order.read", "order.write", "openid"]), max_size=3)


@given(st.lists(MEMBERS, max_size=3), WORDS)
def test_nothing_merged_is_wider_than_the_statement(uris: list[str], words: list[str]) -> None:
    asked = {"redirect_uris": uris, "scope": " ".join(words)}
    try:
        merged = statements.vouched(asked, CLAIMS)
    except errors.OAuthRefused:
        assert not (
            set(uris) <= set(CLAIMS["redirect_uris"])
            and set(words) <= set(str(CLAIMS["scope"]).split())
        )
        return
    assert set(merged["redirect_uris"]) <= set(CLAIMS["redirect_uris"])
    assert set(merged["scope"].split()) <= set(str(CLAIMS["scope"]).split())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 2}}', b"\xff", b"{}x"],
)
def test_a_body_that_is_not_strict_json_is_no_request(body: bytes) -> None:
    with pytest.raises(errors.InvalidClientMetadata):
        statements.read_request(body)


@pytest.mark.parametrize("member", ["client_id", "client_secret", "client_id_issued_at"])
def test_a_client_chooses_neither_id_nor_secret(member: str) -> None:
    with pytest.raises(errors.InvalidClientMetadata, match="server chooses"):
        statements.read_request(msgspec.json.encode({member: "cus_1"}))
