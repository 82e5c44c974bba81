"""``make bench``: prints and writes ``build/bench.json``, and fails on any wrong answer."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from gateway import settings as settings_file
from gateway.database import Database
from gateway.database.migrate import migrate
from tests import stores
from tests.bench.load import Request, Run, drive
from tests.bench.prepare import prepare
from tests.bench.process import (
    cpu_seconds,
    free_port,
    keep_to_other_cores,
    on_its_core,
    output_on_its_core,
)
from tests.bench.signing import Signer

CONNECTIONS = 32
# What a case writes: one row of this table for every success, and for no refusal.
ROWS = {
    "token": "access_token",
    "par": "pushed_request",
    "get": "oauth_replay",
    "order": "order_",
}
HELLO = """
import granian
from granian.constants import Interfaces, Loops
granian.Granian("tests.bench.floor:hello_app", factory=True, port={port},
    interface=Interfaces.ASGI, loop=Loops.uvloop, log_enabled=False, websockets=False).serve()
"""


def main() -> None:
    """Runs every case on every database asked for."""
    arguments = _arguments()
    keep_to_other_cores()
    floor = two_verifies_per_second_on_server_core()
    with tempfile.TemporaryDirectory() as place:
        hello = _hello(Path(place), arguments.requests)
        print(f"floor: two ES256 verifies {floor:,.0f}/s; raw hello {hello:,.0f}/s, one core")
        rows: list[dict[str, Any]] = []
        for kind in arguments.database:
            with _database(kind, Path(place)) as url:
                rows += _measure(kind, url, Path(place), arguments, floor, hello)
    path = Path("build/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
    print(f"wrote {path}")


def two_verifies_per_second_on_server_core() -> float:
    """The floor, measured on the core that the server will have."""
    measure = "from tests.bench.floor import two_verifies_per_second as f; print(f())"
    return float(output_on_its_core([sys.executable, "-c", measure]))


def _hello(place: Path, requests: int) -> float:
    port = free_port()
    wire = f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()
    environment = {"BENCH_LOG": str(place / "hello.log")}
    with on_its_core([sys.executable, "-c", HELLO.format(port=port)], environment, port):
        _drive(port, [Request(wire, 200)] * 2000)
        run = _drive(port, [Request(wire, 200)] * (requests * 3))
    return run.requests_per_second


def _measure(
    kind: str, url: str, place: Path, arguments: argparse.Namespace, floor: float, hello: float
) -> list[dict[str, Any]]:
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
    asyncio.run(_refuse_lax(url))
    prepared = asyncio.run(prepare(settings, arguments.orders))
    signer = Signer(prepared, settings.issuer)
    cases: dict[str, Callable[[], list[Request]]] = {
        "token": lambda: signer.tokens(arguments.requests),
        "par": lambda: signer.pushes(arguments.requests),
        "get": lambda: signer.reads(arguments.requests * 2),
        "order": signer.orders,
    }
    before = {name: stores.count(url, table) for name, table in ROWS.items()}
    runs: dict[str, Run] = {}
    grew: dict[str, int] = {}
    spent: dict[str, float] = {}
    with on_its_core([sys.executable, "-m", "gateway", "serve"], environment, port) as pid:
        for name, make in cases.items():
            if name in arguments.case:
                if kind == "postgresql":
                    before[name] = stores.count(url, ROWS[name])
                requests = make()
                used = cpu_seconds(pid)
                runs[name] = _drive(port, requests)
                spent[name] = (cpu_seconds(pid) - used) / len(requests) * 1e6
                if kind == "postgresql":
                    grew[name] = stores.count(url, ROWS[name]) - before[name]
    if kind == "sqlite":
        grew = _grown_on_sqlite(url, before, runs)
    return [
        _row(kind, name, run, grew[name], floor, hello) | {"server_cpu_us": round(spent[name])}
        for name, run in runs.items()
    ]


def _grown_on_sqlite(url: str, before: dict[str, int], runs: dict[str, Run]) -> dict[str, int]:
    # The embedded store serves one process, so rows are counted when the server is gone; proofs
    # of the other cases share the replay table with the reads: two for a token or push, one else.
    grew = {name: stores.count(url, ROWS[name]) - before[name] for name in runs}
    if "get" in grew:
        for name, run in runs.items():
            if name != "get":
                grew["get"] -= _successes(run) * (2 if name in ("token", "par") else 1)
    return grew


def _row(kind: str, name: str, run: Run, grew: int, floor: float, hello: float) -> dict[str, Any]:
    successes = _successes(run)
    if grew != successes:
        sys.exit(f"bench: {kind} {name}: {successes} successes but {grew} rows written")
    row = {
        "name": name,
        "database": kind,
        "requests_per_second": round(run.requests_per_second, 1),
        "p50_ms": round(run.percentile_ms(0.50), 2),
        "p99_ms": round(run.percentile_ms(0.99), 2),
        "share_of_floor": round(run.requests_per_second / floor, 3),
        "share_of_hello": round(run.requests_per_second / hello, 3),
    }
    print(
        f"{kind:<10} {name:<6} {row['requests_per_second']:>8}/s  p50 {row['p50_ms']} ms  "
        f"p99 {row['p99_ms']} ms  floor x {row['share_of_floor']}  hello x {row['share_of_hello']}"
        f"  ({sum(run.statuses.values()) - successes} forged, all refused)"
    )
    return row


def _successes(run: Run) -> int:
    return sum(count for status, count in run.statuses.items() if status < 300)


def _drive(port: int, requests: list[Request]) -> Run:
    run = asyncio.run(drive("127.0.0.1", port, requests, CONNECTIONS))
    if run.wrong:
        sys.exit("bench: an unexpected answer\n" + run.wrong[0])
    return run


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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--requests", type=int, default=6000, help="per case")
    parser.add_argument("--orders", type=int, default=600, help="customers, one order each")
    parser.add_argument("--database", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--case", nargs="*", default=list(ROWS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
