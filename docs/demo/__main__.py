"""Runs the demo: ``python docs/demo`` plays the whole story, ``python docs/demo serve`` stays.

They keep their state in ``.tessera/demo`` and ``.tessera/run``, or in ``TESSERA_HOME``, and work
again on it.
"""

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path
from typing import Any, NoReturn

import machine
import plot
import stage
import story
from machine import Home, Setback
from screen import Screen
from wire import Exchange

STORY = Path(__file__).with_name("story.py")
SERVE_PORT = 8400
FAILED, INTERRUPTED = 1, 130
AUDIT_TITLE = "An auditor checks the bank's books offline"


def play(home: Home, screen: Screen) -> int:
    """Sets the stage, plays the story in its own process, ends the gateway, checks the audit."""
    spoiled = plot.sabotaged(story.NAMES)
    with machine.alone(home, screen.line) as lock:
        screen.line("Tessera demo: two partners sell one package through one bank", "bold")
        started = time.perf_counter()
        ready = stage.set_stage(home, machine.free_ports(1)[0], customers=2)
        with machine.gateway(home, ready.environment, lock):
            _introduce(home, ready, time.perf_counter() - started, screen)
            told = subprocess.run([sys.executable, str(STORY), str(home.stage)], check=False)
            machine.keep_public_keys(home, ready.address)
        if told.returncode != 0:
            return told.returncode
        screen.chapter("After closing time")
        passed = _check_audit(home, ready.environment, screen, spoiled == story.AUDIT)
    if passed:
        screen.line()
        screen.line(f"demo: {len(story.NAMES)} steps, all passed", "green")
    return 0 if passed else FAILED


def serve(home: Home, screen: Screen, customers: int) -> int:
    """Keeps the gateway up until Ctrl-C, with everything on the screen that a first call needs."""
    port = int(os.environ.get("TESSERA_PORT") or SERVE_PORT)
    with machine.alone(home, screen.line) as lock:
        machine.check_free(port)
        ready = stage.set_stage(home, port, customers)
        seeded = machine.command_json(ready.environment, "sandbox", "personas")
        with machine.gateway(home, ready.environment, lock) as keeper:
            _welcome(home, ready, seeded, screen)
            status = keeper.wait()
    raise Setback(f"the gateway ended by itself with status {status}; see {home.log}")


def _introduce(home: Home, ready: stage.Stage, seconds: float, screen: Screen) -> None:
    registered = ", ".join(ready.registered) or "nobody, they are since an earlier run"
    people = ", ".join(f"{each['name_zh']} {each['name_en']}" for each in ready.customers)
    screen.line(f"gateway    {ready.address}, ready after {seconds:.1f} s")
    screen.line(f"state      {home.path}")
    screen.line(f"partners   registered now: {registered}")
    screen.line(f"customers  {people}")


def _check_audit(home: Home, environment: dict[str, str], screen: Screen, is_spoiled: bool) -> bool:
    number = len(story.NAMES)
    if is_spoiled:
        screen.line()
        screen.line(f"     sabotage of step {number}: one audit record is altered", "yellow")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tessera-demo-") as place:
        if is_spoiled:
            environment = _altered_copy(home, Path(place) / "bank", environment)
        ended = machine.attempt(environment, "audit", "verify", "--jwks", str(home.public_keys))
    milliseconds = (time.perf_counter() - started) * 1000
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    exchange = Exchange("tessera audit verify", [f"exit {ended.returncode}", *lines[-4:]])
    failed = ended.returncode != 0
    screen.step(number, AUDIT_TITLE, [exchange], milliseconds, failed=failed)
    if failed:
        screen.failure(number, story.AUDIT, AUDIT_TITLE, "; ".join(lines[:3]) or "no reason given")
    return not failed


def _altered_copy(home: Home, place: Path, environment: dict[str, str]) -> dict[str, str]:
    """A copy of the bank's files in which somebody has rewritten one act; the original stays."""
    shutil.copytree(home.bank, place)
    database = place / home.database.name
    with sqlite3.connect(database) as connection:
        connection.execute(
            "update audit_record set decision = 'deny' where ordinal ="
            " (select max(ordinal) from audit_record where action = 'consent.revoke')"
        )
    connection.close()
    return environment | {
        "TESSERA_HOME": str(place),
        "TESSERA_DATABASE_URL": f"sqlite:///{database}",
    }


def _welcome(home: Home, ready: stage.Stage, seeded: Any, screen: Screen) -> None:
    screen.line(f"Tessera sandbox at {ready.address}", "bold")
    screen.line()
    screen.line("Customers who can sign in on the bank's pages:")
    rows = [("customer", "passcode", "name", "")]
    for each in (*seeded, *ready.customers):
        about = each.get("story", "identified at L3, made for this run")
        rows.append(
            (each["customer"], each["passcode"], f"{each['name_zh']} {each['name_en']}", about)
        )
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [
            text + " " * (widths[column] - _width(text)) for column, text in enumerate(row[:3])
        ]
        screen.line("  " + "  ".join([*cells, row[3]]).rstrip())
    screen.line()
    screen.line("A first call:")
    screen.line(f"  curl {ready.address}/.well-known/oauth-authorization-server")
    screen.line(f"Consents given so far: {ready.address}/consents")
    screen.line(f"Partners' keys and clients: {home.path / 'partners'}")
    screen.line(f"Log: {home.log}")
    screen.line()
    screen.line("Ctrl-C ends it; the state stays.")


def _width(text: str) -> int:
    """How many columns a terminal gives the text; Chinese letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _stop(number: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> int:
    """The exit status says whether everything came out as claimed."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("play", "serve"), default="play")
    parser.add_argument(
        "--customers", type=int, default=2, help="how many fresh customers `serve` makes"
    )
    given = parser.parse_args()
    # Ending the runner ends what it started, also when it is asked politely.
    signal.signal(signal.SIGTERM, _stop)
    screen = Screen()
    home = machine.home_from_environment("run" if given.what == "serve" else "demo")
    try:
        if given.what == "serve":
            return serve(home, screen, given.customers)
        return play(home, screen)
    except Setback as setback:
        screen.line(f"demo: {setback}", "red")
        return FAILED
    except KeyboardInterrupt:
        screen.line("demo: ended by Ctrl-C")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
