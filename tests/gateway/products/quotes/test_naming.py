"""Naming a quote: one partner, one customer, one order, one amount, in time, and once."""

import asyncio
from collections import Counter as Tally
from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.v1.consents import PackageOrderDetail
from contracts.v1.quotes import Quote
from gateway.database import Database, Unit
from gateway.products.service import NamedQuotes
from tests.gateway.products.quotes.counter import Counter, entry, money

AT_ONCE = 200


async def check(counter: Counter, details: list[dict[str, Any]], partner: str = "par_shop") -> None:
    await counter.named.check(details, partner_id=partner, at=counter.clock.now())


async def bind(counter: Counter, named: dict[str, Any], customer_id: str) -> None:
    unit = Unit("test.bind")
    await counter.named.bind(
        unit, [named], partner_id="par_shop", customer_id=customer_id, at=counter.clock.now()
    )
    await counter.database.commit(unit)


async def take(
    counter: Counter, quote: Quote, order_id: str, customer_id: str = "cus_1", **changes: Any
) -> str | None:
    """What placing an order does: judged, then taken in a unit of its own."""
    at = counter.clock.now()
    digest = await counter.named.schedule_digest(
        msgspec.convert(entry(quote, "months_12"), PackageOrderDetail),
        partner_id="par_shop",
        customer_id=customer_id,
        reference=changes.get("reference", "order-1"),
        at=at,
    )
    unit = Unit("test.take")
    counter.named.take(unit, quote.quote_id, order_id=order_id, customer_id=customer_id, at=at)
    await counter.database.commit(unit)
    return digest


async def test_an_entry_that_says_what_was_quoted_passes(counter: Counter) -> None:
    quote = await counter.quote()
    await check(counter, [entry(quote, "months_12"), {"type": "urn:other"}])


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": money(600_001)},
        {"amount": money(599_999)},
        {"amount": money(600_000, "USD")},
        {"plan": "months_36"},
        {"component": "line"},
        {"version": "1.0.1"},
        {"package": "green-car-loan"},
        {"quote": "quo_unknown"},
    ],
)
async def test_whatever_differs_is_another_quote(counter: Counter, changes: dict[str, Any]) -> None:
    quote = await counter.quote()
    with pytest.raises(errors.QuoteMismatch):
        await check(counter, [entry(quote, "months_12", **changes)])


async def test_another_partners_quote_is_as_one_that_does_not_exist(counter: Counter) -> None:
    quote = await counter.quote()
    said = []
    for named in (entry(quote, "months_12"), entry(quote, "months_12", quote="quo_unknown")):
        with pytest.raises(errors.QuoteMismatch) as caught:
            await check(counter, [named], "par_other")
        said.append((caught.value.detail, caught.value.extras))
    assert said[0] == said[1]


async def test_a_quote_holds_for_ten_minutes(counter: Counter) -> None:
    quote = await counter.quote()
    counter.clock.advance(599)
    await check(counter, [entry(quote, "months_12")])
    counter.clock.advance(1)
    with pytest.raises(errors.QuoteExpired):
        await check(counter, [entry(quote, "months_12")])
    with pytest.raises(errors.QuoteExpired):
        await take(counter, quote, "ord_1")


async def test_another_amount_for_the_order_gives_earlier_quotes_up(counter: Counter) -> None:
    quote = await counter.quote()
    same = await counter.quote(terms=[12])
    await check(counter, [entry(quote, "months_12"), entry(same, "months_12")])
    await counter.quote(amount=600_001, reference="order-2")
    await check(counter, [entry(quote, "months_12")])
    latest = await counter.quote(amount=600_001)
    with pytest.raises(errors.QuoteMismatch, match="anew"):
        await check(counter, [entry(quote, "months_12")])
    await check(counter, [entry(latest, "months_12")])


async def test_the_first_customer_keeps_it(counter: Counter) -> None:
    quote = await counter.quote()
    named = entry(quote, "months_12")
    await bind(counter, named, "cus_1")
    await bind(counter, named, "cus_1")
    with pytest.raises(errors.QuoteMismatch, match="another customer"):
        await bind(counter, named, "cus_2")
    with pytest.raises(errors.QuoteMismatch, match="another customer"):
        await take(counter, quote, "ord_1", "cus_2")


async def test_a_customers_own_quote_is_nobody_elses(counter: Counter) -> None:
    quote = await counter.quote(counter.caller(customer_id="cus_1"))
    with pytest.raises(errors.QuoteMismatch, match="another customer"):
        await bind(counter, entry(quote, "months_12"), "cus_2")
    await bind(counter, entry(quote, "months_12"), "cus_1")


async def test_of_customers_at_once_one_gets_it(counter: Counter) -> None:
    quote = await counter.quote()
    named = entry(quote, "months_12")
    done = await asyncio.gather(
        *(bind(counter, named, f"cus_{place}") for place in range(20)), return_exceptions=True
    )
    assert Tally(type(each).__name__ for each in done) == {"NoneType": 1, "QuoteMismatch": 19}


async def test_an_order_keeps_the_digest_of_its_plan(counter: Counter) -> None:
    quote = await counter.quote()
    with pytest.raises(errors.QuoteMismatch, match="reference"):
        await take(counter, quote, "ord_1", reference="order-2")
    assert await take(counter, quote, "ord_1") == quote.plans[2].digest
    with pytest.raises(errors.QuoteMismatch, match="taken"):
        await check(counter, [entry(quote, "months_12")])
    # It is the order's now, whatever else is quoted and however long ago it was.
    await counter.quote(amount=1_000_000)
    counter.clock.advance(10 * 86_400)
    await counter.quotes.sweep(counter.clock.now())
    assert await counter.count() == 1


async def test_two_hundred_orders_at_once_and_one_takes_the_quote(counter: Counter) -> None:
    quote = await counter.quote()
    await check_one_wins(counter, [counter.named], quote)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_processes_at_once_and_one_takes_the_quote(
    counter: Counter, database_url: str
) -> None:
    other = await Database.connect(database_url)
    try:
        quote = await counter.quote()
        await check_one_wins(counter, [counter.named, NamedQuotes(other)], quote, other)
    finally:
        await other.close()


async def check_one_wins(
    counter: Counter, rooms: list[NamedQuotes], quote: Quote, *others: Database
) -> None:
    """Every unit was judged before the first of them is committed, so that only guards decide."""
    databases = (counter.database, *others)
    at = counter.clock.now()
    units = []
    for place in range(AT_ONCE):
        unit = Unit("test.take")
        rooms[place % len(rooms)].take(
            unit, quote.quote_id, order_id=f"ord_{place % 2}", customer_id="cus_1", at=at
        )
        units.append(databases[place % len(databases)].commit(unit))
    done = await asyncio.gather(*units, return_exceptions=True)
    kinds = Tally(type(each).__name__ for each in done)
    print(f"race: one quote: {dict(kinds)} of {AT_ONCE}")
    assert kinds == {"list": 1, "QuoteMismatch": AT_ONCE - 1}
