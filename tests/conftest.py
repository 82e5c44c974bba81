"""Fixtures for the whole suite: a settable clock and a database of each kind."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from gateway.database import Database
from tests import stores

# `make test` looks at few examples and prints how to see a failing one again; `make soak` at many.
settings.register_profile("quick", max_examples=15, deadline=None, print_blob=True)
settings.register_profile("soak", max_examples=400, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("TESSERA_TEST_PROFILE", "quick"))


class SetClock:
    """A clock that tests move by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with stores.postgres_server() as server, stores.fresh_postgres(server) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    stores.fresh_sqlite(path)
    return path


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder of the test's own, in memory where the machine has such a place."""
    with tempfile.TemporaryDirectory(prefix="tessera-", dir=stores.quick_place()) as place:
        yield Path(place)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database with every table."""
    if request.param == "sqlite":
        path = request.getfixturevalue("quick_path") / "tessera.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    stores.run(stores.empty(url))
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(database_url)
    yield opened
    await opened.close()
