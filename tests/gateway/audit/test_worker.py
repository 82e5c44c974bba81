"""The sealer links every record once, whoever competes and whenever it is killed."""

import asyncio
from pathlib import Path

import pytest

from gateway.audit.worker import BATCH_RECORDS
from gateway.database import Database
from tests.gateway.audit.ledger import Ledger, head_of


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Ledger:
    return Ledger(database, tmp_path / "heads" / "audit.jws")


async def test_records_are_sealed_in_order_and_the_head_is_signed(ledger: Ledger) -> None:
    await ledger.append("order.place", "order.cancel")
    assert await ledger.sealer.step() == 2
    assert await ledger.sealer.step() == 0
    report = await ledger.verify()
    assert report.intact, report.lines
    assert (report.sealed, report.heads, report.headed_seq, report.backlog) == (2, 1, 2, 0)


async def test_a_record_keeps_what_the_act_said(ledger: Ledger) -> None:
    await ledger.append("order.place")
    (record,) = await ledger.records()
    assert (record.action, record.actor, record.decision) == ("order.place", "system", "allow")
    assert (record.rules, record.detail, record.subject) == ('["CN-ACC-04"]', "{}", None)


async def test_a_long_backlog_is_sealed_batch_by_batch(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.append("a.b") for _ in range(BATCH_RECORDS + 5)))
    assert [await ledger.sealer.step() for _ in range(3)] == [BATCH_RECORDS, 5, 0]
    assert (await ledger.verify()).intact


async def test_unsealed_records_are_reported_as_backlog_and_not_as_a_fault(ledger: Ledger) -> None:
    await ledger.sealed("order.place")
    await ledger.append("order.cancel")
    report = await ledger.verify()
    assert report.intact
    assert report.backlog == 1
    assert "unsealed backlog: 1 records wait for the sealer" in report.lines


async def test_of_two_sealers_one_works_until_its_lease_runs_out(ledger: Ledger) -> None:
    other = ledger.make_sealer()
    await ledger.sealed("a.b")
    await ledger.append("c.d")
    assert await other.step() == 0
    ledger.clock.advance(31)
    assert await other.step() == 1
    await ledger.append("e.f")
    assert await ledger.sealer.step() == 0
    assert await other.step() == 1
    assert (await ledger.verify()).intact


async def test_two_sealers_at_the_same_instant_make_one_chain(ledger: Ledger) -> None:
    """The lease is taken away from both at every turn, so that they really collide."""
    other = ledger.make_sealer()
    sealed = 0
    for _ in range(10):
        await ledger.append("a.b", "c.d")
        ledger.clock.advance(31)
        sealed += sum(await asyncio.gather(ledger.sealer.step(), other.step()))
    ledger.clock.advance(31)
    sealed += await other.step()
    report = await ledger.verify()
    assert report.intact, report.lines
    assert sealed == report.sealed == 20


async def test_a_sealer_that_was_slower_than_its_lease_changes_nothing(ledger: Ledger) -> None:
    await ledger.sealed("a.b")
    await ledger.append("c.d")
    other = ledger.make_sealer()
    waiting = ledger.sealer._waiting

    async def overtaken() -> list[object]:
        found = await waiting()
        if ledger.sealer._leased_until is not None and found:
            ledger.clock.advance(31)
            await other.step()
        return found

    ledger.sealer._waiting = overtaken  # type: ignore[method-assign,assignment]
    assert await ledger.sealer.step() == 0
    assert (await ledger.verify()).intact


async def test_a_head_lost_in_a_crash_is_made_up_by_the_next_sealer(ledger: Ledger) -> None:
    await ledger.append("a.b")

    async def crash(_payload: bytes) -> str:
        raise RuntimeError("killed")

    ledger.sealer._sign = crash
    with pytest.raises(RuntimeError):
        await ledger.sealer.step()
    assert [what for what, _ in await ledger.findings()] == ["missing head"]
    ledger.clock.advance(31)
    assert await ledger.make_sealer().step() == 0
    assert (await ledger.verify()).intact


async def test_a_line_cut_short_by_a_power_failure_is_replaced(ledger: Ledger) -> None:
    await ledger.sealed("a.b")
    with ledger.heads.open("ab") as file:
        file.write(b"eyJhbGciOi")
    await ledger.sealed("c.d")
    assert (await ledger.verify()).intact


async def test_heads_are_a_chain_of_their_own(ledger: Ledger) -> None:
    await ledger.sealed("a.b", "c.d", "e.f")
    heads = [head_of(token) for token in ledger.heads.read_text().splitlines()]
    assert [head["seq"] for head in heads] == [1, 2, 3]
    assert len({head["previous"] for head in heads}) == 3


async def test_a_process_with_its_own_file_continues_there(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.sealed("a.b")
    ledger.clock.advance(31)
    elsewhere = tmp_path / "other.jws"
    assert await ledger.make_sealer(elsewhere).step() == 0
    ledger.heads = elsewhere
    assert (await ledger.verify()).intact


async def test_stopping_seals_the_rest_and_gives_the_lease_back(ledger: Ledger) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(ledger.sealer.run(stop))
    await ledger.append("a.b")
    stop.set()
    await asyncio.wait_for(running, 5)
    assert (await ledger.verify()).sealed == 1
    await ledger.append("c.d")
    assert await ledger.make_sealer().step() == 1
