"""A server process on a core of its own, ended by its own pid."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CORE = 0


def keep_to_other_cores() -> None:
    """Leaves the server's core to the server: the load and the databases stay elsewhere."""
    others = os.sched_getaffinity(0) - {SERVER_CORE}
    if not others:
        sys.exit("bench: needs two cores, one of them for the server alone")
    os.sched_setaffinity(0, others)


@contextmanager
def on_its_core(command: list[str], environment: dict[str, str], port: int) -> Iterator[int]:
    """Runs ``command`` pinned to the server's core until the block ends; yields its pid."""
    log = Path(environment["BENCH_LOG"])
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """The processor time that a process and its children have used; steadier than a clock."""
    nanoseconds = 0
    for each in (pid, *_children(pid)):
        for task in Path(f"/proc/{each}/task").iterdir():
            # A thread may end while we look.
            with suppress(FileNotFoundError):
                nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


@contextmanager
def asked_on_its_core(command: list[str]) -> Iterator[Callable[[], str]]:
    """A program on the server's core that answers a line whenever it is asked."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
    )
    assert process.stdin is not None and process.stdout is not None
    asked, answers = process.stdin, process.stdout

    def ask() -> str:
        asked.write("\n")
        asked.flush()
        return answers.readline()

    try:
        yield ask
    finally:
        asked.close()
        process.wait(15)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"bench: the server did not start\n{log.read_text()[-2000:]}")
