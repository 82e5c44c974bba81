"""Work that goes on beside the requests: deliveries, stalled orders, sealing, sweeping."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.kit.stepping import pause

Worker = Callable[[asyncio.Event], Awaitable[None]]
journal = structlog.get_logger("tessera.jobs")

_RESTART_SECONDS = 1.0


class Jobs:
    """Runs every worker until told to stop; one that fails is journalled and started again."""

    def __init__(self, workers: Mapping[str, Worker]) -> None:
        self._workers = dict(workers)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts every worker on the running loop."""
        for name, worker in self._workers.items():
            self._tasks.append(asyncio.create_task(self._keep_running(name, worker), name=name))

    async def stop(self, patience_seconds: float = 5.0) -> None:
        """Asks every worker to end, waits, and cancels those that do not."""
        self._stop.set()
        if not self._tasks:
            return
        _, slow = await asyncio.wait(self._tasks, timeout=patience_seconds)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    async def _keep_running(self, name: str, worker: Worker) -> None:
        while not self._stop.is_set():
            try:
                await worker(self._stop)
            except Exception as error:  # noqa: BLE001 - the gateway outlives a failing worker
                journal.error("job.failed", job=name, exc_info=error)
            await pause(self._stop, _RESTART_SECONDS)


def every(seconds: float, work: Callable[[], Awaitable[object]]) -> Worker:
    """A worker that does ``work`` now and then again every ``seconds``."""

    async def repeat(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await work()
            await pause(stop, seconds)

    return repeat
