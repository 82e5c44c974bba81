"""Brings a database to the newest schema, the same migrations for both kinds."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.database.sqlite import exclusive, make_private

_FOLDER = Path(__file__).parent / "migrations"
_SQLITE = "sqlite:///"


class NotMigrated(Exception):
    """The database's schema is not the one this program was built for."""


class NoDatabase(Exception):
    """There is nothing at the address that answers as a database."""


def migrate(url: str) -> str:
    """Upgrades to the newest revision and returns its id; on a current database does nothing.

    Raises ``DatabaseInUse`` when a gateway is running on the SQLite file.
    """

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    _with_connection(url, upgrade)
    return newest()


def check(url: str) -> None:
    """Raises ``NotMigrated`` unless the database is at the newest revision; makes none.

    Raises ``NoDatabase`` where the server cannot be reached, has no such database, or lets nobody
    in, and ``DatabaseInUse`` as ``migrate`` does.
    """
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NotMigrated(f"There is no database at {url}: run `tessera migrate`.")
    found: list[str | None] = []

    def look(connection: Connection) -> None:
        found.append(MigrationContext.configure(connection).get_current_revision())

    try:
        _with_connection(url, look)
    except (DBAPIError, OSError) as error:
        orig = getattr(error, "orig", error)
        reason = str(orig.__cause__ or orig).splitlines()[0].rstrip(".")
        raise NoDatabase(
            f"The database does not answer ({reason}): see to it, or correct TESSERA_DATABASE_URL."
        ) from None
    if found[0] != newest():
        raise NotMigrated(
            f"The database is at revision {found[0] or 'none'}, this program needs {newest()}: "
            "run `tessera migrate`."
        )


def newest() -> str:
    """The id of the newest revision."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or "none"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _with_connection(url: str, work: Callable[[Connection], None]) -> None:
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
        with exclusive(path):
            make_private(path)
            engine = sqlalchemy.create_engine(url)
            try:
                with engine.begin() as connection:
                    work(connection)
            finally:
                engine.dispose()
        return
    asyncio.run(_with_postgres(url, work))


async def _with_postgres(url: str, work: Callable[[Connection], Any]) -> None:
    address = url.split("://", 1)[1]
    engine = create_async_engine(f"postgresql+asyncpg://{address}")
    try:
        async with engine.begin() as connection:
            # Two gateways starting at once must not migrate at once.
            await connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(7433770)"))
            await connection.run_sync(work)
    finally:
        await engine.dispose()
