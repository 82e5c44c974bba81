"""The shelf: packs beside the shipped ones, followed by a running gateway, never for today."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.rules.service import RuleBook, UnreadablePack
from gateway.rules.shelf import Shelf
from tests.conftest import SetClock
from tests.packs import small_pack

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
TODAY = date(2026, 11, 24)
PACK = small_pack("2026.12", "2026-12-01")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "rules", SetClock(NOW))


def put(shelf: Shelf, text: str, name: str = "a.toml") -> None:
    shelf.folder.mkdir(exist_ok=True)
    (shelf.folder / name).write_text(text)


def versions(book: RuleBook) -> list[str]:
    return [pack.version for pack in book.packs]


def test_without_its_folder_there_are_the_shipped_packs(shelf: Shelf) -> None:
    assert versions(shelf.book()) == ["2026.08", "2026.01"]


async def test_a_pack_put_in_is_read_without_a_restart(shelf: Shelf, tmp_path: Path) -> None:
    book = shelf.book()
    file = tmp_path / "december.toml"
    file.write_text(PACK)
    place = shelf.put(file, shelf.acceptable(file, NOW))
    assert place == shelf.folder / "2026.12.toml"
    assert [each.name for each in shelf.folder.iterdir()] == ["2026.12.toml"]
    await shelf.reread(book)
    assert versions(book) == ["2026.12", "2026.08", "2026.01"]
    assert book.version(on=TODAY) == "2026.08"
    assert book.number("CN-ACC-04", "balance_fen", on=date(2026, 12, 1)) == 100_000
    assert versions(shelf.book()) == versions(book)
    assert shelf.acceptable(file, NOW).version == "2026.12", "the same content may come again"


@pytest.mark.parametrize(
    ("at", "day", "accepted"),
    [
        (datetime(2026, 11, 24, 15, 54, 59, tzinfo=UTC), "2026-11-25", True),
        # Five minutes before midnight at the bank.
        (datetime(2026, 11, 24, 15, 55, tzinfo=UTC), "2026-11-25", False),
        (NOW, "2026-11-24", False),
        (NOW, "2020-01-01", False),
    ],
)
def test_a_pack_comes_before_its_day(
    shelf: Shelf, tmp_path: Path, at: datetime, day: str, accepted: bool
) -> None:
    file = tmp_path / "pack.toml"
    file.write_text(PACK.replace("2026-12-01", day))
    if accepted:
        assert shelf.acceptable(file, at).effective_from.isoformat() == day
        return
    with pytest.raises(UnreadablePack, match=f"takes over on {day}.*give it a later one"):
        shelf.acceptable(file, at)


def test_a_version_that_is_there_keeps_its_content(shelf: Shelf, tmp_path: Path) -> None:
    put(shelf, PACK)
    file = tmp_path / "pack.toml"
    for text in (PACK.replace("100000", "100001"), PACK.replace("2026.12", "2026.08")):
        file.write_text(text)
        with pytest.raises(UnreadablePack, match="two different contents"):
            shelf.acceptable(file, NOW)


def test_a_huge_or_broken_file_is_refused_with_its_name(shelf: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "pack.toml"
    file.write_text("#" * 1_000_001)
    with pytest.raises(UnreadablePack, match=r"pack\.toml: a pack has at most"):
        shelf.acceptable(file, NOW)
    put(shelf, "version =", "b.toml")
    with pytest.raises(UnreadablePack, match=r"b\.toml"):
        shelf.book()


@pytest.mark.parametrize(
    "text",
    [
        "version =",
        PACK.replace("2026-12-01", "2026-11-24"),
        PACK.replace("2026.12", "2026.08"),
    ],
    ids=["broken", "for today", "another content"],
)
async def test_what_will_not_do_is_journalled_once_and_changes_nothing(
    shelf: Shelf, text: str
) -> None:
    book = shelf.book()
    put(shelf, text)
    with capture_logs() as lines:
        await shelf.reread(book)
        await shelf.reread(book)
    assert [line["event"] for line in lines] == ["rules.refused"]
    assert versions(book) == ["2026.08", "2026.01"]
    (shelf.folder / "a.toml").unlink()
    with capture_logs() as lines:
        await shelf.reread(book)
        put(shelf, text)
        await shelf.reread(book)
    assert [line["event"] for line in lines] == ["rules.refused"]
