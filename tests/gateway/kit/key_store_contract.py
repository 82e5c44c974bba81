"""What every key store must do, whatever keeps its keys: a test class takes this one as its base.

A store on PKCS#11 passes the same tests with a fixture ``store`` that opens a token; they use
nothing but the port.
"""

import secrets
from datetime import UTC, datetime

import pytest

from gateway.kit.key_store import KEY_BYTES, KeyStore, VaultLocked
from gateway.kit.vault import Vault

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


class KeyStoreContract:
    """The promises of ``KeyStore``; the fixture ``store`` is a fresh one with one KEK."""

    def test_a_fresh_store_has_one_key(self, store: KeyStore) -> None:
        assert len(store.keks()) == 1

    def test_what_is_wrapped_unwraps(self, store: KeyStore) -> None:
        content_key = secrets.token_bytes(KEY_BYTES)
        kek_id, wrapped = store.wrap(content_key)
        assert kek_id == store.keks()[0].kek_id
        assert content_key not in wrapped
        assert store.unwrap(kek_id, wrapped) == content_key

    def test_every_altered_byte_is_refused(self, store: KeyStore) -> None:
        kek_id, wrapped = store.wrap(secrets.token_bytes(KEY_BYTES))
        for place in range(len(wrapped)):
            altered = bytearray(wrapped)
            altered[place] ^= 1
            with pytest.raises(VaultLocked):
                store.unwrap(kek_id, bytes(altered))
        for other in (b"", wrapped[:-1], wrapped + b"\0", wrapped[:24]):
            with pytest.raises(VaultLocked):
                store.unwrap(kek_id, other)

    def test_only_content_keys_of_full_length_are_wrapped(self, store: KeyStore) -> None:
        for length in (0, 16, KEY_BYTES - 1, KEY_BYTES + 8):
            with pytest.raises(ValueError):
                store.wrap(bytes(length))

    def test_after_a_rotation_the_old_key_still_unwraps_and_only_the_new_one_wraps(
        self, store: KeyStore
    ) -> None:
        content_key = secrets.token_bytes(KEY_BYTES)
        old, wrapped = store.wrap(content_key)
        new = store.rotate(AT)
        assert [kek.kek_id for kek in store.keks()] == [new, old]
        assert store.keks()[0].created_at == AT
        assert store.unwrap(old, wrapped) == content_key
        assert store.wrap(content_key)[0] == new
        with pytest.raises(VaultLocked):
            store.unwrap(new, wrapped)

    def test_a_retired_key_opens_nothing(self, store: KeyStore) -> None:
        old, wrapped = store.wrap(secrets.token_bytes(KEY_BYTES))
        new = store.rotate(AT)
        store.retire(old)
        assert [kek.kek_id for kek in store.keks()] == [new]
        with pytest.raises(VaultLocked):
            store.unwrap(old, wrapped)

    def test_the_current_key_and_a_strange_one_cannot_be_retired(self, store: KeyStore) -> None:
        current = store.keks()[0].kek_id
        for kek_id in (current, "kek_strange"):
            with pytest.raises(VaultLocked):
                store.retire(kek_id)
        assert [kek.kek_id for kek in store.keks()] == [current]

    def test_a_strange_key_is_refused(self, store: KeyStore) -> None:
        _kek_id, wrapped = store.wrap(secrets.token_bytes(KEY_BYTES))
        with pytest.raises(VaultLocked):
            store.unwrap("kek_strange", wrapped)

    def test_no_key_is_in_what_the_store_tells_of_itself(self, store: KeyStore) -> None:
        store.rotate(AT)
        assert "secret" not in repr(store.keks())
        assert "\\x" not in repr(store.keks()) + repr(store)

    def test_a_vault_works_on_it_through_a_rotation(self, store: KeyStore) -> None:
        vault = Vault(store)
        sealed = vault.seal(b"plain", purpose="test")
        old = store.keks()[0].kek_id
        new = store.rotate(AT)
        assert vault.open(sealed, purpose="test") == b"plain"
        rewrapped = vault.rewrap(sealed)
        assert new in rewrapped and old not in rewrapped
        store.retire(old)
        assert vault.open(rewrapped, purpose="test") == b"plain"
