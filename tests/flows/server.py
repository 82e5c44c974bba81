"""A real gateway for a story: its home, its database, the command line, and the serving process."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from tests import stores
from tests.flows.customer import Customer
from tests.flows.partner import Keys, Partner, registered, registration
from tests.flows.wire import Line
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
_COMMAND_SECONDS = 120.0
_READY_SECONDS = 60.0
_ENDED_SECONDS = 20.0


class NotServing(Exception):
    """The gateway ended, or never answered; the text is what it said."""


class House:
    """Everything a deployment keeps: a folder, a database, and the settings that name them."""

    def __init__(self, place: Path, database_url: str, *, outbound: Sequence[str] = ()) -> None:
        self.place = place
        self.database_url = database_url
        self.port = free_port()
        self.issuer = f"http://{HOST}:{self.port}"
        self._outbound = outbound

    def environment(self, port: int) -> dict[str, str]:
        """The settings of one process, and none that were meant for another."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TESSERA_")}
        return kept | {
            "TESSERA_MODE": "sandbox",
            "TESSERA_ISSUER": self.issuer,
            "TESSERA_DATABASE_URL": self.database_url,
            "TESSERA_OPERATOR": "flow-tests",
            "TESSERA_HOME": str(self.place),
            "TESSERA_HOST": HOST,
            "TESSERA_PORT": str(port),
            "TESSERA_OUTBOUND_ALLOW": ",".join(self._outbound),
        }

    def command(self, *words: str) -> str:
        """What a command of the program prints; raises with what it objects."""
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", *words],
            cwd=ROOT,
            env=self.environment(self.port),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        if ended.returncode != 0:
            raise NotServing(f"{' '.join(words)}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def register(self, name: str, host: str) -> Partner:
        """A partner registered with new keys."""
        return registered(Line(self.issuer), *self._register(name, host, ""))

    def register_speaker(self, name: str, host: str, pem: str) -> tuple[Partner, str]:
        """A partner that speaks the dialect, and the bank's public key for its answers."""
        keys, client = self._register(name, host, pem)
        return registered(Line(self.issuer), keys, client), client["dialects"]["lantu"]

    def customers(self, count: int) -> list[Customer]:
        """Fresh customers, identified at L3 and with money."""
        printed = self.command("sandbox", "persona", "--count", str(count))
        return [
            Customer(found["customer"], found["passcode"], found["customer_id"])
            for found in map(json.loads, printed.splitlines())
        ]

    @contextmanager
    def serving(self, port: int | None = None) -> Iterator[str]:
        """A ``serve`` process that answers, until the block ends; yields its address."""
        port = port or self.port
        address = f"{urlsplit(self.issuer).scheme}://{HOST}:{port}"
        with (self.place / f"serve-{port}.log").open("w+b") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve"],
                cwd=ROOT,
                env=self.environment(port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                _await_health(process, address, log.name)
                yield address
            finally:
                _end(process)

    def _register(self, name: str, host: str, pem: str) -> tuple[Keys, dict[str, Any]]:
        keys = Keys.fresh()
        asked = registration(keys, name, host)
        if pem:
            asked["dialect_keys"] = [{"dialect": "lantu", "public_key_pem": pem}]
        file = self.place / f"{name}.json"
        file.write_text(json.dumps(asked, ensure_ascii=False))
        return keys, json.loads(self.command("partner", "register", str(file)))


@contextmanager
def house(kind: str, postgres_url: str, outbound: Sequence[str] = ()) -> Iterator[House]:
    """A migrated house on a database of its own: a file, or one on the server of the address."""
    with tempfile.TemporaryDirectory(prefix="tessera-flow-") as folder:
        place = Path(folder)
        with database(kind, postgres_url, place) as url:
            built = House(place, url, outbound=outbound)
            built.command("migrate")
            yield built


@contextmanager
def database(kind: str, postgres_url: str, place: Path) -> Iterator[str]:
    """The address of an empty database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{place / 'tessera.sqlite'}"
        return
    name = f"tessera_flow_{secrets.token_hex(6)}"
    stores.run(_administer(postgres_url, f'create database "{name}"'))
    try:
        parts = urlsplit(postgres_url)
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        stores.run(_administer(postgres_url, f'drop database "{name}" with (force)'))


async def _administer(url: str, command: str) -> None:
    connection = await asyncio.wait_for(asyncpg.connect(url), 10)
    await connection.execute(command)
    await connection.close()


def _await_health(process: subprocess.Popen[bytes], address: str, log: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    with httpx.Client(timeout=2.0, verify=False, trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get(f"{address}/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise NotServing(Path(log).read_text(errors="replace")[-2000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDED_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
