"""Secrets at rest: sealed with the operator's key before they touch the database."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultLocked(Exception):
    """No key of this vault opens the sealed value."""


class Vault:
    """Seals with the first key and opens with any, so that keys can be rotated with overlap."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise VaultLocked("a vault needs at least one key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def fresh(cls) -> "Vault":
        """A vault with a new key that nobody keeps."""
        return cls([Fernet.generate_key()])

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> "Vault":
        """Reads one key a line; with ``create`` a missing file is made, readable by its owner."""
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(Fernet.generate_key() + b"\n")
        try:
            keys = path.read_bytes().split()
        except FileNotFoundError:
            raise VaultLocked(f"the key file {path} does not exist") from None
        try:
            return cls(keys)
        except ValueError as error:
            raise VaultLocked(f"the key file {path} holds a malformed key") from error

    def seal(self, plain: bytes) -> str:
        """The sealed form of ``plain``: authenticated, different every time."""
        return self._fernet.encrypt(plain).decode()

    def open(self, sealed: str) -> bytes:
        """The plain bytes; raises ``VaultLocked`` when no key fits or the value was altered."""
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            raise VaultLocked("no key of this vault opens the value") from None
