"""With a client every consent to it ends: all of them, once, and nobody else's."""

from datetime import timedelta

from gateway.consents.service import Consents
from gateway.database import Database, Unit
from tests.conftest import SetClock
from tests.gateway.consents.test_service import consents, events_of, granted, records_of

__all__ = ["consents"]


async def other(consents: Consents, database: Database, clock: SetClock) -> str:
    unit = Unit("test.grant")
    consent_id = consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_2",
        customer_id="cus_1",
        scope="order.read",
        authorization_details=[],
        acr="urn:tessera:acr:two-factor",
        amr=["pin"],
        at=clock.now(),
    )
    await database.commit(unit)
    return consent_id


async def test_every_consent_of_the_client_ends_and_is_told(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    # More than are ended at once.
    live = [await granted(consents, database, clock, f"cus_{number}") for number in range(101)]
    await consents.pause(live[0], "cus_0", clock.now())
    revoked = await granted(consents, database, clock, "cus_101")
    await consents.revoke(revoked, "cus_101", clock.now())
    spared = await other(consents, database, clock)
    assert await consents.end_all("cli_1", actor="operator:ada", at=clock.now()) == 101
    for consent_id in live:
        consent = await consents.find(consent_id)
        assert consent is not None
        assert (consent.status, consent.revoked_by) == ("revoked", "bank")
        assert (await events_of(database, consent_id))[-1].type == "consent.revoked"
        assert await records_of(database, consent_id, "consent.revoke") == 1
    by_customer = await consents.find(revoked)
    assert by_customer is not None and by_customer.revoked_by == "customer"
    alive = await consents.find(spared)
    assert alive is not None and alive.status == "active"
    # Run again, as after an interruption.
    assert await consents.end_all("cli_1", actor="operator:ada", at=clock.now()) == 0


async def test_what_had_run_out_is_not_ended_again(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    later = clock.now() + consents.lifetime + timedelta(seconds=1)
    assert await consents.end_all("cli_1", actor="operator:ada", at=later) == 0
    assert await records_of(database, consent_id, "consent.revoke") == 0
