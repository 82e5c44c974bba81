"""A worker that steps: at once while there is work, on through failures, until it is told."""

import asyncio

from gateway.kit.stepping import keep_stepping, pause


async def test_it_steps_on_while_there_is_work_and_ends_when_told() -> None:
    stop, left, failures = asyncio.Event(), [3, 2, 1, 0], list[Exception]()

    async def step() -> int:
        did = left.pop(0)
        if not left:
            stop.set()
        return did

    await asyncio.wait_for(keep_stepping(step, stop, failures.append), 0.5)
    assert (left, failures) == ([], [])


async def test_a_failing_step_is_told_and_does_not_end_it() -> None:
    stop, failures = asyncio.Event(), list[Exception]()
    broken = ValueError("broken")

    async def step() -> int:
        raise broken

    running = asyncio.create_task(keep_stepping(step, stop, failures.append))
    while not failures:
        await asyncio.sleep(0)
    assert failures == [broken] and not running.done()
    stop.set()
    await asyncio.wait_for(running, 0.5)


async def test_a_pause_ends_when_told() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(pause(stop, 60))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(waiting, 0.5)
    await pause(asyncio.Event(), 0)
