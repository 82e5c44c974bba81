"""TLS terminators in front of the gateway, and what only they may say of a handshake (RFC 9440)."""

import hmac
import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import structlog

CERTIFICATE: Final = b"client-cert"
CHAIN: Final = b"client-cert-chain"
SECRET: Final = b"tessera-terminator"
VERIFIED: Final = b"tessera-certificate-verified"
# From anyone who is no proved terminator, the gateway behaves as if these had not been sent.
TERMINATORS_ALONE: Final = frozenset((CERTIFICATE, CHAIN, SECRET, VERIFIED))
SECRET_CHARACTERS: Final = range(32, 257)

journal = structlog.get_logger("tessera.terminators")


class TerminatorSecretInvalid(Exception):
    """The file with the terminators' secret is missing or unfit; the text says why."""


class Terminators:
    """Who may hand in a client's certificate: a listed address that knows the shared secret."""

    def __init__(self, addresses: Iterable[str] = (), secret: str = "") -> None:
        self._addresses = frozenset(ipaddress.ip_address(address) for address in addresses)
        self._secret = secret.encode()

    @classmethod
    def from_file(cls, addresses: Iterable[str], path: Path) -> "Terminators":
        """The secret is the file's one line; raises ``TerminatorSecretInvalid``."""
        try:
            secret = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TerminatorSecretInvalid(f"{path} cannot be read: {error}") from None
        if len(secret) not in SECRET_CHARACTERS or not secret.isprintable() or " " in secret:
            raise TerminatorSecretInvalid(
                f"{path} must hold one line of 32 to 256 visible ASCII characters"
            )
        return cls(addresses, secret)

    def admit(self, scope: Any) -> None:
        """Keeps for the OAuth room what a terminator says, and strips it from the headers.

        Afterwards no header of ``TERMINATORS_ALONE`` is left, whoever sent it; what ``at_mtls``,
        ``client_cert`` and ``is_cert_verified`` answer comes from a proved terminator alone.
        """
        said: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            if name in TERMINATORS_ALONE:
                said.setdefault(name, []).append(value)
        scope["headers"] = [
            header for header in scope["headers"] if header[0] not in TERMINATORS_ALONE
        ]
        if self._is_proved(scope.get("client"), said.get(SECRET, [])):
            scope["state"]["at_mtls"] = True
            scope["state"]["client_cert"] = said.get(CERTIFICATE, [])
            scope["state"]["is_cert_verified"] = said.get(VERIFIED) == [b"1"]

    def _is_proved(self, peer: Any, secrets: list[bytes]) -> bool:
        if not self._secret or len(secrets) != 1 or not self._is_listed(peer):
            return False
        if hmac.compare_digest(secrets[0], self._secret):
            return True
        journal.warning("terminator.wrong_secret", peer=str(peer[0]))
        return False

    def _is_listed(self, peer: Any) -> bool:
        try:
            address = ipaddress.ip_address(peer[0])
        except (TypeError, ValueError, IndexError):
            # A socket without addresses, as between a test and an app.
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) in self._addresses


def at_mtls(scope: Any) -> bool:
    """Whether the request came through a proved terminator, to the mutual-TLS addresses."""
    return bool(scope.get("state", {}).get("at_mtls", False))


def client_cert(scope: Any) -> list[bytes]:
    """The values of `Client-Cert` that a proved terminator handed in; empty without one."""
    held: list[bytes] = scope.get("state", {}).get("client_cert", [])
    return held


def is_cert_verified(scope: Any) -> bool:
    """Whether a proved terminator says that an authority it trusts vouches for the certificate."""
    return bool(scope.get("state", {}).get("is_cert_verified", False))
