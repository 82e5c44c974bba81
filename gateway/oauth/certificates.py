"""Client certificates (RFC 8705), as the TLS terminator hands them on (RFC 9440)."""

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import http_sf
import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from contracts import errors
from gateway.kit import jose
from gateway.kit.distinguished_names import DistinguishedName, of_name

# A chain's leaf is about 2 KiB; servers and proxies rarely carry a header above 16 KiB.
FIELD_LIMIT_BYTES: Final = 16 * 1024
CACHED_CERTIFICATES: Final = 1024


class AlternativeNames(msgspec.Struct, frozen=True):
    """The subject alternative names that RFC 8705 section 2.1.2 can register, ready to compare."""

    dns: frozenset[str] = frozenset()
    uri: frozenset[str] = frozenset()
    ip: frozenset[str] = frozenset()
    email: frozenset[str] = frozenset()


class ClientCertificate(msgspec.Struct, frozen=True):
    """A certificate whose key the client proved to hold in the TLS handshake.

    ``thumbprint`` is `x5t#S256` (RFC 8705 section 3.1); ``key_thumbprint`` is that of RFC 7638, and
    ``None`` for a kind of key that FAPI 2.0 does not know.
    """

    thumbprint: str
    key_thumbprint: str | None
    subject: DistinguishedName
    names: AlternativeNames
    not_before: datetime
    not_after: datetime
    # Issued in its own name, letter by letter, so that nobody else vouches for what it says.
    is_self_issued: bool = False
    # The terminator traced it to an authority that it trusts; unless it says so, nobody vouches.
    is_verified: bool = False

    def is_valid(self, at: datetime) -> bool:
        """Whether ``at`` is within the certificate's dates (RFC 5280 section 4.1.2.5)."""
        return self.not_before <= at <= self.not_after


class CertificateReader:
    """Reads the terminator's `Client-Cert`, remembering the certificates it met last."""

    def __init__(self, *, cached: int = CACHED_CERTIFICATES) -> None:
        self._cached = cached
        self._certificates: OrderedDict[tuple[bytes, bool], ClientCertificate] = OrderedDict()

    def read(
        self, fields: Sequence[bytes], *, is_verified: bool = False
    ) -> ClientCertificate | None:
        """The one certificate of the field's lines, or ``None`` where there are none.

        ``is_verified`` is what the terminator says of its chain. Raises ``OAuthRefused`` (400) for
        what is not exactly one certificate: the terminator is
        set up wrongly, and a request must not pass as one without a certificate.
        """
        if not fields:
            return None
        if len(fields) > 1 or len(fields[0]) > FIELD_LIMIT_BYTES:
            raise errors.OAuthRefused("The Client-Cert field is repeated or too long.")
        key = (fields[0], is_verified)
        found = self._certificates.get(key)
        if found is None:
            found = parse_client_certificate(fields[0])
            found = msgspec.structs.replace(found, is_verified=is_verified)
            self._certificates[key] = found
            if len(self._certificates) > self._cached:
                self._certificates.popitem(last=False)
        else:
            self._certificates.move_to_end(key)
        return found


def parse_client_certificate(field: bytes) -> ClientCertificate:
    """The certificate of a `Client-Cert` field: one byte sequence of DER (RFC 9440 section 2.2).

    Raises ``OAuthRefused`` for any other content.
    """
    try:
        item: Any = http_sf.parse(field, tltype="item")
    except (http_sf.StructuredFieldError, ValueError):
        raise errors.OAuthRefused("The Client-Cert field is not a byte sequence.") from None
    der, parameters = item
    if not isinstance(der, bytes) or parameters:
        raise errors.OAuthRefused("The Client-Cert field is not one byte sequence.")
    try:
        certificate = x509.load_der_x509_certificate(der)
        return ClientCertificate(
            thumbprint=jose.encode_base64url(hashlib.sha256(der).digest()),
            key_thumbprint=_key_thumbprint(certificate),
            subject=of_name(certificate.subject),
            names=_alternative_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            is_self_issued=certificate.issuer == certificate.subject,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise errors.OAuthRefused("The Client-Cert field holds no readable certificate.") from None


def comparable_email(address: str) -> str:
    """The address with its domain in small letters, where case means nothing (RFC 5280 7.5)."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def comparable_ip(address: str) -> str:
    """An IP address in its one canonical form; raises ``ValueError`` for what is none."""
    return str(ipaddress.ip_address(address))


def _key_thumbprint(certificate: x509.Certificate) -> str | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    jwk: dict[str, Any] = {}
    if isinstance(key, ec.EllipticCurvePublicKey):
        jwk = ECKey(key, key).as_dict(private=False)
    elif isinstance(key, rsa.RSAPublicKey):
        jwk = RSAKey(key, key).as_dict(private=False)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        jwk = OKPKey(key, key).as_dict(private=False)
    try:
        return jose.thumbprint(jwk)
    except jose.JoseRefused:
        return None


def _alternative_names(certificate: x509.Certificate) -> AlternativeNames:
    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return AlternativeNames()
    return AlternativeNames(
        dns=frozenset(map(str.lower, held.get_values_for_type(x509.DNSName))),
        uri=frozenset(held.get_values_for_type(x509.UniformResourceIdentifier)),
        ip=frozenset(str(one) for one in held.get_values_for_type(x509.IPAddress)),
        email=frozenset(map(comparable_email, held.get_values_for_type(x509.RFC822Name))),
    )
