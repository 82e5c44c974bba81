"""Orders that name a quote: it must hold to the minor unit, and one order takes it."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from contracts import errors
from contracts.v1.orders import OrderRequest
from contracts.v1.quotes import Quote, QuoteRequest
from gateway.database import Database, Query
from gateway.kit.caller import Caller
from gateway.products.offer_files import PlanEntry
from gateway.products.package_files import PackageFile
from gateway.products.quotes.facts import Told
from gateway.products.service import Quotes
from tests.conftest import SetClock
from tests.gateway.orders.story import ORDERS, Story, entry, line, package
from tests.gateway.products.quotes.counter import Shelf, money

CODE = "account-on-credit"
AT_ONCE = 20


def on_credit() -> PackageFile:
    """An account that the gateway can open, with a plan, so that an order of it needs a quote."""
    plain = package(CODE, ("vault", "box", True))
    plan = PlanEntry(
        code="months_12",
        component="box",
        method="flat_fee",
        terms=12,
        principal_min=1,
        principal_max=10**9,
        rate_monthly="0.0050",
    )
    return replace(plain, plan=(plan,))


class Taken(msgspec.Struct, frozen=True):
    order_id: str | None
    customer_id: str | None


TAKEN = Query("select order_id, customer_id from quote where quote_id = :quote_id", Taken)


class Till:
    """A story with a counter for quotes beside it."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        sold = on_credit()
        self.story = Story(database, clock, packages=(sold,))
        self.quotes = Quotes(database, Shelf(sold), self.story.idempotency, self.story.audit)
        self.keys = 0

    async def quote(self, partner_id: str = "par_metro", amount: int = 600_000) -> Quote:
        self.keys += 1
        caller = Caller(
            partner_id=partner_id,
            client_id=f"cli_{partner_id}",
            scope=frozenset(("instalment.quote",)),
            at=self.story.clock.now(),
            interaction_id="00000000-0000-4000-8000-000000000001",
        )
        body = {"component": "box", "order": {"reference": "order-1", "amount": money(amount)}}
        request = msgspec.convert(body, QuoteRequest)
        made = await self.quotes.quote(CODE, request, Told(), caller, f"quote-{self.keys}")
        return msgspec.json.decode(made.body, type=Quote)

    async def consent(self, quote: Quote, login: str = "lin", **changes: Any) -> Caller:
        """A consent as the customer would give it to an entry that names the quote."""
        named = {
            "quote": quote.quote_id,
            "plan": "months_12",
            "amount": money(quote.amount.minor_units),
        }
        asked = entry("box", "open", package=CODE) | named | changes
        return await self.story.consent(login, [asked])

    async def place(self, caller: Caller, key: str = "key-1", reference: str = "order-1") -> Any:
        request = OrderRequest(package=CODE, version="1.0.0", reference=reference)
        return (await self.story.place(caller, key, request)).order


@pytest.fixture
def till(database: Database, clock: SetClock) -> Till:
    return Till(database, clock)


async def test_the_line_keeps_the_schedule_it_was_quoted(till: Till) -> None:
    quote = await till.quote()
    order = await till.place(await till.consent(quote))
    assert order.status == "active"
    assert line(order, "box").schedule_digest == quote.plans[0].digest
    taken = await till.story.database.find(TAKEN, quote_id=quote.quote_id)
    assert taken == Taken(order.order_id, "cus_lin")


@pytest.mark.parametrize(
    ("changes", "reference"),
    [
        ({"amount": money(600_001)}, "order-1"),
        ({"amount": money(599_999)}, "order-1"),
        ({"plan": "months_24"}, "order-1"),
        ({}, "order-2"),
    ],
)
async def test_one_minor_unit_or_another_order_is_refused(
    till: Till, changes: dict[str, Any], reference: str
) -> None:
    caller = await till.consent(await till.quote(), **changes)
    for _ in range(2):
        with pytest.raises(errors.QuoteMismatch):
            await till.place(caller, reference=reference)
    assert await till.story.count(ORDERS) == 0


async def test_another_partners_and_an_expired_quote_are_refused(till: Till) -> None:
    with pytest.raises(errors.QuoteMismatch):
        await till.place(await till.consent(await till.quote("par_other")))
    caller = await till.consent(await till.quote())
    till.story.clock.advance(600)
    with pytest.raises(errors.QuoteExpired):
        await till.place(caller, "key-2")
    assert await till.story.count(ORDERS) == 0


async def test_an_order_finds_its_quote_taken(till: Till) -> None:
    quote = await till.quote()
    first = await till.consent(quote)
    order = await till.place(first)
    with pytest.raises(errors.OrderExists) as caught:
        await till.place(first, "key-2")
    assert caught.value.extras["order_id"] == order.order_id
    # Another consent of the same customer has no order of its own to be sent to.
    with pytest.raises(errors.QuoteMismatch):
        await till.place(await till.consent(quote), "key-3")


async def test_of_orders_at_once_one_takes_the_quote(till: Till) -> None:
    quote = await till.quote()
    callers = [await till.consent(quote) for _ in range(AT_ONCE)]
    done = await asyncio.gather(
        *(till.place(caller, f"key-{place}") for place, caller in enumerate(callers)),
        return_exceptions=True,
    )
    assert Counter(type(each).__name__ for each in done) == {
        "Order": 1,
        "QuoteMismatch": AT_ONCE - 1,
    }
    assert await till.story.count(ORDERS) == 1


async def test_a_component_without_code_behind_it_is_refused_before_anything(
    database: Database, clock: SetClock
) -> None:
    plain = package("something-new", ("vault", "box", True))
    unknown = replace(
        plain, component=tuple(replace(part, type="hologram") for part in plain.component)
    )
    tale = Story(database, clock, packages=(unknown,))
    caller = await tale.consent(details=[entry("box", "open", package="something-new")])
    request = OrderRequest(package="something-new", version="1.0.0", reference="order-1")
    with pytest.raises(errors.PackageNotOrderable) as caught:
        await tale.place(caller, request=request)
    assert caught.value.extras["component"] == "box"
    assert await tale.count(ORDERS) == 0
