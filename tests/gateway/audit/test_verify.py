"""Every kind of tampering is found and named, with its place."""

import shutil
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from gateway.audit.chain import Seal, extend
from gateway.audit.verify import verify
from gateway.database import Database, Query, Statement
from tests.gateway.audit.ledger import Ledger

ALTER = Statement("update audit_record set decision = :decision where action = :action")
DELETE = Statement("delete from audit_record where action = :action")
DELETE_SEAL = Statement("delete from audit_seal where seq = :seq")
CUT_SEALS = Statement("delete from audit_seal where seq > :seq")
REPLACE_SEAL = Statement(
    "update audit_seal set record_id = :record_id, prev_hash = :prev_hash, hash = :hash"
    " where seq = :seq"
)
INSERT_SEAL = Statement(
    "insert into audit_seal (seq, record_id, prev_hash, hash)"
    " values (:seq, :record_id, :prev_hash, :hash)"
)
DROP_PENDING = Statement("delete from audit_pending")
SEALS = Query("select seq, record_id, prev_hash, hash from audit_seal order by seq", Seal)


@pytest.fixture
async def ledger(database: Database, tmp_path: Path) -> Ledger:
    ledger = Ledger(database, tmp_path / "audit.jws")
    await ledger.sealed("a.a", "b.b", "c.c", "d.d")
    assert (await ledger.verify()).intact
    return ledger


async def replace(ledger: Ledger, seal: Seal) -> None:
    await ledger.tamper(
        REPLACE_SEAL,
        seq=seal.seq,
        record_id=seal.record_id,
        prev_hash=seal.prev_hash,
        hash=seal.hash,
    )


async def test_an_altered_record(ledger: Ledger) -> None:
    await ledger.tamper(ALTER, action="b.b", decision="deny")
    (finding,) = (await ledger.verify()).findings
    assert (finding.what, finding.seq) == ("altered record", 2)
    (_, record, *_) = await ledger.records()
    assert finding.line == (
        f"altered record: audit_record {record.record_id} at seq 2:"
        " its content does not give the hash of its link"
    )


async def test_a_deleted_record(ledger: Ledger) -> None:
    await ledger.tamper(DELETE, action="c.c")
    assert await ledger.findings() == [("deleted record", 3)]


async def test_a_deleted_record_and_its_link(ledger: Ledger) -> None:
    await ledger.tamper(DELETE, action="c.c")
    await ledger.tamper(DELETE_SEAL, seq=3)
    assert ("deleted seal", 3) in await ledger.findings()


async def test_records_exchanged_between_links(ledger: Ledger) -> None:
    seals = await ledger.database.all(SEALS)
    first, second = seals[1], seals[2]
    await replace(ledger, Seal(2, "", first.prev_hash, first.hash))
    await replace(ledger, Seal(3, first.record_id, second.prev_hash, second.hash))
    await replace(ledger, Seal(2, second.record_id, first.prev_hash, first.hash))
    assert await ledger.findings() == [("reordered record", 2), ("reordered record", 3)]


async def test_links_exchanged(ledger: Ledger) -> None:
    seals = await ledger.database.all(SEALS)
    first, second = seals[1], seals[2]
    await replace(ledger, Seal(2, "", first.prev_hash, first.hash))
    await replace(ledger, Seal(3, first.record_id, first.prev_hash, first.hash))
    await replace(ledger, Seal(2, second.record_id, second.prev_hash, second.hash))
    findings = await ledger.findings()
    assert ("reordered or replaced seal", 2) in findings
    assert ("rewritten chain", 2) in findings


async def test_a_record_inserted_behind_the_gateway(ledger: Ledger) -> None:
    await ledger.append("x.x")
    await ledger.tamper(DROP_PENDING)
    assert await ledger.findings() == [("inserted record", None)]


async def test_a_record_inserted_with_a_link_of_its_own(ledger: Ledger) -> None:
    await ledger.append("x.x")
    await ledger.tamper(DROP_PENDING)
    last = (await ledger.database.all(SEALS))[-1]
    (link,) = extend(last, [(await ledger.records())[-1]])
    await ledger.tamper(
        INSERT_SEAL,
        seq=link.seq,
        record_id=link.record_id,
        prev_hash=link.prev_hash,
        hash=link.hash,
    )
    assert await ledger.findings() == [("missing head", 5)]


