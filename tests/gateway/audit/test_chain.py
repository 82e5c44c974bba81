"""The chain is plain SHA-256 over RFC 8785 JSON: repeatable without this code."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

from gateway.audit.chain import GENESIS, AuditRecord, extend, link_hash

RECORD = AuditRecord(
    record_id="aud_1",
    recorded_at=datetime(2026, 11, 24, 2, 0, tzinfo=UTC),
    action="order.place",
    actor="client:cli_1",
    partner_id="par_1",
    client_id="cli_1",
    subject=None,
    resource="ord_1",
    decision="allow",
    rules='["CN-ACC-04"]',
    rule_pack="2026.11",
    detail='{"note":"零钱 \\"x\\" \\u0001"}',
)


def test_a_link_is_repeated_with_the_standard_library() -> None:
    record = {
        "record_id": "aud_1",
        "recorded_at": "2026-11-24T02:00:00.000000Z",
        "action": "order.place",
        "actor": "client:cli_1",
        "partner_id": "par_1",
        "client_id": "cli_1",
        "subject": None,
        "resource": "ord_1",
        "decision": "allow",
        "rules": '["CN-ACC-04"]',
        "rule_pack": "2026.11",
        "detail": '{"note":"零钱 \\"x\\" \\u0001"}',
    }
    document = {"seq": 7, "prev_hash": GENESIS, "record": record}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert link_hash(7, GENESIS, RECORD) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_zone_a_time_was_written_in_does_not_matter() -> None:
    elsewhere = RECORD.recorded_at.astimezone(timezone(timedelta(hours=8)))
    moved = AuditRecord(**{**_members(RECORD), "recorded_at": elsewhere})
    assert link_hash(1, GENESIS, moved) == link_hash(1, GENESIS, RECORD)


def test_every_member_the_place_and_the_link_before_count() -> None:
    other = datetime(2026, 11, 24, 2, 0, 0, 1, tzinfo=UTC)
    variants = {
        link_hash(1, GENESIS, AuditRecord(**{**_members(RECORD), name: value}))
        for name in AuditRecord.__struct_fields__
        for value in [other if name == "recorded_at" else "changed"]
    }
    variants |= {link_hash(2, GENESIS, RECORD), link_hash(1, "f" * 64, RECORD)}
    variants.add(link_hash(1, GENESIS, RECORD))
    assert len(variants) == len(AuditRecord.__struct_fields__) + 3


def test_links_follow_one_another_from_the_beginning() -> None:
    first = extend(None, [RECORD, RECORD])
    second = extend(first[-1], [RECORD])
    assert [link.seq for link in first + second] == [1, 2, 3]
    assert [link.prev_hash for link in first + second] == [GENESIS, first[0].hash, first[1].hash]
    assert first + second == extend(None, [RECORD] * 3)


def _members(record: AuditRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in AuditRecord.__struct_fields__}
