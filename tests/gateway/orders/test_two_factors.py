"""CN-API-04: an order that moves money needs two factors, the token's or those of its consent."""

import msgspec
import pytest

from contracts import errors
from gateway.database import Database
from gateway.oauth.service import ONE_FACTOR, TWO_FACTOR
from tests.conftest import SetClock
from tests.gateway.orders.story import ORDERS, Story, wallet


@pytest.fixture
def story(database: Database, clock: SetClock) -> Story:
    return Story(database, clock)


async def test_one_factor_moves_no_money_and_leaves_the_key_free(story: Story) -> None:
    caller = await story.consent(acr=ONE_FACTOR)
    with pytest.raises(errors.InsufficientUserAuthentication) as refused:
        await story.place(caller)
    assert refused.value.status == 401
    assert f'acr_values="{TWO_FACTOR}"' in refused.value.headers["WWW-Authenticate"]
    assert await story.count(ORDERS) == 0
    stronger = msgspec.structs.replace(caller, acr=TWO_FACTOR)
    placed = await story.place(stronger)
    assert (placed.order.status, placed.replayed) == ("active", False)


@pytest.mark.parametrize("acr", [ONE_FACTOR, "", "urn:other"])
async def test_a_consent_approved_with_two_takes_a_lesser_token(story: Story, acr: str) -> None:
    caller = msgspec.structs.replace(await story.consent(acr=TWO_FACTOR), acr=acr)
    assert (await story.place(caller)).order.status == "active"


async def test_an_order_that_moves_no_money_asks_for_no_second_factor(story: Story) -> None:
    caller = await story.consent(acr=ONE_FACTOR, details=wallet(top_up=0))
    assert (await story.place(caller)).order.status == "active"


async def test_an_answer_that_was_given_is_given_again_to_a_lesser_token(story: Story) -> None:
    caller = await story.consent(acr=TWO_FACTOR)
    first = await story.place(caller)
    again = await story.place(msgspec.structs.replace(caller, acr=ONE_FACTOR))
    assert (again.body, again.replayed) == (first.body, True)
