"""One short run of a server, and of its yardsticks right before it."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import Request, Run, drive
from tests.bench.process import asked_on_its_core, cpu_seconds, on_its_core
from tests.bench.samples import Cost, Sample
from tests.ports import free_port

CONNECTIONS = 32
HELLO = """
import granian
from granian.constants import Interfaces, Loops
granian.Granian("tests.bench.floor:hello_app", factory=True, port={port},
    interface=Interfaces.ASGI, loop=Loops.uvloop, log_enabled=False, websockets=False).serve()
"""
Yardsticks = Callable[[], tuple[Cost, Cost]]


@contextmanager
def yardsticks(place: Path) -> Iterator[Yardsticks]:
    """Measures the floor and hello on the server's core, whenever called."""
    port = free_port()
    wire = f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()
    requests = [Request(wire, 200)] * 1000
    environment = {"BENCH_LOG": str(place / "hello.log")}
    hello = [sys.executable, "-c", HELLO.format(port=port)]
    with (
        asked_on_its_core([sys.executable, "-m", "tests.bench.floor"]) as ask,
        on_its_core(hello, environment, port) as pid,
    ):
        cost_on(pid, port, requests)

        def measure() -> tuple[Cost, Cost]:
            floor = Cost(*(float(figure) for figure in ask().split()))
            return floor, cost_on(pid, port, requests)[1]

        yield measure


def sample_of(pid: int, port: int, requests: list[Request], measure: Yardsticks) -> Sample:
    """One run, right behind a measurement of its yardsticks."""
    floor, hello = measure()
    run, cost = cost_on(pid, port, requests)
    return Sample(run, cost, floor, hello)


def cost_on(pid: int, port: int, requests: list[Request]) -> tuple[Run, Cost]:
    """Drives the server of this process and port, and says what that cost it."""
    used = cpu_seconds(pid)
    run = run_on(port, requests)
    return run, Cost(run.requests_per_second, (cpu_seconds(pid) - used) / len(requests))


def run_on(port: int, requests: list[Request]) -> Run:
    """Drives the server at the port; ends the program on a wrong answer."""
    run = asyncio.run(drive("127.0.0.1", port, requests, CONNECTIONS))
    if run.wrong:
        sys.exit("bench: an unexpected answer\n" + run.wrong[0])
    return run
