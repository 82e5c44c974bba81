"""Deliveries on real loopback servers: signed, retried, never lost and never holding others up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from gateway.database import Database, Statement, Unit
from gateway.webhooks.worker import LEASE
from tests.conftest import SetClock
from tests.gateway.webhooks.receivers import (
    AttemptState,
    Received,
    answer,
    receiving,
    room,
)


def verified(secret: str | None, received: Received) -> dict[str, object]:
    """The event, once the independent library has accepted the message."""
    assert secret is not None
    return standardwebhooks.Webhook(secret).verify(received.body, received.headers)


async def test_an_event_arrives_and_verifies_with_an_independent_library(
    database: Database,
) -> None:
    clock = SetClock(datetime.now(UTC))
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        endpoint = await webhooks.register(receiver)
        event_id = await webhooks.record()
        assert await webhooks.worker.step() == 2
        (received,) = receiver.received
        event = verified(endpoint.secret, received)
        assert received.headers["webhook-id"] == event["id"] == event_id
        assert received.headers["content-type"] == "application/json"
        assert event["data"] == {"note": "零钱 &=%+"}
        assert await webhooks.worker.step() == 0
        (delivery,) = await webhooks.deliveries()
        assert (delivery.status, delivery.attempts) == ("delivered", 1)
        assert await webhooks.attempts() == [AttemptState(1, 204, "answered 204")]


async def test_a_failure_is_retried_with_the_same_id_and_body_and_a_new_time(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving(answer(500), answer(200)) as receiver,
        room(database, clock, receiver) as webhooks,
    ):
        await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert delivery.due_at == clock.now() + timedelta(seconds=5)
        assert await webhooks.worker.step() == 0
        clock.advance(5)
        assert await webhooks.worker.step() == 1
        first, second = receiver.received
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        times = [int(message.headers["webhook-timestamp"]) for message in (first, second)]
        assert times[1] - times[0] == 5
        assert [attempt.answer_status for attempt in await webhooks.attempts()] == [500, 200]
        assert [delivery.status for delivery in await webhooks.deliveries()] == ["delivered"]


async def test_the_schedule_ends_after_ten_attempts_in_about_three_days(
    database: Database, clock: SetClock
) -> None:
    async with receiving(answer(500)) as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await webhooks.record()
        started = clock.now()
        while await webhooks.worker.step():
            (delivery,) = await webhooks.deliveries()
            ended = clock.now()
            clock.at = max(clock.at, delivery.due_at)
        assert (delivery.status, delivery.attempts) == ("exhausted", 10)
        assert timedelta(days=3) < ended - started < timedelta(days=4)


async def test_a_redirect_is_a_failure_and_is_not_followed(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving() as other,
        receiving(answer(302, f"Location: {other.url}")) as receiver,
        room(database, clock, receiver, other) as webhooks,
    ):
        await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert (delivery.status, delivery.outcome) == ("pending", "answered 302")
        assert other.received == []


async def test_gone_disables_the_endpoint_and_what_is_owed_to_it(
    database: Database, clock: SetClock
) -> None:
    async with receiving(answer(410)) as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        for _ in range(6):
            await webhooks.record()
        await webhooks.worker.step()
        await webhooks.record()
        await webhooks.worker.step()
        assert {delivery.status for delivery in await webhooks.deliveries()} == {"abandoned"}
        assert len(await webhooks.deliveries()) == 6
        assert len(receiver.received) == 4
        (endpoint,) = (await webhooks.webhooks.list(webhooks.caller())).endpoints
        assert endpoint.status == "disabled"
        assert len((await webhooks.events.feed("par_a", "", 10)).events) == 7


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(database: Database, clock: SetClock, status: int) -> None:
    async with (
        receiving(answer(status, "Retry-After: 120")) as receiver,
        room(database, clock, receiver) as webhooks,
    ):
        await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert delivery.due_at == clock.now() + timedelta(seconds=120)


async def test_a_slow_endpoint_is_given_up_and_never_holds_up_another(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving(b"") as slow,
        receiving() as quick,
        room(database, clock, slow, quick) as webhooks,
    ):
        worker = webhooks.make_worker(timeout_seconds=30, stop_grace_seconds=0.01)
        await webhooks.register(slow, "par_slow")
        await webhooks.register(quick, "par_quick")
        for number in range(12):
            await webhooks.record(f"acc_{number}", "par_slow")
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await slow.arrival.wait()
        for number in range(20):
            await webhooks.record(f"acc_q{number}", "par_quick")
        worker.nudge()
        async with asyncio.timeout(5):
            while sum(row.status == "delivered" for row in await webhooks.deliveries()) < 20:
                await asyncio.sleep(0.01)
        assert len(slow.received) <= 4
        # Attempts that do not end in the time of grace are cut off and made again later.
        stop.set()
        async with asyncio.timeout(1):
            await running
        statuses = [delivery.status for delivery in await webhooks.deliveries()]
        assert (statuses.count("delivered"), statuses.count("pending")) == (20, 12)


async def test_a_silent_endpoint_fails_in_time(database: Database, clock: SetClock) -> None:
    async with receiving(b"") as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.make_worker(timeout_seconds=0.05).step()
        (delivery,) = await webhooks.deliveries()
        assert (delivery.status, delivery.outcome) == ("pending", "no complete answer in time")


async def test_an_endpoint_that_is_down_is_retried(database: Database, clock: SetClock) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
    async with room(database, clock, receiver) as webhooks:
        await webhooks.record()
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert (delivery.status, delivery.outcome) == ("pending", "the connection was refused")


MOVE = Statement("update webhook_endpoint set url = :url")


async def test_an_address_is_checked_again_at_every_attempt(
    database: Database, clock: SetClock
) -> None:
    """The database holds a forbidden address: a name moved, or somebody wrote it there."""
    async with (
        receiving() as receiver,
        receiving() as inner,
        room(database, clock, receiver) as webhooks,
    ):
        await webhooks.register(receiver)
        unit = Unit("test")
        unit.add(MOVE, url=f"https://localhost:{inner.port}/")
        await database.commit(unit)
        await webhooks.record()
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert delivery.status == "pending"
        assert delivery.outcome == "the host is not on the open internet"
        assert inner.received == []


async def test_only_the_partners_own_endpoints_get_an_event(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving() as mine,
        receiving() as foreign,
        room(database, clock, mine, foreign) as webhooks,
    ):
        await webhooks.register(mine, "par_a")
        await webhooks.register(mine, "par_a", path="/too")
        await webhooks.register(foreign, "par_b")
        await webhooks.record(partner_id="par_a")
        assert await webhooks.worker.step() == 3
        assert len(mine.received) == 2
        assert mine.received[0].body == mine.received[1].body
        assert foreign.received == []


async def test_a_claim_whose_worker_died_is_taken_again_with_the_same_body(
    database: Database, clock: SetClock
) -> None:
    async with receiving(b"", answer(200)) as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await webhooks.record()
        dying = webhooks.make_worker(timeout_seconds=60)
        step = asyncio.create_task(dying.step())
        await receiver.arrival.wait()
        for task in dying._tasks:
            task.cancel()
        await step
        assert await webhooks.worker.step() == 0
        clock.advance(LEASE.total_seconds())
        assert await webhooks.worker.step() == 1
        assert [delivery.status for delivery in await webhooks.deliveries()] == ["delivered"]
        assert receiver.received[0].body == receiver.received[1].body


async def test_a_worker_slower_than_its_lease_records_nothing(
    database: Database, clock: SetClock
) -> None:
    async with receiving(b"", answer(200)) as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await webhooks.record()
        late = asyncio.create_task(webhooks.make_worker(timeout_seconds=0.3).step())
        await receiver.arrival.wait()
        clock.advance(LEASE.total_seconds())
        assert await webhooks.worker.step() == 1
        await late
        (delivery,) = await webhooks.deliveries()
        assert (delivery.status, delivery.attempts) == ("delivered", 1)


async def test_two_workers_share_the_work_without_doubling_it(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        recorded = [await webhooks.record(f"acc_{number % 5}") for number in range(60)]
        workers = [webhooks.make_worker() for _ in range(2)]
        while sum(await asyncio.gather(*(worker.step() for worker in workers))):
            pass
        arrived = [message.headers["webhook-id"] for message in receiver.received]
        assert sorted(arrived) == sorted(recorded)
        feed = await webhooks.events.feed("par_a", "", 100)
        assert sorted(event.id for event in feed.events) == sorted(recorded)


async def test_a_nudge_sends_at_once_and_stopping_lets_attempts_end(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        stop = asyncio.Event()
        running = asyncio.create_task(webhooks.worker.run(stop))
        await asyncio.sleep(0.05)
        await webhooks.record()
        webhooks.worker.nudge()
        async with asyncio.timeout(0.4):
            await receiver.arrival.wait()
        stop.set()
        async with asyncio.timeout(2):
            await running
        assert [delivery.status for delivery in await webhooks.deliveries()] == ["delivered"]


async def test_a_failing_database_does_not_end_the_worker(
    database: Database, clock: SetClock
) -> None:
    async with room(database, clock) as webhooks:
        turn, failures = webhooks.worker._turn, 0

        async def failing() -> int:
            nonlocal failures
            failures += 1
            if failures == 1:
                webhooks.worker.nudge()
                raise RuntimeError("the database is away")
            stop.set()
            return await turn()

        webhooks.worker._turn = failing  # type: ignore[method-assign]
        stop = asyncio.Event()
        async with asyncio.timeout(2):
            await webhooks.worker.run(stop)
        assert failures == 2


async def test_jitter_only_ever_delays(database: Database, clock: SetClock) -> None:
    async with receiving(answer(500)) as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.make_worker(chance=lambda: 0.5).step()
        (delivery,) = await webhooks.deliveries()
        assert delivery.due_at == clock.now() + timedelta(seconds=5.5)
