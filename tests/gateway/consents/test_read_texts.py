"""What a customer read is written with the consent, or not at all, and each text is kept once."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from gateway.audit.service import Audit
from gateway.consents.service import Consents, ShownText
from gateway.database import Database, Query, Stale, Unit
from gateway.events.service import Events
from gateway.rules.service import load_book
from tests.conftest import SetClock


class KeptRow(msgspec.Struct, frozen=True):
    text: str


TEXTS = Query("select digest as text from disclosure_text order by digest", KeptRow)
GRANTS = Query(
    "select rules || ' ' || detail as text from audit_record where action = 'consent.grant'",
    KeptRow,
)


@pytest.fixture
def consents(database: Database) -> Consents:
    return Consents(database, Events(database), Audit(load_book()))


@pytest.fixture
def table(clock: SetClock) -> ShownText:
    return ShownText(
        package="summer-credit",
        version="1.0.0",
        code="cost-table",
        disclosure_version="1",
        kind="cost_table",
        digest="a" * 64,
        language="zh-CN",
        text={"zh-CN": "费用", "en": "Costs"},
        shown_at=clock.now() - timedelta(seconds=9),
        rules=("CN-LOAN-07",),
    )


def granting(consents: Consents, unit: Unit, clock: SetClock, *read: ShownText) -> str:
    return consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_1",
        customer_id="cus_1",
        scope="order.read",
        authorization_details=[],
        acr="urn:tessera:acr:two-factor",
        amr=["pin", "otp", "mfa"],
        at=clock.now(),
        read=read,
    )


async def test_texts_are_kept_in_their_order_with_their_times_and_once_for_everybody(
    database: Database, clock: SetClock, consents: Consents, table: ShownText
) -> None:
    other = replace(table, code="a-note", kind="note", digest="b" * 64, rules=())
    kept = []
    for _ in range(2):
        unit = Unit("test.grant")
        kept.append(granting(consents, unit, clock, table, other))
        await database.commit(unit)
    for consent_id in kept:
        first, second = await consents.read_for(consent_id)
        assert (first.code, second.code) == ("cost-table", "a-note")
        assert (first.kind, first.language, first.text) == (table.kind, "zh-CN", table.text)
        assert (first.shown_at, first.agreed_at) == (table.shown_at, clock.now())
        assert first.seconds == 9.0
    assert [row.text for row in await database.all(TEXTS)] == ["a" * 64, "b" * 64]
    assert await consents.read_for("cns_another") == []


async def test_the_audit_of_the_approval_names_digests_and_rules(
    database: Database, clock: SetClock, consents: Consents, table: ShownText
) -> None:
    unit = Unit("test.grant")
    granting(consents, unit, clock, table)
    await database.commit(unit)
    (noted,) = await database.all(GRANTS)
    for expected in ("CN-PIPL-03", "CN-LOAN-07", table.digest, table.shown_at.isoformat()):
        assert expected in noted.text


async def test_an_approval_that_does_not_come_about_leaves_no_record(
    database: Database, clock: SetClock, consents: Consents, table: ShownText
) -> None:
    unit = Unit("test.grant")
    # The same text twice for one consent contradicts itself, and undoes all of it.
    consent_id = granting(consents, unit, clock, table, table)
    with pytest.raises(Stale):
        await database.commit(unit)
    assert await consents.find(consent_id) is None
    assert await consents.read_for(consent_id) == []
    assert await database.all(TEXTS) == []
