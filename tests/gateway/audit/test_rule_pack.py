"""Every record names the rules of the bank's day on which it was made."""

from datetime import UTC, datetime

import pytest

from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.rules.service import NoPackInForce, load_book
from tests.gateway.audit.ledger import RECORDS

LAST_OF_JULY = datetime(2026, 7, 31, 15, 59, 59, tzinfo=UTC)
FIRST_OF_AUGUST = datetime(2026, 7, 31, 16, 0, 0, tzinfo=UTC)


async def test_a_record_cites_the_pack_in_force_at_the_bank(database: Database) -> None:
    audit = Audit(load_book())
    for at in (LAST_OF_JULY, FIRST_OF_AUGUST):
        unit = Unit("test")
        audit.append(unit, action="order.place", actor="system", at=at)
        await database.commit(unit)
    assert [row.rule_pack for row in await database.all(RECORDS)] == ["2026.01", "2026.08"]


async def test_what_the_bank_decided_cites_the_pack_of_the_bank(database: Database) -> None:
    unit = Unit("test")
    Audit(load_book()).append(
        unit, action="payment.debit", actor="system", rule_pack="2026.01", at=FIRST_OF_AUGUST
    )
    await database.commit(unit)
    assert [row.rule_pack for row in await database.all(RECORDS)] == ["2026.01"]


def test_on_a_day_without_rules_nothing_is_recorded_and_so_nothing_happens() -> None:
    with pytest.raises(NoPackInForce):
        Audit(load_book()).append(
            Unit("test"), action="order.place", actor="system", at=datetime(2025, 1, 1, tzinfo=UTC)
        )
