"""The embedded store's files are their owner's alone, whatever the umask says."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.database import Database, Statement, Unit
from gateway.database.migrate import migrate


@pytest.fixture
def generous() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("generous")
async def test_nobody_else_reads_the_store_or_what_stands_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "tessera.sqlite"
    migrate(f"sqlite:///{path}")
    made = sorted(tmp_path.iterdir())
    database = await Database.connect(f"sqlite:///{path}")
    unit = Unit("test.write")
    unit.add(Statement("update partner set status = status"), expect=None)
    await database.commit(unit)
    found = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    await database.close()
    assert path in made
    names = (path.name, f"{path.name}.lock", f"{path.name}-wal", f"{path.name}-shm")
    assert found == dict.fromkeys(names, "0o600")
