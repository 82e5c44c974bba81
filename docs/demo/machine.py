"""The demo's side of the bank: a state folder, the command line, and a gateway that runs."""

import fcntl
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
KEEPER = Path(__file__).with_name("keeper.py")
HOST = "127.0.0.1"
COMMAND_SECONDS = 120.0
READY_SECONDS = 60.0
ENDED_SECONDS = 20.0
# How long an earlier demo that was killed may take to let go of its gateway.
LOCK_SECONDS = 20.0


class Setback(Exception):
    """The demo cannot go on, for a reason outside its story; the text says what to do."""


@dataclass(frozen=True)
class Home:
    """The state folder: the bank's own part, the partners' keys, and what the runner notes."""

    path: Path

    @property
    def bank(self) -> Path:
        """The gateway's files: database, vault key, audit heads."""
        return self.path / "bank"

    @property
    def database(self) -> Path:
        """The embedded store."""
        return self.bank / "tessera.sqlite"

    @property
    def log(self) -> Path:
        """What the gateway says while it runs."""
        return self.path / "gateway.log"

    @property
    def stage(self) -> Path:
        """What the story needs to know; holds passcodes, so it is its owner's alone."""
        return self.path / "stage.json"

    @property
    def public_keys(self) -> Path:
        """The bank's public keys as an auditor keeps them, outside the bank."""
        return self.path / "auditor.jwks.json"

    def partner(self, name: str) -> Path:
        """A partner's private keys and its client at the bank."""
        return self.path / "partners" / f"{name}.json"

    def environment(self, port: int, outbound: list[int]) -> dict[str, str]:
        """The settings of this gateway, and none that were meant for another."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TESSERA_")}
        return kept | {
            "TESSERA_MODE": "sandbox",
            "TESSERA_ISSUER": f"http://{HOST}:{port}",
            "TESSERA_DATABASE_URL": f"sqlite:///{self.database}",
            "TESSERA_HOME": str(self.bank),
            "TESSERA_OPERATOR": "demo",
            "TESSERA_HOST": HOST,
            "TESSERA_PORT": str(port),
            "TESSERA_OUTBOUND_ALLOW": ",".join(f"{HOST}:{each}" for each in outbound),
            "PYTHONUNBUFFERED": "1",
        }


def home_from_environment(name: str) -> Home:
    """``TESSERA_HOME`` if given, else the folder of that name in the repository's ``.tessera``."""
    given = os.environ.get("TESSERA_HOME")
    return Home(Path(given).resolve() if given else ROOT / ".tessera" / name)


@contextmanager
def alone(home: Home, say: Callable[[str], None]) -> Iterator[int]:
    """Holds the state folder; yields the lock, which a kept gateway shares until it has ended.

    A demo that was killed leaves a gateway that is on its way out; this says so and waits. Raises
    ``Setback`` when the folder stays in use.
    """
    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(home.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        if not _locked(lock):
            say(f"waiting for whoever uses {home.path} to let go of it")
            while not _locked(lock):
                if time.monotonic() > deadline:
                    raise Setback(
                        f"{home.path} is in use by another demo. End that one, or set "
                        "TESSERA_HOME to another folder."
                    )
                time.sleep(0.2)
        yield lock
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody uses at this moment.

    They lie below those that systems give to outgoing connections: one of these would otherwise
    take a port between this look and the moment when it is served.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
    return found


def check_free(port: int) -> None:
    """Raises ``Setback`` when somebody listens on the port: servers may share one unknowingly."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Setback(f"port {port} is in use; choose another by TESSERA_PORT") from None


def command(environment: dict[str, str], *words: str) -> str:
    """What a command of the gateway's program prints; raises ``Setback`` with what it objects."""
    ended = attempt(environment, *words)
    if ended.returncode != 0:
        reason = (ended.stderr or ended.stdout).strip() or f"exit status {ended.returncode}"
        raise Setback(f"tessera {' '.join(words)} failed: {reason}")
    return ended.stdout


def attempt(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the gateway's program, ended, however it ended."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def command_json(environment: dict[str, str], *words: str) -> Any:
    """The JSON that a command prints."""
    printed = command(environment, *words)
    try:
        return json.loads(printed)
    except ValueError:
        raise Setback(f"tessera {' '.join(words)} printed no JSON: {printed[:200]}") from None


@contextmanager
def gateway(
    home: Home, environment: dict[str, str], lock: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway that answers, until the block ends; raises ``Setback`` when it does not start."""
    with home.log.open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, str(KEEPER)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
        )
    try:
        _wait_until_ready(environment["TESSERA_ISSUER"], keeper, home)
        yield keeper
    finally:
        _end(keeper)


def keep_public_keys(home: Home, address: str) -> None:
    """Writes down the keys that the bank publishes, for whoever checks its signatures later."""
    with httpx.Client(timeout=COMMAND_SECONDS, trust_env=False) as client:
        metadata = client.get(f"{address}/.well-known/oauth-authorization-server").json()
        home.public_keys.write_bytes(client.get(metadata["jwks_uri"]).content)


def _wait_until_ready(address: str, keeper: subprocess.Popen[bytes], home: Home) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            if keeper.poll() is not None:
                break
            try:
                if client.get(f"{address}/health").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
    last = home.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
    raise Setback("\n".join(["the gateway did not start; it said:", *last]))


def _end(keeper: subprocess.Popen[bytes]) -> None:
    if keeper.stdin is not None:
        keeper.stdin.close()
    try:
        keeper.wait(ENDED_SECONDS)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
