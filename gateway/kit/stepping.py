"""Workers that step: they do what is due, pause where nothing is, and outlive a failing step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE_SECONDS: Final = 1.0
FAILURE_PAUSE_SECONDS: Final = 5.0


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits ``seconds``, or less when told to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def keep_stepping(
    step: Callable[[], Awaitable[int]],
    stop: asyncio.Event,
    failed: Callable[[Exception], object],
) -> None:
    """Steps until ``stop`` is set, at once again after a step that did something.

    Whatever a step raises goes to ``failed``, and the next one comes a little later.
    """
    while not stop.is_set():
        try:
            if await step():
                continue
        except Exception as error:  # noqa: BLE001 - a worker outlives every failure of a step
            failed(error)
            await pause(stop, FAILURE_PAUSE_SECONDS)
        else:
            await pause(stop, PAUSE_SECONDS)
