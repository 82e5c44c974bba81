"""`Client-Cert` fields: which are read, what is kept of them, and which are refused."""

import base64
import hashlib
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from contracts import errors
from gateway.oauth.certificates import (
    FIELD_LIMIT_BYTES,
    CertificateReader,
    parse_client_certificate,
)
from tests.certificates import Authority, common_name, self_signed

AUTHORITY = Authority()
HELD = AUTHORITY.issue(
    common_name("Wayfare"),
    x509.DNSName("Client.Wayfare.example"),
    x509.UniformResourceIdentifier("https://wayfare.example/client"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    x509.RFC822Name("Ops@Wayfare.example"),
)


def field(der: bytes) -> bytes:
    return b":" + base64.b64encode(der) + b":"


def test_a_field_is_read_and_its_thumbprint_is_that_of_rfc_8705() -> None:
    read = parse_client_certificate(HELD.field.encode())
    raw = hashlib.sha256(HELD.der).digest()
    assert read.thumbprint == base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert (read.names.dns, read.names.ip) == ({"client.wayfare.example"}, {"2001:db8::1"})
    assert read.names.uri == {"https://wayfare.example/client"}
    assert read.names.email == {"Ops@wayfare.example"}
    assert not read.is_self_issued
    assert parse_client_certificate(self_signed("Wayfare").field.encode()).is_self_issued


def test_a_certificates_key_has_the_thumbprint_of_its_jwk() -> None:
    keys = (
        (ECKey, ec.generate_private_key(ec.SECP256R1())),
        (RSAKey, rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        (OKPKey, ed25519.Ed25519PrivateKey.generate()),
    )
    for kind, key in keys:
        read = parse_client_certificate(self_signed("x", key).field.encode())
        assert read.key_thumbprint == kind(key.public_key(), key.public_key()).thumbprint()


def test_a_key_that_fapi_does_not_know_has_no_thumbprint() -> None:
    for key in (
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
    ):
        assert parse_client_certificate(self_signed("x", key).field.encode()).key_thumbprint is None


DER = HELD.der


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"::",
        base64.b64encode(DER),
        b":" + base64.b64encode(DER),
        b":" + base64.urlsafe_b64encode(b"\xff\xfe" * 40) + b":",
        field(DER) + b";a=1",
        field(DER) + b", " + field(DER),
        b"(" + field(DER) + b")",
        b'"' + base64.b64encode(DER) + b'"',
        b"?1",
        field(DER[:-1]),
        field(DER + b"\x00"),
        field(DER[20:]),
        field(b"no certificate"),
        field(base64.b64encode(DER)),
        b"%2D%2D%2D%2D%2DBEGIN",
        b"\xff\x00",
    ],
    ids=[
        *("nothing", "an empty sequence", "bare base64", "no end", "base64url", "a parameter"),
        *("two certificates", "a list", "a string", "a boolean", "DER cut short", "DER and more"),
        *("half of it", "text", "base64 of base64", "an escaped PEM", "no ASCII"),
    ],
)
def test_what_is_not_one_certificate_is_refused(malformed: bytes) -> None:
    with pytest.raises(errors.OAuthRefused, match="Client-Cert"):
        parse_client_certificate(malformed)


@given(st.binary(max_size=300))
def test_any_field_is_a_certificate_or_a_refusal(junk: bytes) -> None:
    for given_field in (junk, field(junk)):
        with pytest.raises(errors.OAuthRefused):
            parse_client_certificate(given_field)


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_a_changed_certificate_is_another_or_none(at: int, by: int) -> None:
    changed = bytearray(DER)
    changed[at] ^= by
    try:
        read = parse_client_certificate(field(bytes(changed)))
    except errors.OAuthRefused:
        return
    assert read.thumbprint != parse_client_certificate(field(DER)).thumbprint


def test_a_reader_takes_one_field_of_bounded_length() -> None:
    reader = CertificateReader()
    good = HELD.field.encode()
    assert reader.read([]) is None
    assert reader.read([good]) == parse_client_certificate(good)
    for many in ([good, good], [b":" + b"A" * FIELD_LIMIT_BYTES + b":"]):
        with pytest.raises(errors.OAuthRefused, match="repeated or too long"):
            reader.read(many)


def test_a_reader_remembers_a_bounded_number() -> None:
    reader = CertificateReader(cached=2)
    fields = [self_signed(name).field.encode() for name in ("a", "b", "c")]
    first = reader.read([fields[0]])
    assert reader.read([fields[0]]) is first
    for each in fields[1:]:
        reader.read([each])
    again = reader.read([fields[0]])
    assert again == first
    assert again is not first
