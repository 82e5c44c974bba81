"""Making quotes: what they say, what they are refused for, and how often one may ask."""

import asyncio
from collections import Counter as Tally
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from contracts import errors
from contracts.v1.quotes import Quote
from gateway.products.digests import digest_of
from gateway.products.offer_files import PriceEntry
from gateway.products.quotes.service import LIFE, QUOTES_MOST
from gateway.products.words import Text
from tests.gateway.products.quotes.counter import AUDITED, Counter, money, wanted


async def test_a_quote_shows_every_plan_whole(counter: Counter) -> None:
    quote = await counter.quote()
    assert [plan.terms for plan in quote.plans] == [3, 6, 12, 24]
    assert [plan.apr[:6] for plan in quote.plans] == ["0.1076", "0.1122", "0.1089", "0.1069"]
    twelve = quote.plans[2]
    assert (twelve.charges.minor_units, twelve.total.minor_units) == (36_000, 636_000)
    assert len(twelve.instalments) == 12
    first = twelve.instalments[0]
    assert (first.payment, first.principal, first.charge, first.balance) == (
        *(53_000, 50_000, 3_000),
        550_000,
    )
    assert sum(each.payment for each in twelve.instalments) == twelve.total.minor_units
    assert quote.lender == "bank"
    assert "cost-table" in {text.code for text in quote.disclosures}
    assert quote.expires_at - quote.created_at == LIFE


async def test_only_the_terms_asked_for_are_quoted(counter: Counter) -> None:
    quote = await counter.quote(terms=[12, 3])
    assert [plan.terms for plan in quote.plans] == [3, 12]


async def test_the_digests_are_over_all_the_rest(counter: Counter) -> None:
    quote = await counter.quote()
    for whole in (quote, *quote.plans):
        members = msgspec.to_builtins(whole)
        said = members.pop("digest")
        assert digest_of(members) == said
    other = await counter.quote(amount=600_001)
    assert other.plans[0].digest != quote.plans[0].digest


async def test_a_subsidy_is_shown_apart_and_the_rate_is_the_customers(counter: Counter) -> None:
    plain = (await counter.quote(terms=[12])).plans[0]
    helped = (await counter.quote(terms=[12], fee_subsidy=money(18_000))).plans[0]
    assert (helped.charges, helped.subsidy.minor_units) == (plain.charges, 18_000)
    assert helped.total.minor_units == plain.total.minor_units - 18_000
    assert float(helped.apr) == pytest.approx(float(plain.apr) / 2, rel=0.02)
    whole = (await counter.quote(terms=[12], fee_subsidy=money(36_000))).plans[0]
    assert (whole.apr, whole.effective_rate) == ("0.000000", "0.000000")


async def test_a_plan_takes_a_subsidy_only_where_the_package_says_so(counter: Counter) -> None:
    package = counter.shelf.package
    plans = tuple(replace(plan, subsidy=plan.terms == 12) for plan in package.plan)
    counter.shelf.package = replace(package, plan=plans)
    assert await counter.quote(terms=[12], fee_subsidy=money(100))
    with pytest.raises(errors.InvalidField, match="months_3"):
        await counter.quote(terms=[3], fee_subsidy=money(100))


async def test_fees_at_the_draw_are_in_the_rate(counter: Counter) -> None:
    plain = (await counter.quote(terms=[12])).plans[0]
    fee = PriceEntry(code="opening", title=Text("费", "fee"), component="plan", minor_units=6_000)
    package = counter.shelf.package
    counter.shelf.package = replace(package, price=(*package.price, fee))
    dearer = (await counter.quote(terms=[12])).plans[0]
    assert dearer.fees_at_draw.minor_units == 6_000
    assert dearer.total.minor_units == plain.total.minor_units + 6_000
    assert float(dearer.apr) > float(plain.apr) + 0.015


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": 29_999}, errors.QuoteOutOfBounds),
        ({"amount": 5_000_001}, errors.QuoteOutOfBounds),
        ({"terms": [3, 36]}, errors.QuoteOutOfBounds),
        ({"component": "line"}, errors.InvalidField),
        ({"component": "nothing"}, errors.InvalidField),
        ({"fee_subsidy": money(36_000)}, errors.InvalidField),
        ({"fee_subsidy": money(100, "USD")}, errors.InvalidField),
        ({"told": {"merchant_id": 7}}, errors.InvalidField),
        ({"told": {"merchant_id": "x" * 141}}, errors.InvalidField),
        ({"told": {"device_risk_score": 7}}, errors.DirectFeedForbidden),
        ({"told": {"user_score": 7}}, errors.DirectFeedForbidden),
        ({"user_score": 7}, errors.DirectFeedForbidden),
        ({"merchant_id": "m-1"}, errors.DirectFeedForbidden),
        ({"told": {"diagnosis": "influenza"}}, errors.MemberForbidden),
    ],
)
async def test_a_refusal_is_the_keys_outcome(
    counter: Counter, changes: dict[str, Any], refusal: type[errors.GatewayError]
) -> None:
    package = counter.shelf.package
    known = replace(package.data, forbidden=("diagnosis",))
    counter.shelf.package = replace(package, data=known)
    body = wanted(**changes)
    refused = []
    for _ in range(2):
        with pytest.raises(refusal) as caught:
            await counter.send(body, key="the-key")
        refused.append(caught.value)
    first, again = refused
    assert (again.code, again.detail, again.extras) == (first.code, first.detail, first.extras)
    assert again.headers == {"Idempotent-Replayed": "true"}
    assert await counter.count() == 0
    (record,) = await counter.database.all(AUDITED)
    assert record.decision == "deny" and first.code in record.detail
    assert "CN-CRED-01" in record.rules and record.rule_pack


