"""The vault: sealed values open for their purpose, unaltered, and under no other key."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.vault import Sealed, Vault, VaultLocked, read_sealed
from tests.gateway.kit.key_store_contract import AT

PURPOSES = st.from_regex(r"[a-z][a-z-]{0,39}", fullmatch=True)
VAULT = Vault.fresh()


@given(st.binary(max_size=300), PURPOSES)
def test_what_is_sealed_opens_for_its_purpose(plain: bytes, purpose: str) -> None:
    sealed = VAULT.seal(plain, purpose=purpose)
    assert VAULT.open(sealed, purpose=purpose) == plain
    assert read_sealed(sealed).text() == sealed
    assert sealed != VAULT.seal(plain, purpose=purpose)
    assert re.fullmatch(r"ts1\.[a-z-]+\.kek_[0-9a-z]+\.[\w-]+\.[\w-]+", sealed)


@given(st.binary(max_size=60), st.data())
def test_any_altered_letter_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = VAULT.seal(plain, purpose="test")
    place = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda other: other != sealed[place]))
    with pytest.raises(VaultLocked):
        VAULT.open(sealed[:place] + letter + sealed[place + 1 :], purpose="test")


@pytest.mark.parametrize("part", ["wrapped", "body"])
def test_every_flipped_bit_is_refused(part: str) -> None:
    parts = read_sealed(VAULT.seal(b"plain", purpose="test"))
    raw: bytes = getattr(parts, part)
    for place in range(len(raw) * 8):
        altered = bytearray(raw)
        altered[place // 8] ^= 1 << place % 8
        fields = {"wrapped": parts.wrapped, "body": parts.body, part: bytes(altered)}
        with pytest.raises(VaultLocked):
            VAULT.open(Sealed("test", parts.kek_id, **fields).text(), purpose="test")


@given(st.text(max_size=80))
def test_no_other_text_opens(text: str) -> None:
    with pytest.raises(VaultLocked):
        VAULT.open(text, purpose="test")


@pytest.mark.parametrize("cut", range(0, 150, 7))
def test_a_cut_value_is_refused(cut: int) -> None:
    sealed = VAULT.seal(b"plain", purpose="test")
    with pytest.raises(VaultLocked):
        VAULT.open(sealed[:-1][:cut], purpose="test")


def test_a_value_moved_to_another_purpose_does_not_open() -> None:
    sealed = VAULT.seal(b"plain", purpose="webhook-secret")
    with pytest.raises(VaultLocked, match="for the purpose webhook-secret"):
        VAULT.open(sealed, purpose="signing-key")
    # Nor when its label is changed with it: the purpose is authenticated.
    relabelled = sealed.replace("webhook-secret", "signing-key")
    with pytest.raises(VaultLocked, match="altered"):
        VAULT.open(relabelled, purpose="signing-key")


def test_parts_of_two_values_do_not_fit_together() -> None:
    one, two = (read_sealed(VAULT.seal(plain, purpose="test")) for plain in (b"one", b"two"))
    mixed = Sealed("test", one.kek_id, one.wrapped, two.body)
    with pytest.raises(VaultLocked, match="altered"):
        VAULT.open(mixed.text(), purpose="test")


def test_another_vaults_value_names_the_missing_key() -> None:
    sealed = Vault.fresh().seal(b"plain", purpose="test")
    with pytest.raises(VaultLocked, match="has no key kek_"):
        VAULT.open(sealed, purpose="test")


def test_a_value_of_the_first_version_says_what_to_do() -> None:
    with pytest.raises(VaultLocked, match="start with a new database"):
        VAULT.open("gAAAAABnQ9x", purpose="test")


def test_rewrapping_changes_the_key_and_not_the_ciphertext() -> None:
    vault = Vault.fresh()
    sealed = vault.seal(b"plain", purpose="test")
    assert vault.rewrap(sealed) == sealed
    new = vault.keys.rotate(AT)
    before, after = read_sealed(sealed), read_sealed(vault.rewrap(sealed))
    assert (after.kek_id, after.body, after.purpose) == (new, before.body, "test")
    assert after.wrapped != before.wrapped
    assert vault.open(after.text(), purpose="test") == b"plain"


@pytest.mark.parametrize("purpose", ["", "Test", "a.b", "a" * 41, "a\n", "1"])
def test_a_purpose_is_a_short_name(purpose: str) -> None:
    with pytest.raises(ValueError):
        VAULT.seal(b"plain", purpose=purpose)
