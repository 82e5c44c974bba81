"""Distinguished names: written down by RFC 4514, compared by the rules of RFC 4517 and 5280 7.1."""

import binascii
import re
import unicodedata
from functools import lru_cache
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

# Relative names in the order of the certificate, each a set of (attribute type, prepared value).
DistinguishedName: TypeAlias = tuple[frozenset[tuple[str, str]], ...]

_LIMIT_CHARACTERS: Final = 1024
_CACHED_NAMES: Final = 1024
_DESCRIPTORS: Final = {
    # RFC 4514 section 3, and those that certificates of banks carry besides.
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,
    "BUSINESSCATEGORY": NameOID.BUSINESS_CATEGORY,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "TITLE": NameOID.TITLE,
    "POSTALCODE": NameOID.POSTAL_CODE,
}
# The types above all compare by caseIgnoreMatch or caseIgnoreIA5Match; others exactly.
_CASELESS: Final = frozenset(oid.dotted_string for oid in _DESCRIPTORS.values())
# RFC 4514 section 2.4: a value may be `#` and the hexadecimal of its BER.
_BER_VALUE: Final = re.compile(r"(?<=[A-Za-z0-9-]=)#((?:[0-9A-Fa-f]{2})+)(?=[,+]|$)")
_TEXT_TAGS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x1E: "utf-16-be"}


class _AnyCase(dict[str, Any]):
    """The descriptors, whose case does not matter (RFC 4512 section 1.4)."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.upper(), default)


_OVERRIDES: Final = _AnyCase(_DESCRIPTORS)


@lru_cache(_CACHED_NAMES)
def parse_distinguished_name(text: str) -> DistinguishedName:
    """A name in the string form of RFC 4514, ready to compare with ``of_name``.

    Raises ``ValueError`` for text of another form, and for the empty name, which names nobody.
    """
    if not 0 < len(text) <= _LIMIT_CHARACTERS:
        raise ValueError("a distinguished name is 1 to 1024 characters")
    try:
        name = x509.Name.from_rfc4514_string(_BER_VALUE.sub(_plain_value, text), _OVERRIDES)
    except (ValueError, binascii.Error):
        raise ValueError("not a distinguished name in the string form of RFC 4514") from None
    parsed = of_name(name)
    if not parsed:
        raise ValueError("the empty distinguished name names nobody")
    return parsed


def of_name(name: x509.Name) -> DistinguishedName:
    """The name of a certificate; two are equal by distinguishedNameMatch (RFC 4517 4.2.15)."""
    return tuple(
        frozenset(
            (attribute.oid.dotted_string, _prepared(attribute.oid.dotted_string, attribute.value))
            for attribute in relative
        )
        for relative in name.rdns
    )


def _prepared(oid: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        return "#" + value.hex()
    if oid not in _CASELESS:
        return value
    # RFC 4518: compatibility forms and case are the same, and so is any run of spaces.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    return " ".join(folded.split())


def _plain_value(found: re.Match[str]) -> str:
    raw = bytes.fromhex(found[1])
    if len(raw) < 2 or raw[0] not in _TEXT_TAGS or raw[1] != len(raw) - 2 or raw[1] > 0x7F:
        raise ValueError("the value's BER is not a short text")
    text = raw[2:].decode(_TEXT_TAGS[raw[0]])
    return "".join(f"\\{octet:02x}" for octet in text.encode())
