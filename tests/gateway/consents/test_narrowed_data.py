"""A narrowing may take kinds of data out of an entry, and puts none in."""

from typing import Any

import pytest

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.consents.test_service import events_of

READING: dict[str, Any] = {
    "type": "urn:tessera:account-information",
    "datatypes": ["limits", "balance"],
}


@pytest.fixture
def consents(database: Database) -> Consents:
    return Consents(database, Events(database), Audit(load_book()))


async def reading(consents: Consents, database: Database, clock: SetClock) -> str:
    unit = Unit("test.grant")
    consent_id = consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_1",
        customer_id="cus_1",
        scope="account.balance.read account.limits.read",
        authorization_details=[READING],
        acr="urn:tessera:acr:two-factor",
        amr=["pin", "otp", "mfa"],
        at=clock.now(),
    )
    await database.commit(unit)
    return consent_id


@pytest.mark.parametrize("kind", ["limits", "balance"])
async def test_a_narrowing_may_leave_an_entry_with_fewer_kinds_of_data(
    consents: Consents, database: Database, clock: SetClock, kind: str
) -> None:
    consent_id = await reading(consents, database, clock)
    less = await consents.narrow(
        consent_id,
        "cus_1",
        scope=frozenset({f"account.{kind}.read"}),
        authorization_details=[READING | {"datatypes": [kind]}],
        at=clock.now(),
    )
    assert less.authorization_details == (READING | {"datatypes": [kind]},)
    (_, told) = await events_of(database, consent_id)
    assert told.data["authorization_details"] == list(less.authorization_details)


@pytest.mark.parametrize(
    "details",
    [
        [READING | {"datatypes": []}],
        [READING | {"datatypes": ["limits", "transactions"]}],
        [READING | {"datatypes": ["limits", "limits"]}],
        [READING | {"datatypes": ["limits"]}, READING | {"datatypes": ["balance"]}],
        [READING | {"datatypes": ["limits"], "accounts": "all"}],
        [READING | {"type": "urn:tessera:package-order", "datatypes": ["limits"]}],
        [{"datatypes": ["limits"]}],
    ],
)
async def test_an_entry_is_left_with_no_other_kinds_of_data_and_in_no_other_way(
    consents: Consents, database: Database, clock: SetClock, details: list[dict[str, Any]]
) -> None:
    consent_id = await reading(consents, database, clock)
    before = await consents.find(consent_id)
    with pytest.raises(errors.InvalidField):
        await consents.narrow(
            consent_id,
            "cus_1",
            scope=frozenset({"account.limits.read"}),
            authorization_details=details,
            at=clock.now(),
        )
    assert await consents.find(consent_id) == before