async def test_what_a_partner_must_not_send_is_in_no_record(counter: Counter) -> None:
    for told in ({"device_risk_score": "score-73915"}, {"secret-48213": "secret-48213"}):
        with pytest.raises(errors.DirectFeedForbidden) as caught:
            await counter.quote(told=told)
        said = f"{caught.value.detail} {caught.value.extras}"
        kept = "".join(record.detail for record in await counter.database.all(AUDITED))
        assert "73915" not in said + kept and "48213" not in said + kept


async def test_facts_that_the_package_asks_for_are_kept(counter: Counter) -> None:
    quote = await counter.quote(told={"sku_category": "phone", "merchant_id": "m-1"})
    assert quote.facts == {"merchant_id": "m-1", "sku_category": "phone"}


async def test_an_unlisted_partner_quotes_no_credit(counter: Counter) -> None:
    counter.shelf.unlisted["par_new"] = frozenset(("line", "plan"))
    with pytest.raises(errors.PartnerNotListed):
        await counter.quote(counter.caller("par_new"))
    assert await counter.quote(counter.caller("par_listed"))


@pytest.mark.parametrize("boundary", ["REFER", "LICENSED"])
async def test_what_is_referred_is_priced_by_nobody_but_the_bank(
    counter: Counter, boundary: Any
) -> None:
    package = counter.shelf.package
    counter.shelf.package = replace(
        package, component=tuple(replace(part, boundary=boundary) for part in package.component)
    )
    with pytest.raises(errors.QuoteReferred):
        await counter.quote()


async def test_a_plan_above_the_ceiling_is_not_quoted(counter: Counter) -> None:
    package = counter.shelf.package
    dear = replace(package.plan[2], rate_monthly="0.0166")
    counter.shelf.package = replace(package, plan=(dear,))
    with pytest.raises(errors.QuoteOutOfBounds) as caught:
        await counter.quote(amount=100_000)
    assert caught.value.extras["rule"] == "CN-LOAN-06"
    counter.shelf.package = replace(package, plan=(replace(dear, rate_monthly="0.0110"),))
    (allowed,) = (await counter.quote(amount=100_000)).plans
    assert allowed.apr == "0.235314"


async def test_an_unknown_package_has_no_price(counter: Counter) -> None:
    with pytest.raises(errors.NotFound):
        await counter.quote(version="9.9.9")


async def test_the_same_key_gives_the_same_bytes(counter: Counter) -> None:
    first = await counter.send(wanted(), key="once")
    counter.clock.advance(3)
    again = await counter.send(wanted(), key="once")
    assert (again.body, again.replayed, first.replayed) == (first.body, True, False)
    assert await counter.count() == 1
    for other in (wanted(amount=600_001), wanted(told={"merchant_id": "m-1"})):
        with pytest.raises(errors.IdempotencyKeyReused):
            await counter.send(other, key="once")


async def test_one_order_is_quoted_so_often_and_no_more(counter: Counter) -> None:
    sent = (counter.send(wanted(amount=600_000 + place)) for place in range(QUOTES_MOST + 5))
    done = await asyncio.gather(*sent, return_exceptions=True)
    kinds = Tally(type(each).__name__ for each in done)
    assert kinds == {"Quoted": QUOTES_MOST, "TooManyQuotes": 5}
    # Another order and another partner count for themselves; so does the day after.
    assert await counter.quote(reference="order-2")
    assert await counter.quote(counter.caller("par_other"))
    counter.clock.advance(86_401)
    assert await counter.quote()


async def test_quotes_are_forgotten_after_a_day(counter: Counter) -> None:
    await counter.quote()
    await counter.quotes.sweep(counter.clock.now())
    assert await counter.count() == 1
    counter.clock.advance(86_401)
    await counter.quotes.sweep(counter.clock.now())
    assert await counter.count() == 0


async def test_a_quote_decodes_as_its_contract(counter: Counter) -> None:
    quoted = await counter.send(wanted())
    quote = msgspec.json.decode(quoted.body, type=Quote)
    assert quote.quote_id == quoted.quote_id
