"""Secrets at rest: sealed with the operator's key before they touch the database."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.kit.ids import new_id


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
        """Reads one key a line; with ``create`` a missing file is made, readable by its owner.

        Of several processes that find it missing one makes it, and all read the same key.
        """
        if create and not path.exists():
            _place(path, Fernet.generate_key() + b"\n")
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


def _place(path: Path, content: bytes) -> None:
    """Puts a whole, durable file at ``path``, or leaves the one that somebody put there first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{new_id('new')}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link appears under its final name whole or not at all, and replaces nothing.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
