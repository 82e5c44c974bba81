"""``python -m tests.bench.profile``: processor time of a request inside the app, without a server.

Calls the ASGI app directly with prebuilt requests, 32 at a time, and reads the thread's own clock,
so that neither the network nor other programs are in the figure. With ``--against FOLDER`` a second
checkout of the gateway takes turns with this one, chunk by chunk, and the median of the paired
ratios tells what a change has won even where the machine is busy. ``--functions`` lists where the
time goes by cProfile, which makes small functions look dearer than they are.
"""

import argparse
import asyncio
import cProfile
import gc
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from gateway import settings as settings_file
from gateway.app import Roof
from gateway.database.migrate import migrate
from gateway.kit.journal import configure
from tests import stores
from tests.bench.load import Request
from tests.bench.prepare import prepare
from tests.bench.signing import Signer

CALLERS = 32
ISSUER = "http://127.0.0.1:8400"
NAMES = ("token", "par", "get")


def main() -> None:
    """Measures this checkout, or serves chunks to the process that compares two."""
    arguments = _arguments()
    if arguments.chunks_from_stdin:
        _with_database(arguments, _answer_chunks)
    elif arguments.functions:
        _with_database(arguments, _list_functions)
    else:
        _compare(arguments)


class Bench:
    """An app with its signer; measures one chunk at a time."""

    def __init__(self, roof: Roof, signer: Signer) -> None:
        self._roof = roof
        self._makers: dict[str, Callable[[int], list[Request]]] = {
            "token": signer.tokens,
            "par": signer.pushes,
            "get": signer.reads,
        }

    async def microseconds(self, name: str, count: int) -> float:
        """The processor time of one request, on average over ``count`` distinct ones."""
        calls = [_call_of(request) for request in self._makers[name](count)]
        queue = iter(calls)

        async def caller() -> None:
            for scope, body, expected in queue:
                status = await _status(self._roof, scope, body)
                if status != expected:
                    sys.exit(f"profile: {name}: {status} instead of {expected}")

        gc.collect()
        started = time.thread_time()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return (time.thread_time() - started) / count * 1e6


def _call_of(request: Request) -> tuple[dict[str, Any], bytes, int]:
    head, _, body = request.wire.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, path, _ = first.decode().split(" ")
    headers = [tuple(line.split(b": ", 1)) for line in lines]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "headers": headers, "server": ("127.0.0.1", 8400),
        "client": ("127.0.0.1", 1), "extensions": {},
    }  # fmt: skip
    return scope, body, request.expected


async def _status(roof: Roof, scope: dict[str, Any], body: bytes) -> int:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await roof({**scope, "state": {}}, receive, send)
    return int(sent[0]["status"])


async def _answer_chunks(bench: Bench, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        name, count = line.split()
        print(await bench.microseconds(name, int(count)), flush=True)


async def _list_functions(bench: Bench, arguments: argparse.Namespace) -> None:
    for name in arguments.case:
        await bench.microseconds(name, arguments.requests)
        profile = cProfile.Profile()
        profile.enable()
        await bench.microseconds(name, arguments.requests * 4)
        profile.disable()
        print(f"\n---- {name}")
        pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(40)


def _with_database(
    arguments: argparse.Namespace, work: Callable[[Bench, argparse.Namespace], Any]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        if arguments.server:
            with stores.bare_postgres(arguments.server) as url:
                uvloop.run(_open(url, Path(name), work, arguments))
        else:
            url = f"sqlite:///{name}/profile.sqlite"
            uvloop.run(_open(url, Path(name), work, arguments))


async def _open(
    url: str,
    place: Path,
    work: Callable[[Bench, argparse.Namespace], Any],
    arguments: argparse.Namespace,
) -> None:
    # Without nonces, which belong to a process and its clock; they cost a look into memory.
    environment = {
        "TESSERA_MODE": "sandbox",
        "TESSERA_ISSUER": ISSUER,
        "TESSERA_DATABASE_URL": url,
        "TESSERA_HOME": str(place),
        "TESSERA_LOG_LEVEL": "WARNING",
        "TESSERA_WORK": "off",
        "TESSERA_DPOP_NONCES": "offered",
    }
    settings = settings_file.read(environment)
    await asyncio.to_thread(migrate, url)
    prepared = await prepare(settings, [arguments.algorithm], 0)
    configure(settings.log_level)
    roof = Roof(settings)
    await roof.open()
    try:
        await work(Bench(roof, Signer(prepared[arguments.algorithm], ISSUER)), arguments)
    finally:
        await roof.close()


def _compare(arguments: argparse.Namespace) -> None:
    folders = [Path.cwd(), *(Path(folder) for folder in arguments.against)]
    with stores.postgres_server(quick=False) as server:
        at = [] if arguments.database == "sqlite" else ["--server", server]
        processes = [
            _start(folder, [*at, "--algorithm", arguments.algorithm]) for folder in folders
        ]
        taken: dict[tuple[str, Path], list[float]] = {}
        for turn in range(arguments.rounds + 1):
            for name in arguments.case:
                for folder, process in zip(folders, processes, strict=True):
                    figure = _ask(process, f"{name} {arguments.requests}")
                    if turn:
                        taken.setdefault((name, folder), []).append(float(figure))
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(15)
    print(f"{'case':<6} {'least us':>9} {'median us':>9} {'ratio':>6}  checkout")
    for (name, folder), figures in taken.items():
        pairs = zip(figures, taken[name, folders[0]], strict=True)
        ratio = median(theirs / ours for theirs, ours in pairs)
        print(f"{name:<6} {min(figures):>9.1f} {median(figures):>9.1f} {ratio:>6.3f}  {folder}")


def _start(folder: Path, options: list[str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.profile", "--chunks-from-stdin", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while (line := process.stdout.readline()).strip() != "ready":
        if not line:
            sys.exit(f"profile: the process in {folder} ended")
    return process


def _ask(process: "subprocess.Popen[str]", question: str) -> str:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--case", nargs="*", default=list(NAMES), choices=NAMES)
    parser.add_argument("--algorithm", default="ES256")
    parser.add_argument("--database", default="postgresql", choices=("postgresql", "sqlite"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=300, help="of a case in a round")
    parser.add_argument("--against", nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("--chunks-from-stdin", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--server", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
