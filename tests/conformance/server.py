"""A gateway that serves HTTPS on loopback, with a certificate of an authority of the test's own."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import Authority, trusting
from tests.flows.server import HOST, House, database
from tests.flows.wire import Line


class SecureHouse(House):
    """A house whose issuer is https, served by the gateway itself."""

    def __init__(self, place: Path, database_url: str) -> None:
        super().__init__(place, database_url)
        self.issuer = f"https://{HOST}:{self.port}"
        self.authority = Authority()
        held = self.authority.server(HOST)
        self.certificate, self.key = place / "server.pem", place / "server.key"
        self.certificate.write_bytes(held.certificate.public_bytes(Encoding.PEM))
        self.key.write_bytes(
            held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def environment(self, port: int) -> dict[str, str]:
        """With the files that make the gateway speak TLS."""
        return super().environment(port) | {
            "TESSERA_TLS_CERTIFICATE": str(self.certificate),
            "TESSERA_TLS_KEY": str(self.key),
        }

    def trust(self) -> ssl.SSLContext:
        """A client's side of TLS that trusts this house's authority and no other."""
        return trusting(self.authority)

    def line(self) -> Line:
        """A line to this house and no other."""
        return Line(self.issuer, trust=self.trust())


@contextmanager
def secure_house(kind: str, postgres_url: str, place: Path) -> Iterator[SecureHouse]:
    """A migrated house that will serve HTTPS."""
    with database(kind, postgres_url, place) as url:
        built = SecureHouse(place, url)
        built.command("migrate")
        yield built
