"""A gateway that serves HTTPS on loopback, with a certificate of its own making."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.flows.server import HOST, House, database
from tests.flows.wire import Line


class SecureHouse(House):
    """A house whose issuer is https, served by the gateway itself."""

    def __init__(self, place: Path, database_url: str) -> None:
        super().__init__(place, database_url)
        self.issuer = f"https://{HOST}:{self.port}"
        self.certificate, self.key = write_certificate(place)

    def environment(self, port: int) -> dict[str, str]:
        """With the files that make the gateway speak TLS."""
        return super().environment(port) | {
            "TESSERA_TLS_CERTIFICATE": str(self.certificate),
            "TESSERA_TLS_KEY": str(self.key),
        }

    def line(self) -> Line:
        """A line that trusts this certificate and no other."""
        return Line(self.issuer, trust=ssl.create_default_context(cafile=str(self.certificate)))


@contextmanager
def secure_house(kind: str, postgres_url: str, place: Path) -> Iterator[SecureHouse]:
    """A migrated house that will serve HTTPS."""
    with database(kind, postgres_url, place) as url:
        built = SecureHouse(place, url)
        built.command("migrate")
        yield built


def write_certificate(place: Path) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = place / "server.pem", place / "server.key"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file
