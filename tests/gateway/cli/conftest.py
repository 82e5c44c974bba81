"""Every room over a database of each kind, with a key file beside it."""

from pathlib import Path

import pytest

from gateway import rooms
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.rooms import Rooms
from gateway.settings import Settings
from tests.conftest import SetClock


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(
        mode="sandbox",
        issuer="http://127.0.0.1:8400",
        database_url=database_url,
        home=str(tmp_path),
        outbound_allow="127.0.0.1:9999",
    )


@pytest.fixture
def built(settings: Settings, database: Database, clock: SetClock) -> Rooms:
    vault = Vault.from_file(settings.key_path, create_at=clock.now())
    return rooms.build(settings, database, vault, clock)
