"""The key stores: both pass the contract, and the file is made once, whole, for its owner only."""

import threading
from pathlib import Path

import pytest

from gateway.kit import key_store_file
from gateway.kit.key_store import KEKS_MOST, KeyRing, KeyStore, MemoryKeyStore, VaultLocked
from gateway.kit.key_store_file import HEADER, FileKeyStore
from tests.gateway.kit.key_store_contract import AT, KeyStoreContract

AT_ONCE = 4
KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
OTHER_KEY = "A" * 43
LINE = f"kek_a 2026-11-24T02:00:00Z {KEY}"


class TestMemory(KeyStoreContract):
    @pytest.fixture
    def store(self) -> KeyStore:
        return MemoryKeyStore()


class TestFile(KeyStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> KeyStore:
        return FileKeyStore.make(tmp_path / "vault.key", AT)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_first_starts_at_once_make_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "home" / "vault.key"
    # Everybody holds a key of their own at the moment the file is still missing.
    ready = threading.Barrier(AT_ONCE, timeout=10)
    turn = threading.Lock()
    place = key_store_file._place
    wrapped: list[tuple[str, bytes]] = []

    def all_at_once(path: Path, ring: KeyRing, *, replace: bool) -> None:
        ready.wait()
        with turn:
            place(path, ring, replace=replace)
            # Whoever is done uses the store at once, before the next one comes.
            wrapped.append(FileKeyStore(path).wrap(bytes(32)))

    monkeypatch.setattr(key_store_file, "_place", all_at_once)
    starts = [threading.Thread(target=FileKeyStore.make, args=(path, AT)) for _ in range(AT_ONCE)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(wrapped) == AT_ONCE
    assert {FileKeyStore(path).unwrap(*each) for each in wrapped} == {bytes(32)}
    assert [one.name for one in path.parent.iterdir()] == ["vault.key"]


def test_the_file_is_for_its_owner_through_every_change(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    store = FileKeyStore.make(path, AT)
    old = store.keks()[0].kek_id
    for change in (lambda: None, lambda: store.rotate(AT), lambda: store.retire(old)):
        change()
        assert path.stat().st_mode & 0o777 == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["vault.key"]
        assert path.read_text().startswith(f"{HEADER}\nkek_")


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    FileKeyStore.make(path, AT)
    stores = [FileKeyStore(path) for _ in range(AT_ONCE)]
    turns = [threading.Thread(target=store.rotate, args=(AT,)) for store in stores]
    for turn in turns:
        turn.start()
    for turn in turns:
        turn.join()
    assert len(FileKeyStore(path).keks()) == AT_ONCE + 1


def test_a_running_store_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    running, console = FileKeyStore.make(path, AT), FileKeyStore(path)
    old = running.keks()[0].kek_id
    new = console.rotate(AT)
    kek_id, wrapped = running.wrap(bytes(32))
    assert kek_id == new and console.unwrap(kek_id, wrapped) == bytes(32)
    console.retire(old)
    assert [kek.kek_id for kek in running.keks()] == [new]


def test_a_running_store_outlives_a_bad_file(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    running = FileKeyStore.make(path, AT)
    kept, (kek_id, wrapped) = path.read_text(), running.wrap(bytes(32))
    written(path, "half an edit")
    assert running.unwrap(kek_id, wrapped) == bytes(32)
    with pytest.raises(VaultLocked):
        running.rotate(AT)
    path.unlink()
    assert running.unwrap(kek_id, wrapped) == bytes(32)
    written(path, f"{kept}{LINE}\n")
    assert [kek.kek_id for kek in running.keks()] == [kek_id, "kek_a"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin"),
        (f"{KEY}\n", "before key ids"),
        (f"tessera-key-file 2\n{LINE}\n", "does not begin"),
        (f"{HEADER}\n", "must hold 1"),
        (f"{HEADER}\n{LINE}", "must hold 1"),
        (f"{HEADER}\n{LINE}\n\n", "line 3"),
        (f"{HEADER}\n{LINE} \n", "line 2"),
        (f"{HEADER}\r\n{LINE}\r\n", "does not begin"),
        (f"{HEADER}\n# a remark\n{LINE}\n", "line 2"),
        (f"{HEADER}\n{LINE.replace('kek_a', 'KEK_A')}\n", "line 2"),
        (f"{HEADER}\n{LINE.replace('-24T', '-34T')}\n", "line 2"),
        (f"{HEADER}\n{LINE[:-1]}\n", "line 2"),
        (f"{HEADER}\n{LINE[:-1]}B\n", "line 2"),
        (f"{HEADER}\n{LINE}\n{LINE}\n", "twice"),
        (f"{HEADER}\n{LINE}\n{LINE.replace('kek_a', 'kek_b')}\n", "twice"),
        (f"{HEADER}\n{LINE}\n{LINE.replace(KEY, OTHER_KEY)}\n", "twice"),
        (f"{HEADER}\n" + f"{LINE}\n" * (KEKS_MOST + 1), "must hold 1"),
        (f"{HEADER}\n" + "x" * 20_000, "longer than"),
    ],
)
def test_a_file_of_another_form_is_refused_without_being_quoted(
    tmp_path: Path, text: str, why: str
) -> None:
    path = written(tmp_path / "vault.key", text)
    with pytest.raises(VaultLocked, match=why) as refused:
        FileKeyStore(path)
    assert KEY[:8] not in str(refused.value)
    assert path.read_text() == text.replace("\r\n", "\n")


def test_the_form_is_the_documented_one(tmp_path: Path) -> None:
    store = FileKeyStore(written(tmp_path / "vault.key", f"{HEADER}\n{LINE}\n"))
    assert [(kek.kek_id, kek.created_at) for kek in store.keks()] == [("kek_a", AT)]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o620, 0o666])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "vault.key", f"{HEADER}\n{LINE}\n", mode)
    with pytest.raises(VaultLocked, match="chmod 600"):
        FileKeyStore(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(VaultLocked, match="tessera keys init"):
        FileKeyStore(tmp_path / "vault.key")


def test_a_store_has_room_for_so_many_keys() -> None:
    store = MemoryKeyStore()
    for _ in range(KEKS_MOST - 1):
        store.rotate(AT)
    with pytest.raises(VaultLocked, match="retire"):
        store.rotate(AT)
