"""Client metadata, member by member: what is registered, completed, echoed, and refused."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import Key

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.database import Database, Query
from gateway.onboarding import redirects
from gateway.onboarding.metadata import decode
from gateway.onboarding.service import SCOPES, Onboarding, decode_registration, level_of
from tests.conftest import SetClock
from tests.gateway.onboarding.documents import fresh, jwks, public, wish

KEY, RSA_KEY, OTHER = fresh(kid="a"), fresh("PS256", kid="r"), fresh(kid="o")
BY_SUBJECT = {
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_san_dns": "client.example",
}
SELF_SIGNED = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
BY_CERTIFICATE = {"tls_client_certificate_bound_access_tokens": True}

EVERYTHING: dict[str, Any] = {
    "client_name": "Wayfare",
    "client_uri": "https://wayfare.example/",
    "logo_uri": "https://wayfare.example/logo.png",
    "policy_uri": "https://wayfare.example/policy",
    "tos_uri": "https://wayfare.example/terms",
    "contacts": ["ops@wayfare.example"],
    "software_id": "wayfare-web",
    "software_version": "3.1",
    "redirect_uris": ["https://wayfare.example/back", "https://wayfare.example/cb?x=1"],
    "scope": "openid order.write",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "response_modes": ["jwt"],
    "authorization_details_types": ["urn:tessera:package-order"],
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks_uri": "https://wayfare.example/jwks",
    "use_mtls_endpoint_aliases": True,
    "dpop_bound_access_tokens": False,
    "tls_client_certificate_bound_access_tokens": True,
    "require_pushed_authorization_requests": True,
    "require_signed_request_object": True,
    "request_object_signing_alg": "PS256",
    "authorization_signed_response_alg": "ES256",
    "introspection_signed_response_alg": "ES256",
    "http_message_signatures": "required",
    "id_token_signed_response_alg": "ES256",
    "subject_type": "pairwise",
    "default_max_age": 600,
    "require_auth_time": True,
    "default_acr_values": ["urn:tessera:acr:two-factor"],
}


def long_rsa() -> dict[str, Any]:
    """The public half of an RSA key that nobody would wait for; only its size is looked at."""
    modulus = (1 << 8191) | 1
    n = base64.urlsafe_b64encode(modulus.to_bytes(1024)).rstrip(b"=").decode()
    return {"kty": "RSA", "n": n, "e": "AQAB", "kid": "long"}


def certificate(key: Key) -> str:
    """A self-signed certificate of the key, as an `x5c` holds it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    at = datetime(2026, 11, 24, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key)
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(key.private_key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


async def registered(onboarding: Onboarding, clock: SetClock, **members: Any) -> dict[str, Any]:
    """The echo of a registration with these members; keys are there unless they say otherwise."""
    named = {"jwks", "jwks_uri"} & members.keys()
    document = members if named else {"jwks": jwks(fresh())} | members
    made = await onboarding.register(
        wish(metadata=decode(document)), operator="ada", at=clock.now()
    )
    return made.metadata


async def test_what_is_not_said_is_completed_and_echoed(
    onboarding: Onboarding, clock: SetClock
) -> None:
    echo = await registered(onboarding, clock, jwks=jwks(KEY), client_name="Wayfare")
    assert echo == {
        "client_name": "Wayfare",
        "redirect_uris": ["https://wayfare.example/back"],
        "scope": "catalog.read order.write",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "authorization_details_types": ["urn:tessera:package-order"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [public(KEY)]},
        "use_mtls_endpoint_aliases": False,
        "dpop_bound_access_tokens": True,
        "tls_client_certificate_bound_access_tokens": False,
        "require_pushed_authorization_requests": True,
        "require_signed_request_object": False,
        "http_message_signatures": "optional",
        "id_token_signed_response_alg": "ES256",
        "subject_type": "pairwise",
        "require_auth_time": False,
    }


async def test_an_echo_can_be_registered_again_as_it_is(
    onboarding: Onboarding, clock: SetClock
) -> None:
    everything = EVERYTHING
    # Every member but those that stand in the place of another.
    members = {field.name for field in msgspec.structs.fields(ClientMetadata)}
    absent = {name for name in members if name.startswith("tls_client_auth_")}
    assert members - absent - {"jwks", "sector_identifier_uri"} == everything.keys()
    for _ in range(2):
        made = await onboarding.register(
            wish(metadata=decode(everything), redirect_uris=[], scope=""),
            operator="ada",
            at=clock.now(),
        )
        assert made.metadata == everything
        client = await onboarding.find(made.client_id)
        assert client is not None
        assert (client.metadata, client.jwks) == (decode(everything), ())
        everything = made.metadata


@pytest.mark.parametrize(
    ("members", "field"),
    [
        # Redirect addresses and the client's own pages.
        ({"redirect_uris": ["http://wayfare.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://wayfare.example/back#top"]}, "redirect_uris"),
        ({"redirect_uris": ["https://user@wayfare.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://@wayfare.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"client_uri": "http://wayfare.example/"}, "client_uri"),
        ({"logo_uri": "data:image/png;base64,AA"}, "logo_uri"),
        ({"policy_uri": "https://wayfare.example/#policy"}, "policy_uri"),
        ({"tos_uri": "ftp://wayfare.example/"}, "tos_uri"),
        # What it may ask for.
        ({"scope": "everything"}, "scope"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["client_credentials"], "response_types": ["code"]}, "response_types"),
        ({"authorization_details_types": ["payment"]}, "authorization_details_types"),
        # How it proves who it is.
        (SELF_SIGNED, "token_endpoint_auth_method"),
        ({"jwks": jwks(KEY), "jwks_uri": "https://wayfare.example/jwks"}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks.keys"),
        ({"jwks": {"keys": [public(KEY)] * 17}}, "jwks.keys"),
        ({"jwks": {"keys": [public(KEY), public(OTHER, kid="a")]}}, "jwks.keys"),
        ({"jwks": {"keys": [public(KEY, kid="")]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(KEY, use="enc")]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(KEY, key_ops=["encrypt"])]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(KEY, alg="ES384")]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(RSA_KEY, alg="RS256")]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [long_rsa()]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [KEY.as_dict(private=True)]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(KEY, x5c=["AAAA"])]}}, "jwks.keys[0]"),
        ({"jwks": {"keys": [public(KEY, x5c=[certificate(OTHER)])]}}, "jwks.keys[0]"),
        ({"jwks_uri": "http://wayfare.example/jwks"}, "jwks_uri"),
        ({"jwks_uri": "https://wayfare.example/jwks#k"}, "jwks_uri"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "tls_client_auth_subject_dn"),
        (BY_SUBJECT | {"tls_client_auth_san_ip": "192.0.2.1"}, "tls_client_auth_san_ip"),
        (
            {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "host"},
            "tls_client_auth_san_ip",
        ),
        ({"tls_client_auth_san_dns": "client.example"}, "tls_client_auth_san_dns"),
        *(
            (
                {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": dn},
                "tls_client_auth_subject_dn",
            )
            for dn in ("client.example", "CN=", "CN=a,", "=a", "CN=a+", "CN", "NOSUCHTYPE=a", " ")
        ),
        (
            BY_SUBJECT
            | {"scope": "order.read", "jwks_uri": None, "require_signed_request_object": True},
            "jwks",
        ),
        (
            BY_SUBJECT | {"token_endpoint_auth_signing_alg": "ES256"},
            "token_endpoint_auth_signing_alg",
        ),
        (
            {"jwks": jwks(KEY), "token_endpoint_auth_signing_alg": "PS256"},
            "token_endpoint_auth_signing_alg",
        ),
        (
            {"jwks": jwks(RSA_KEY), "request_object_signing_alg": "EdDSA"},
            "request_object_signing_alg",
        ),
        # What its tokens are bound to.
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        (BY_CERTIFICATE | {"dpop_bound_access_tokens": True}, "dpop_bound_access_tokens"),
        # Under which names it knows customers.
        (
            {"redirect_uris": ["https://a.example/", "https://b.example/"]},
            "sector_identifier_uri",
        ),
        ({"sector_identifier_uri": "http://wayfare.example/"}, "sector_identifier_uri"),
    ],
)
async def test_a_member_that_is_not_acceptable_is_named(
    onboarding: Onboarding, clock: SetClock, members: dict[str, Any], field: str
) -> None:
    document = {
        "redirect_uris": ["https://wayfare.example/back"],
        "scope": "catalog.read order.write",
        **({} if "jwks_uri" in members else {"jwks": jwks(fresh())}),
        **members,
    }
    asked = wish(metadata=decode(document), redirect_uris=[], scope="")
    with pytest.raises(errors.InvalidField) as refusal:
        await onboarding.register(asked, operator="ada", at=clock.now())
    assert refusal.value.extras["field"] == field
    assert refusal.value.detail


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_signing_alg": "RS256"},
        {"request_object_signing_alg": "none"},
        {"id_token_signed_response_alg": "RS256"},
        {"authorization_signed_response_alg": "HS256"},
        {"introspection_signed_response_alg": "none"},
        {"response_types": ["token"]},
        {"response_modes": ["fragment"]},
        {"subject_type": "public"},
        {"default_max_age": -1},
        {"default_max_age": "60"},
        {"require_auth_time": 1},
        {"contacts": "ops@wayfare.example"},
        {"redirect_uris": ["https://a.example/" + "x" * 500]},
        {"redirect_uris": ["https://a.example/"] * 9},
        {"client_name": "line\nbreak"},
        {"scope": 'quo"te'},
        {"jwks": []},
    ],
)
def test_a_value_outside_the_contract_is_no_metadata(members: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(members)


async def test_keys_are_needed_except_by_certificate_subject(
    onboarding: Onboarding, clock: SetClock
) -> None:
    with pytest.raises(errors.InvalidField, match="needs keys"):
        await onboarding.register(wish(metadata=ClientMetadata()), operator="ada", at=clock.now())
    reading = wish(metadata=decode(BY_SUBJECT), scope="order.read")
    made = await onboarding.register(reading, operator="ada", at=clock.now())
    assert "jwks" not in made.metadata


async def test_a_self_signed_certificate_is_for_clients_of_level_a1(
    onboarding: Onboarding, clock: SetClock
) -> None:
    key = fresh()
    chain = {"keys": [public(key, x5c=[certificate(key)])]}
    for scope in sorted(SCOPES):
        asked = wish(
            metadata=decode(SELF_SIGNED | {"jwks": chain if scope == "openid" else jwks(fresh())}),
            scope=scope,
        )
        if level_of(scope) == "A1":
            made = await onboarding.register(asked, operator="ada", at=clock.now())
            if scope == "openid":
                assert made.metadata["jwks"] == chain
        else:
            with pytest.raises(errors.InvalidField) as refusal:
                await onboarding.register(asked, operator="ada", at=clock.now())
            assert refusal.value.extras["rule"] == "CN-API-03"


async def test_certificate_bound_tokens_need_not_deny_the_other_way(
    onboarding: Onboarding, clock: SetClock
) -> None:
    echo = await registered(onboarding, clock, **BY_CERTIFICATE)
    assert echo["dpop_bound_access_tokens"] is False
    file = msgspec.to_builtins(wish()) | {"metadata": BY_CERTIFICATE}
    assert decode_registration(file).metadata.dpop_bound_access_tokens is False


async def test_members_beside_the_metadata_agree_with_those_inside(
    onboarding: Onboarding, clock: SetClock
) -> None:
    same = wish(
        scope="catalog.read", metadata=decode({"scope": "catalog.read"}), jwks=jwks(fresh())
    )
    await onboarding.register(same, operator="ada", at=clock.now())
    other = wish(scope="catalog.read", metadata=decode({"scope": "openid"}), jwks=jwks(fresh()))
    with pytest.raises(errors.InvalidField, match="Differs"):
        await onboarding.register(other, operator="ada", at=clock.now())


async def test_loopback_addresses_are_for_sandboxes(
    onboarding: Onboarding, live: Onboarding, clock: SetClock
) -> None:
    for members in (
        {"redirect_uris": ["http://127.0.0.1:9000/back"], "jwks": jwks(fresh())},
        {"redirect_uris": ["https://a.example/"], "jwks_uri": "http://localhost:9000/jwks"},
    ):
        asked = wish(metadata=decode(members), redirect_uris=[])
        await onboarding.register(asked, operator="ada", at=clock.now())
        with pytest.raises(errors.InvalidField, match="must be https"):
            await live.register(asked, operator="ada", at=clock.now())


class Columns(msgspec.Struct):
    redirect_uris: str
    scopes: str
    grant_types: str
    authorization_details_types: str
    metadata: str


COLUMNS = Query(
    "select redirect_uris, scopes, grant_types, authorization_details_types, metadata from client",
    Columns,
)


async def test_the_columns_repeat_the_document(
    database: Database, onboarding: Onboarding, clock: SetClock
) -> None:
    await onboarding.register(wish(), operator="ada", at=clock.now())
    (row,) = await database.all(COLUMNS)
    document = msgspec.json.decode(row.metadata)
    assert msgspec.json.decode(row.redirect_uris) == document["redirect_uris"]
    assert msgspec.json.decode(row.scopes) == document["scope"].split()
    assert msgspec.json.decode(row.grant_types) == document["grant_types"]
    types = msgspec.json.decode(row.authorization_details_types)
    assert types == document["authorization_details_types"]
    assert "jwks" not in document


async def test_an_rsa_key_of_4096_bits_is_the_longest(
    onboarding: Onboarding, clock: SetClock
) -> None:
    longest = rsa.RSAPublicNumbers(65537, (1 << 4095) | 1).public_key()
    n = longest.public_numbers().n.to_bytes(512)
    jwk = {
        "kty": "RSA",
        "e": "AQAB",
        "kid": "r",
        "n": base64.urlsafe_b64encode(n).rstrip(b"=").decode(),
    }
    await registered(onboarding, clock, jwks={"keys": [jwk]})


@given(st.text(max_size=60))
def test_whatever_is_sent_as_an_address_is_https_or_refused(text: str) -> None:
    for uri in (text, "https://" + text, "https://a.example/" + text):
        try:
            redirects.check(uri, sandbox=False)
        except errors.InvalidField:
            continue
        assert uri.startswith(("https://", "HTTPS://"))
        assert uri.isascii()
        assert not set(uri) & set("# \r\n\0")
