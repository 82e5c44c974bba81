"""Orders know how to carry a part out by the kind and tier of its type, and by no name."""

from gateway.database import Database
from gateway.products.service import load_types
from tests.conftest import SetClock
from tests.gateway.orders.story import Story

CARRIED_OUT = {
    "account_t2",
    "account_t3",
    "account_t2_goal_pocket",
    "nfc_or_qr_pass",
    "autodebit_mandate",
}


async def test_types_are_carried_out_by_their_kind(database: Database, clock: SetClock) -> None:
    tale = Story(database, clock)
    codes = load_types().codes
    assert {code for code in codes if tale.orders.carries_out(code)} == CARRIED_OUT


async def test_a_type_that_nobody_knows_is_not_carried_out(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    assert not tale.orders.carries_out("account_t9")
