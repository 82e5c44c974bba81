"""What the stores refuse: a second process, the other kind of deployment, an old schema."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.database import Database, DatabaseInUse
from gateway.database.deployment import WrongDeployment, claim
from gateway.database.migrate import NotMigrated, check, migrate
from tests.conftest import SetClock

OPEN = """
import asyncio, sys
from gateway.database import Database, DatabaseInUse
try:
    asyncio.run(Database.connect(sys.argv[1]))
except DatabaseInUse as error:
    print(error)
"""


async def test_a_second_process_is_refused_with_the_reason(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/one.sqlite"
    database = await Database.connect(url)
    second = subprocess.run(
        [sys.executable, "-c", OPEN, url], capture_output=True, text=True, timeout=20, check=True
    )
    assert "in use by process" in second.stdout
    assert "PostgreSQL" in second.stdout
    with pytest.raises(DatabaseInUse):
        migrate(url)
    await database.close()
    await (await Database.connect(url)).close()


async def test_the_embedded_store_is_fully_synchronised(tmp_path: Path) -> None:
    database = await Database.connect(f"sqlite:///{tmp_path}/one.sqlite")
    assert await database.durability() == {"journal_mode": "wal", "synchronous": "FULL"}
    await database.close()


async def test_a_database_serves_one_kind_of_deployment_for_good(
    database: Database, clock: SetClock
) -> None:
    await claim(database, "sandbox", clock.now())
    await claim(database, "sandbox", clock.now())
    with pytest.raises(WrongDeployment, match="sandbox"):
        await claim(database, "live", clock.now())


def test_an_unmigrated_database_is_refused_and_migrating_mends_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    with pytest.raises(NotMigrated, match="tessera migrate"):
        check(url)
    migrate(url)
    migrate(url)
    check(url)