async def test_a_chain_computed_anew_after_an_alteration(ledger: Ledger) -> None:
    await ledger.tamper(ALTER, action="b.b", decision="deny")
    for link in extend(None, await ledger.records()):
        await replace(ledger, link)
    assert await ledger.findings() == [("rewritten chain", seq) for seq in (2, 3, 4)]


async def test_a_truncated_chain(ledger: Ledger) -> None:
    await ledger.tamper(CUT_SEALS, expect=2, seq=2)
    for action in ("c.c", "d.d"):
        await ledger.tamper(DELETE, action=action)
    assert await ledger.findings() == [("truncated chain", 3), ("truncated chain", 4)]


async def test_everything_deleted(ledger: Ledger) -> None:
    await ledger.tamper(CUT_SEALS, expect=4, seq=0)
    for action in ("a.a", "b.b", "c.c", "d.d"):
        await ledger.tamper(DELETE, action=action)
    assert await ledger.findings() == [("truncated chain", seq) for seq in (1, 2, 3, 4)]


async def test_a_record_deleted_while_it_waited(ledger: Ledger) -> None:
    await ledger.append("x.x")
    await ledger.tamper(DELETE, action="x.x")
    assert await ledger.findings() == [("deleted record", None)]


async def test_a_head_removed_from_the_middle_the_end_or_all(ledger: Ledger) -> None:
    lines = ledger.heads.read_text().splitlines(keepends=True)
    ledger.heads.write_text("".join([lines[0], *lines[2:]]))
    assert await ledger.findings() == [("missing head", 3)]
    ledger.heads.write_text("".join(lines[:-1]))
    assert await ledger.findings() == [("missing head", 4)]
    ledger.heads.unlink()
    assert await ledger.findings() == [("missing head", 1)]


async def test_a_head_signed_by_another_key_or_changed(ledger: Ledger) -> None:
    lines = ledger.heads.read_text().splitlines()
    forger = Ledger(ledger.database, ledger.heads)
    forged = await forger.sign(b'{"seq":4,"hash":"","at":"2026-11-24T02:00:00Z","previous":""}')
    for line in (forged, "nonsense", "", lines[3][:-2] + "AA", lines[3].replace(".", "")):
        ledger.heads.write_text("\n".join([*lines[:3], line]) + "\n")
        assert await ledger.findings() == [("forged head", None), ("missing head", 4)]


async def test_heads_of_a_retired_key_stay_valid_while_it_is_published(ledger: Ledger) -> None:
    retired = ledger.jwks["keys"]
    ledger.key = ECKey.generate_key("P-256")
    await ledger.sealed("e.e")
    assert [what for what, _ in await ledger.findings()] == ["forged head"] * 4
    keys = ledger.jwks["keys"] + retired
    seals = await ledger.database.all(SEALS)
    heads = ledger.heads.read_text().splitlines()
    assert verify(await ledger.records(), seals, heads, {"keys": keys}).intact


async def test_the_pure_check_agrees_and_reports_plainly(ledger: Ledger) -> None:
    records = await ledger.records()
    seals = await ledger.database.all(SEALS)
    heads = ledger.heads.read_text().splitlines()
    report = verify(records, seals, heads, ledger.jwks)
    assert report == await ledger.verify()
    assert report.lines[-1] == "audit: intact"
    lost = verify(records[1:], seals, heads, ledger.jwks, pending={"aud_x"})
    assert [finding.what for finding in lost.findings] == ["deleted record", "deleted record"]
    assert lost.lines[-1] == "audit: NOT intact, 2 findings"


async def test_an_empty_audit_is_intact() -> None:
    assert verify([], [], [], {"keys": []}).intact


async def test_heads_are_verified_from_a_copy(ledger: Ledger, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jws"
    shutil.copy(ledger.heads, copy)
    ledger.heads = copy
    assert (await ledger.verify()).intact
