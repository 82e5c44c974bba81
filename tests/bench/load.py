"""A load generator that costs little: prebuilt requests over a few keep-alive connections."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Request:
    """Bytes ready to send, and the only status that counts as right."""

    wire: bytes
    expected: int


@dataclass
class Run:
    """What one run measured; ``latencies`` are in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def requests_per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class _Connection(asyncio.Protocol):
    """One request at a time; the next leaves as soon as the answer is whole."""

    def __init__(self, requests: Iterator[Request], run: Run) -> None:
        self._requests = requests
        self._run = run
        self._buffer = bytearray()
        self._head_end = 0
        self._length = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._head_end:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head_end = end + 4
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"content-length:")
            self._length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) >= self._head_end + self._length:
            self._answered()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _answered(self) -> None:
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        status = int(self._buffer[9:12])
        self._run.statuses[status] += 1
        if status != self._current.expected and len(self._run.wrong) < 3:
            self._run.wrong.append(bytes(self._buffer[:1200]).decode(errors="replace"))
        del self._buffer[: self._head_end + self._length]
        self._head_end = 0
        self._next()

    def _next(self) -> None:
        try:
            self._current = next(self._requests)
        except StopIteration:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._current.wire)


async def drive(host: str, port: int, requests: Sequence[Request], connections: int) -> Run:
    """Sends every request once over ``connections`` connections and measures each answer."""
    run = Run()
    queue = iter(requests)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(queue, run), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    run.seconds = time.perf_counter() - started
    return run
