"""The key store: the port behind which the keys live that wrap the keys of secrets at rest.

The vault seals every value under a content key of its own and keeps that key beside the value,
wrapped by a key-encryption key (KEK). Only the store ever sees a KEK, so one that keeps them in
hardware (PKCS#11) takes the place of the file with nothing else changed;
``tests/gateway/kit/key_store_contract.py`` holds what every store must pass.
"""

import secrets
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from gateway.kit.ids import new_id

KEY_BYTES: Final = 32
KEKS_MOST: Final = 32
# What the values of a store without a clock of its own carry as their time of making.
_UNDATED: Final = datetime.fromtimestamp(0, UTC)


class VaultLocked(Exception):
    """A secret cannot be sealed or opened: no key for it, or the value is not what was sealed."""


class Kek(msgspec.Struct, frozen=True):
    """What may be told of a key-encryption key: its id and when it was made."""

    kek_id: str
    created_at: datetime


class KeyStore(Protocol):
    """Wraps content keys under named KEKs. Safe to call from several tasks, and never slow."""

    def keks(self) -> tuple[Kek, ...]:
        """Every KEK that still unwraps; the first is the current one, which wraps."""
        ...

    def wrap(self, content_key: bytes) -> tuple[str, bytes]:
        """Wraps 32 bytes under the current KEK; returns that KEK's id and the wrapped key."""
        ...

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """The content key; raises ``VaultLocked`` for an unknown KEK or altered bytes."""
        ...

    def rotate(self, at: datetime) -> str:
        """Makes a new KEK the current one and returns its id; the older ones still unwrap."""
        ...

    def retire(self, kek_id: str) -> None:
        """Destroys a KEK for good; raises ``VaultLocked`` for the current or an unknown one."""
        ...


class KeyRing(msgspec.Struct, frozen=True):
    """KEKs in memory with their secrets, the current one first; the file store is made of it."""

    keys: tuple[tuple[Kek, bytes], ...]

    def __repr__(self) -> str:
        return f"KeyRing({[kek.kek_id for kek, _secret in self.keys]})"

    def keks(self) -> tuple[Kek, ...]:
        """The KEKs without their secrets."""
        return tuple(kek for kek, _secret in self.keys)

    def wrap(self, content_key: bytes) -> tuple[str, bytes]:
        """Wraps under the first key with AES Key Wrap (RFC 3394), as a PKCS#11 token would."""
        if len(content_key) != KEY_BYTES:
            raise ValueError(f"a content key has {KEY_BYTES} bytes")
        kek, secret = self.keys[0]
        return kek.kek_id, aes_key_wrap(secret, content_key)

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """The content key, if one of these keys wrapped exactly these bytes."""
        secret = next((secret for kek, secret in self.keys if kek.kek_id == kek_id), None)
        if secret is None:
            raise VaultLocked(f"the key store has no key {kek_id}")
        try:
            content_key = aes_key_unwrap(secret, wrapped)
        except (InvalidUnwrap, ValueError):
            content_key = b""
        if len(content_key) != KEY_BYTES:
            raise VaultLocked("the sealed value was altered")
        return content_key

    def with_new(self, at: datetime) -> "KeyRing":
        """The same keys behind a new current one."""
        if len(self.keys) >= KEKS_MOST:
            raise VaultLocked(f"the key store holds {KEKS_MOST} keys: retire one that is not used")
        new = (Kek(new_id("kek"), at.replace(microsecond=0)), secrets.token_bytes(KEY_BYTES))
        return KeyRing((new, *self.keys))

    def without(self, kek_id: str) -> "KeyRing":
        """The keys but one, which must be there and not be the current one."""
        if kek_id == self.keys[0][0].kek_id:
            raise VaultLocked(f"{kek_id} is the current key: rewrap under a new one first")
        kept = tuple(entry for entry in self.keys if entry[0].kek_id != kek_id)
        if len(kept) == len(self.keys):
            raise VaultLocked(f"the key store has no key {kek_id}")
        return KeyRing(kept)


class MemoryKeyStore:
    """A store that forgets everything with the process: for tests, and where nothing is kept."""

    def __init__(self, at: datetime = _UNDATED) -> None:
        self._ring = KeyRing(()).with_new(at)

    def keks(self) -> tuple[Kek, ...]:
        """See ``KeyStore``."""
        return self._ring.keks()

    def wrap(self, content_key: bytes) -> tuple[str, bytes]:
        """See ``KeyStore``."""
        return self._ring.wrap(content_key)

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """See ``KeyStore``."""
        return self._ring.unwrap(kek_id, wrapped)

    def rotate(self, at: datetime) -> str:
        """See ``KeyStore``."""
        self._ring = self._ring.with_new(at)
        return self._ring.keys[0][0].kek_id

    def retire(self, kek_id: str) -> None:
        """See ``KeyStore``."""
        self._ring = self._ring.without(kek_id)
