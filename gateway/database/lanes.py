"""Lanes: calls that arrive while a group is on its way form the next group.

One group is under way at a time, so a busy gateway pays one round trip and one durable commit
for many callers, and an idle one pays no waiting at all.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from contracts import errors
from gateway.database.statements import Unit


class Waiting(msgspec.Struct, frozen=True):
    """A unit and the future its caller waits on."""

    unit: Unit
    future: "asyncio.Future[list[Any]]"

    def answer(self, outcome: list[Any] | BaseException) -> None:
        """Wakes the caller, unless it has gone away."""
        if self.future.done():
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class Lane:
    """Groups units and hands them to ``run``, which must answer every one of the group."""

    def __init__(
        self,
        run: Callable[[list[Waiting]], Awaitable[None]],
        *,
        group_most: int = 64,
        queue_most: int = 20_000,
    ) -> None:
        self._run = run
        self._group_most = group_most
        self._queue_most = queue_most
        self._queue: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, unit: Unit) -> list[Any]:
        """Waits until the unit's group is durable; raises what undid the unit."""
        if len(self._queue) >= self._queue_most:
            raise errors.Overloaded("Too many requests wait for the database.")
        waiting = Waiting(unit, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flow())
        return await waiting.future

    async def drain(self) -> None:
        """Waits until nothing is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _flow(self) -> None:
        while self._queue:
            # One turn of the loop: whoever is ready to ask gets into this group, not the next.
            await asyncio.sleep(0)
            most = min(len(self._queue), self._group_most)
            group = [self._queue.popleft() for _ in range(most)]
            try:
                await self._run(group)
            except asyncio.CancelledError:
                self._refuse(group, errors.Unavailable("The gateway is stopping."))
                raise
            except Exception as error:  # noqa: BLE001 - every caller must be answered
                unknown = errors.Unavailable("The database did not confirm the change.")
                unknown.__cause__ = error
                self._refuse(group, unknown)

    @staticmethod
    def _refuse(group: list[Waiting], error: BaseException) -> None:
        for waiting in group:
            waiting.answer(error)


def missed(unit: Unit, index: int) -> Exception:
    """The exception that the statement at ``index`` of ``unit`` declares for a missed guard."""
    otherwise = unit.calls[index].otherwise
    return otherwise if isinstance(otherwise, Exception) else otherwise()
