"""Secrets at rest: each sealed under a content key of its own before it touches the database.

A sealed value is one line of text in five parts::

    ts1.<purpose>.<KEK id>.<wrapped content key>.<nonce, ciphertext and tag>

Version and purpose are authenticated with the value (AES-256-GCM), so a value that is moved to a
place of another purpose does not open there. The KEK stands outside of that on purpose: another
one can take its place without the value itself being opened. CN-PFI-03 asks that what is secret
rests sealed.
"""

import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.kit.jose import JoseRefused, decode_base64url, encode_base64url
from gateway.kit.key_store import KEY_BYTES, KeyStore, MemoryKeyStore, VaultLocked
from gateway.kit.key_store_file import FileKeyStore

__all__ = ["Sealed", "Vault", "VaultLocked", "read_sealed"]

VERSION: Final = "ts1"
_NONCE_BYTES: Final = 12
_PURPOSE: Final = re.compile(r"[a-z][a-z-]{0,39}")
_KEK_ID: Final = re.compile(r"kek_[0-9a-z]{1,40}")
# How the values of the first version began, which were Fernet tokens.
_FIRST_VERSION: Final = "gAAAA"


class Sealed(msgspec.Struct, frozen=True):
    """The parts of a sealed value, none of them secret."""

    purpose: str
    kek_id: str
    wrapped: bytes
    body: bytes

    def text(self) -> str:
        """The one spelling of this value."""
        wrapped, body = encode_base64url(self.wrapped), encode_base64url(self.body)
        return f"{VERSION}.{self.purpose}.{self.kek_id}.{wrapped}.{body}"


class Vault:
    """Seals and opens; what is sealed for one purpose opens for that purpose only.

    Opening costs a few microseconds with a file of keys, so nothing opened is kept.
    """

    def __init__(self, keys: KeyStore) -> None:
        self.keys = keys

    @classmethod
    def fresh(cls) -> "Vault":
        """A vault with a new key that nobody keeps."""
        return cls(MemoryKeyStore())

    @classmethod
    def from_file(cls, path: Path, *, create_at: datetime | None = None) -> "Vault":
        """A vault on a key file; a missing one is made if the time of its making is given.

        Raises ``VaultLocked``, saying what to do, for a file that is missing, open to others or
        malformed.
        """
        if create_at is None:
            return cls(FileKeyStore(path))
        return cls(FileKeyStore.make(path, create_at))

    def seal(self, plain: bytes, *, purpose: str) -> str:
        """The sealed form of ``plain``: different every time, and bound to ``purpose``."""
        if not _PURPOSE.fullmatch(purpose):
            raise ValueError("a purpose is 1 to 40 small letters and hyphens")
        content_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        kek_id, wrapped = self.keys.wrap(content_key)
        body = nonce + AESGCM(content_key).encrypt(nonce, plain, _bound_to(purpose))
        return Sealed(purpose, kek_id, wrapped, body).text()

    def open(self, sealed: str, *, purpose: str) -> bytes:
        """The plain bytes.

        Raises ``VaultLocked`` when no key fits, when the value was altered in any byte, and when
        it was sealed for another purpose.
        """
        parts = read_sealed(sealed)
        if parts.purpose != purpose:
            raise VaultLocked(f"sealed for the purpose {parts.purpose}, not for {purpose}")
        content_key = self.keys.unwrap(parts.kek_id, parts.wrapped)
        nonce, ciphertext = parts.body[:_NONCE_BYTES], parts.body[_NONCE_BYTES:]
        try:
            return AESGCM(content_key).decrypt(nonce, ciphertext, _bound_to(purpose))
        except (InvalidTag, ValueError):
            raise VaultLocked("the sealed value was altered") from None

    def rewrap(self, sealed: str) -> str:
        """The same value with its content key under the current KEK; it is not opened for that.

        Raises ``VaultLocked`` when the content key cannot be unwrapped, or not be read back.
        """
        parts = read_sealed(sealed)
        if parts.kek_id == self.keys.keks()[0].kek_id:
            return sealed
        content_key = self.keys.unwrap(parts.kek_id, parts.wrapped)
        kek_id, wrapped = self.keys.wrap(content_key)
        if self.keys.unwrap(kek_id, wrapped) != content_key:
            raise VaultLocked(f"what {kek_id} wraps cannot be unwrapped again")
        return Sealed(parts.purpose, kek_id, wrapped, parts.body).text()


def read_sealed(text: str) -> Sealed:
    """The parts of a sealed value; raises ``VaultLocked`` for anything else."""
    if text.startswith(_FIRST_VERSION):
        raise VaultLocked(
            "the value was sealed by a version before key ids, which this one does not read:"
            " start with a new database and a new key file"
        )
    version, *parts = text.split(".")
    if version != VERSION or len(parts) != 4:
        raise VaultLocked(f"not a sealed value of version {VERSION}")
    purpose, kek_id, wrapped, body = parts
    if not _PURPOSE.fullmatch(purpose) or not _KEK_ID.fullmatch(kek_id):
        raise VaultLocked(f"not a sealed value of version {VERSION}")
    try:
        return Sealed(purpose, kek_id, decode_base64url(wrapped), decode_base64url(body))
    except JoseRefused:
        raise VaultLocked("the sealed value was altered") from None


def _bound_to(purpose: str) -> bytes:
    return f"{VERSION}.{purpose}".encode()
