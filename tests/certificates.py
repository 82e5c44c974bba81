"""Certificates for tests: a small authority with what it issues, and self-signed ones."""

import base64
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# Wide enough for a test's own clock and for the machine's.
NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2049, 1, 1, tzinfo=UTC)


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Held:
    """A certificate with its private key, as its owner has them."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def field(self) -> str:
        """The value of `Client-Cert` (RFC 9440 section 2.2), written without the gateway's code."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def pem(self) -> bytes:
        """Certificate and key, one after the other, as TLS programs read them."""
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self.certificate.public_bytes(Encoding.PEM) + private

    def write(self, path: Path) -> Path:
        path.write_bytes(self.pem)
        path.chmod(0o600)
        return path


@dataclass
class Authority:
    """Issues certificates; ``trust`` is what those who believe it load."""

    name: x509.Name = field(default_factory=lambda: common_name("Tests' Own Authority"))
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.certificate = _build(self.name, self.name, self.key, self.key, (), is_authority=True)

    @property
    def trust(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def vouches_for(self, der: bytes) -> bool:
        """Whether the authority signed this certificate, which is more than being named by it."""
        try:
            x509.load_der_x509_certificate(der).verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def issue(
        self,
        subject: x509.Name,
        *names: x509.GeneralName,
        key: PrivateKey | None = None,
        not_before: datetime = NOT_BEFORE,
        not_after: datetime = NOT_AFTER,
    ) -> Held:
        key = key or ec.generate_private_key(ec.SECP256R1())
        dates = (not_before, not_after)
        return Held(_build(subject, self.name, key, self.key, names, dates=dates), key)

    def server(self, host: str = "127.0.0.1") -> Held:
        """A certificate for a TLS server at an address."""
        return self.issue(common_name(host), x509.IPAddress(ipaddress.ip_address(host)))


def self_signed(subject: str, key: PrivateKey | None = None, **dates: datetime) -> Held:
    """A certificate that nobody vouches for but its own key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    both = (dates.get("not_before", NOT_BEFORE), dates.get("not_after", NOT_AFTER))
    name = common_name(subject)
    return Held(_build(name, name, key, key, (), dates=both), key)


def signing_itself(subject: x509.Name, issuer: x509.Name, *names: x509.GeneralName) -> Held:
    """A certificate that its own key signed, in whatever name it likes."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Held(_build(subject, issuer, key, key, names), key)


def trusting(authority: Authority, held: Path | None = None) -> ssl.SSLContext:
    """A client's side of TLS: whom it believes, and the certificate it presents, if any."""
    context = ssl.create_default_context(cadata=authority.trust.decode())
    if held is not None:
        context.load_cert_chain(held)
    return context


def _build(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    signer: PrivateKey,
    names: Sequence[x509.GeneralName],
    *,
    dates: tuple[datetime, datetime] = (NOT_BEFORE, NOT_AFTER),
    is_authority: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dates[0])
        .not_valid_after(max(dates[1], dates[0] + timedelta(seconds=1)))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, digest)
