"""The vault's key file: made once, whole, and for its owner only."""

import threading
from pathlib import Path

import pytest

from gateway.kit import vault as vault_room
from gateway.kit.vault import Vault, VaultLocked


def test_processes_that_find_no_key_at_once_keep_the_same_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "home" / "vault.key"
    makers = 8
    barrier = threading.Barrier(makers)
    generate = vault_room.Fernet.generate_key

    def all_at_once() -> bytes:
        # Everybody has seen that there is no file before anybody writes one.
        barrier.wait(10)
        return generate()

    monkeypatch.setattr(vault_room.Fernet, "generate_key", all_at_once)
    opened: list[Vault] = []
    threads = [
        threading.Thread(target=lambda: opened.append(Vault.from_file(path, create=True)))
        for _ in range(makers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(opened) == makers
    sealed = [vault.seal(b"secret") for vault in opened]
    kept = Vault.from_file(path)
    assert {kept.open(one) for one in sealed} == {b"secret"}
    assert [one.name for one in path.parent.iterdir()] == ["vault.key"]


def test_a_key_file_is_its_owners_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    sealed = Vault.from_file(path, create=True).seal(b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault.from_file(path, create=True).open(sealed) == b"secret"


def test_without_create_a_missing_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VaultLocked):
        Vault.from_file(tmp_path / "vault.key")
    assert list(tmp_path.iterdir()) == []
