"""Distinguished names: which spellings are one name, and which are none."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.distinguished_names import of_name, parse_distinguished_name

SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wayfare, Ltd."),
        x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "PSDCN-PBC-123"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Wayfare  Client"),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        r"CN=Wayfare  Client,organizationIdentifier=PSDCN-PBC-123,O=Wayfare\, Ltd.,C=CN",
        r"cn=wayfare client,2.5.4.97=psdcn-pbc-123,o=WAYFARE\2c Ltd.,c=cn",
        r"CN=Wayfare Client,2.5.4.97=#0c0d50534443"
        r"4e2d5042432d313233,O=Wayfare\, Ltd.,C=CN",
        r"CN=Ｗayfare Client,organizationidentifier=PSDCN-PBC-123,O=Wayfare\, Ltd.,C=CN",
    ],
    ids=["RFC 4514", "another case", "BER in hexadecimal", "a compatibility form"],
)
def test_one_name_has_many_spellings(text: str) -> None:
    assert parse_distinguished_name(text) == of_name(SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        r"C=CN,O=Wayfare\, Ltd.,organizationIdentifier=PSDCN-PBC-123,CN=Wayfare Client",
        r"CN=Wayfare Client,O=Wayfare\, Ltd.,C=CN",
        r"CN=Wayfare Client+organizationIdentifier=PSDCN-PBC-123,O=Wayfare\, Ltd.,C=CN",
        r"CN=WayfareClient,organizationIdentifier=PSDCN-PBC-123,O=Wayfare\, Ltd.,C=CN",
        r"CN=Wayfare Client,OU=PSDCN-PBC-123,O=Wayfare\, Ltd.,C=CN",
    ],
    ids=["the other way round", "a part missing", "two parts in one", "no space", "another type"],
)
def test_another_name_is_not_equal(text: str) -> None:
    assert parse_distinguished_name(text) != of_name(SUBJECT)


def test_the_order_inside_one_part_means_nothing() -> None:
    assert parse_distinguished_name("CN=a+OU=b") == parse_distinguished_name("ou=B+cn=A")


def test_types_without_a_caseless_rule_compare_exactly() -> None:
    assert parse_distinguished_name("1.2.3.4=a") != parse_distinguished_name("1.2.3.4=A")


@pytest.mark.parametrize(
    "text",
    ["", "CN", "CN=a,", "CN=a, O=b", "NOBODY=x", "CN=a;O=b", "CN=#00", "CN=" + "a" * 2000, "=a"],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="distinguished name"):
        parse_distinguished_name(text)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    try:
        parsed = parse_distinguished_name(text)
    except ValueError:
        return
    assert parsed


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40))
def test_a_name_written_out_is_itself(value: str) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, value)])
    assert parse_distinguished_name(name.rfc4514_string()) == of_name(name)
