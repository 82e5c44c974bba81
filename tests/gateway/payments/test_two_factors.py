"""CN-API-04: money moves on two factors, the token's own or those behind the mandate."""

import msgspec
import pytest

from contracts import errors
from gateway.database import Database
from gateway.oauth.service import ONE_FACTOR, TWO_FACTOR
from tests.conftest import SetClock
from tests.gateway.orders.story import Story, line
from tests.gateway.payments.rider import Rider


async def rider_of(database: Database, clock: SetClock, *, approved: str) -> Rider:
    """A rider whose consent, and with it the mandate, was approved with so many factors."""
    tale = Story(database, clock)
    caller = await tale.consent(acr=approved)
    # The order moves money too, so its token is a strong one.
    placed = await tale.place(msgspec.structs.replace(caller, acr=TWO_FACTOR))
    return Rider(tale, caller, placed.order)


async def test_one_factor_everywhere_is_told_what_to_bring_and_leaves_the_key_free(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(database, clock, approved=ONE_FACTOR)
    assert line(rider.order, "ride").mandate_id
    with pytest.raises(errors.InsufficientUserAuthentication) as refused:
        await rider.debit(300, "k1")
    challenge = refused.value.headers["WWW-Authenticate"]
    assert f'acr_values="{TWO_FACTOR}"' in challenge
    assert refused.value.status == 401
    rider.caller = msgspec.structs.replace(rider.caller, acr=TWO_FACTOR)
    assert (await rider.debit(300, "k1")).payment.status == "settled"


async def test_a_mandate_approved_with_two_takes_a_lesser_token(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(database, clock, approved=TWO_FACTOR)
    for acr in (ONE_FACTOR, "", "urn:other"):
        rider.caller = msgspec.structs.replace(rider.caller, acr=acr)
        assert not (await rider.debit(100, f"k-{acr}")).replayed


async def test_another_consents_mandate_is_not_there_before_any_factor_is_asked(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(database, clock, approved=ONE_FACTOR)
    rider.caller = msgspec.structs.replace(rider.caller, consent_id="cns_other")
    with pytest.raises(errors.NotFound):
        await rider.debit(300, "k1")
