"""What a real browser needs: a partner whose answers arrive, and a database that is a file."""

import shutil
from pathlib import Path

import pytest

from tests.gateway.hosted.conftest import House
from tests.gateway.oauth.partner import Partner


@pytest.fixture
async def partner(house: House, callback: str) -> Partner:
    return await house.register(redirect_uris=[callback])


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "tessera.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"
