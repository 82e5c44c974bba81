"""The gateway as the benchmarks run it: filled, durable, on the server's core."""

import asyncio
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway import settings as settings_file
from gateway.database import Database
from gateway.database.migrate import migrate
from tests import stores
from tests.bench.prepare import Prepared, prepare
from tests.bench.process import on_its_core
from tests.bench.written import Written
from tests.ports import free_port


@dataclass(frozen=True)
class Running:
    """A gateway under way."""

    pid: int
    port: int
    issuer: str
    prepared: dict[str, Prepared]
    written: Written


@contextmanager
def gateway(kind: str, place: Path, algorithms: Sequence[str], customers: int) -> Iterator[Running]:
    """A gateway on a database of this kind, with its clients registered; checks its rows last."""
    with _database(kind, place) as url:
        port = free_port()
        environment = {
            "TESSERA_MODE": "sandbox",
            "TESSERA_ISSUER": f"http://127.0.0.1:{port}",
            "TESSERA_DATABASE_URL": url,
            "TESSERA_HOME": str(place / kind),
            "TESSERA_PORT": str(port),
            "TESSERA_LOG_LEVEL": "WARNING",
            "BENCH_LOG": str(place / f"{kind}.log"),
        }
        settings = settings_file.read(
            {name: value for name, value in environment.items() if name.startswith("TESSERA_")}
        )
        migrate(url)
        # The migration's own logging turns on everybody's.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        asyncio.run(_refuse_lax(url))
        prepared = asyncio.run(prepare(settings, algorithms, customers))
        written = Written(url, embedded=kind == "sqlite")
        serve = [sys.executable, "-m", "gateway", "serve"]
        with on_its_core(serve, environment, port) as pid:
            yield Running(pid, port, settings.issuer, prepared, written)
        written.check_at_the_end()


async def _refuse_lax(url: str) -> None:
    database = await Database.connect(url)
    found = await database.durability()
    await database.close()
    print("durability:", ", ".join(f"{name} = {value}" for name, value in found.items()))
    lax = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    if any(found.get(name) == value for name, value in lax.items()):
        sys.exit("bench: refuses to measure a database that may lose commits")
    if found.get("synchronous", "FULL") not in ("FULL", "EXTRA"):
        sys.exit("bench: refuses to measure a database that may lose commits")


@contextmanager
def _database(kind: str, place: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{place}/bench.sqlite"
        return
    with stores.postgres_server(quick=False) as server, stores.bare_postgres(server) as url:
        yield url
