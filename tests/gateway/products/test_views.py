"""What one partner may sell: its licences, its place on the list, and its own terms decide."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from contracts.errors import InvalidAuthorizationDetails, NotFound
from contracts.v1.packages import Package
from gateway.products.service import Catalogue, load_packages
from gateway.products.standing import Unproved
from gateway.products.stock import Stock
from gateway.products.terms_files import TermsFile, decode_terms
from gateway.rules.service import load_book
from tests.conftest import SetClock

AGENT = "insurance_intermediary"


class Partner(msgspec.Struct, frozen=True):
    """A partner whose licences end after 24 November 2026."""

    partner_id: str = "ptr_1"
    listed: bool = False
    licences: frozenset[str] = frozenset()

    def licences_on(self, day: date) -> frozenset[str]:
        return self.licences if day <= date(2026, 11, 24) else frozenset()


class Register(msgspec.Struct):
    """A register with one partner in it."""

    one: Partner

    async def standing(self, partner_id: str) -> Partner | None:
        return self.one if partner_id == self.one.partner_id else None


def terms(text: str) -> TermsFile:
    return decode_terms(
        f'kind = "terms"\npartner = "ptr_1"\nversion = "1.0.0"\nrevision = 1\n{text}'.encode(),
        "terms.toml",
    )


class Counter:
    """A catalogue with one partner before it."""

    def __init__(self, clock: SetClock, partner: Partner, *agreed: TermsFile) -> None:
        self.partner = partner
        self.catalogue = Catalogue(load_packages(), load_book(), clock, register=Register(partner))
        stock = self.catalogue._stock
        self.catalogue._stock = Stock(
            stock.packages, terms={(one.partner, one.package, one.version): one for one in agreed}
        )

    async def reads(self, code: str) -> Package:
        return await self.catalogue.read(code, "ptr_1")

    async def codes(self) -> list[str]:
        return [found.code for found in (await self.catalogue.list("ptr_1")).packages]

    def asks(self, code: str, *entries: tuple[str, str], **more: Any) -> None:
        self.catalogue.check_details(
            [
                {
                    "type": "urn:tessera:package-order",
                    "package": code,
                    "version": "1.0.0",
                    "component": component,
                    "actions": [action],
                    **more.get(component, {}),
                }
                for component, action in entries
            ],
            self.partner,
        )


def boundary(package: Package, component: str) -> str:
    return next(part.boundary for part in package.components if part.component == component)


def prices(package: Package) -> set[str]:
    return {price.code for price in package.prices}


async def test_without_a_licence_insurance_is_referred_and_has_no_price(clock: SetClock) -> None:
    package = await Counter(clock, Partner()).reads("travel-shield-fx")
    assert boundary(package, "ins") == "REFER"
    assert prices(package) == {"card_mode"}
    assert [(paid.basis, paid.components) for paid in package.commissions] == [
        ("technical_flat", ["card", "ins", "fx"])
    ]


async def test_with_the_licence_it_is_embedded_priced_and_paid_for(clock: SetClock) -> None:
    counter = Counter(clock, Partner(licences=frozenset({AGENT})))
    package = await counter.reads("travel-shield-fx")
    assert boundary(package, "ins") == "EMBED"
    assert prices(package) == {"card_mode", "insurance_premium"}
    # The licensed commission takes the place of the technical fee, for the insurance alone.
    assert [(paid.basis, paid.components) for paid in package.commissions] == [
        ("technical_flat", ["card", "fx"]),
        ("licensed_commission", ["ins"]),
    ]


async def test_a_licence_ends_with_its_last_bank_day(clock: SetClock) -> None:
    counter = Counter(clock, Partner(licences=frozenset({AGENT})))
    clock.at = clock.at.replace(hour=15, minute=59, second=59)
    assert boundary(await counter.reads("travel-shield-fx"), "ins") == "EMBED"
    clock.advance(1)
    assert boundary(await counter.reads("travel-shield-fx"), "ins") == "REFER"


async def test_credit_is_absent_for_partners_off_the_list(clock: SetClock) -> None:
    stranger, listed = Counter(clock, Partner()), Counter(clock, Partner(listed=True))
    assert "checkout-instalment" not in await stranger.codes()
    assert "checkout-instalment" in await listed.codes()
    with pytest.raises(NotFound):
        await stranger.reads("checkout-instalment")
    plans = (await listed.reads("checkout-instalment")).plans
    assert {plan.code: f"{100 * Decimal(plan.apr):.2f} %" for plan in plans} == {
        "months_3": "10.77 %",
        "months_6": "11.23 %",
        "months_12": "10.90 %",
        "months_24": "10.70 %",
    }


async def test_credit_cannot_be_asked_for_off_the_list_and_the_refusal_says_why(
    clock: SetClock,
) -> None:
    asked = (("line", "apply"), ("plan", "draw"), ("shield", "enable"))
    quoted = {
        "quote": "quo_1",
        "plan": "months_3",
        "amount": {"minor_units": 100_000, "currency": "CNY"},
    }
    with pytest.raises(InvalidAuthorizationDetails, match=r"partner\.not_listed.*CN-LOAN-05"):
        Counter(clock, Partner()).asks("checkout-instalment", *asked, plan=quoted)
    Counter(clock, Partner(listed=True)).asks("checkout-instalment", *asked, plan=quoted)


async def test_what_only_the_bank_may_offer_is_nowhere_in_a_partners_view(clock: SetClock) -> None:
    everything = Counter(clock, Partner(listed=True, licences=frozenset({AGENT})))
    package = await everything.reads("tuition-guard")
    assert [part.component for part in package.components] == ["escrow", "goal", "grow"]
    assert "定期".encode() not in msgspec.json.encode(package)
    public = await everything.catalogue.public_read("tuition-guard")
    assert "定期".encode() not in msgspec.json.encode(public)


async def test_terms_narrow_what_a_partner_sells_and_may_ask_for(clock: SetClock) -> None:
    narrow = terms(
        'package = "commuter-wallet"\nwithheld = ["sweep"]\n'
        '[[limit]]\ncomponent = "ride"\ncode = "per_debit"\nminor_units = 2_000\n'
        '[[price]]\ncode = "ride_fee"\nminor_units = 1\n'
    )
    counter = Counter(clock, Partner(), narrow)
    package = await counter.reads("commuter-wallet")
    assert [part.component for part in package.components] == ["vault", "purse", "ride"]
    ride = package.components[2]
    assert [limit.amount and limit.amount.minor_units for limit in ride.limits] == [2_000, 20_000]
    fee = next(price for price in package.prices if price.code == "ride_fee")
    assert fee.amount is not None
    assert fee.amount.minor_units == 1
    # What was published is one thing for all, whatever a partner sees of it.
    assert package.digest == (await Counter(clock, Partner()).reads("commuter-wallet")).digest

    def caps(most: int) -> dict[str, Any]:
        money = {"minor_units": most, "currency": "CNY"}
        return {"ride": {"per_debit_cap": money, "daily_cap": {**money, "minor_units": 9_000}}}

    parts = (("vault", "open"), ("purse", "open"), ("ride", "mandate"))
    counter.asks("commuter-wallet", *parts, **caps(2_000))
    with pytest.raises(InvalidAuthorizationDetails, match="limit of 2000"):
        counter.asks("commuter-wallet", *parts, **caps(2_001))
    with pytest.raises(InvalidAuthorizationDetails, match="no such component"):
        counter.asks("commuter-wallet", *parts, ("sweep", "refer"), **caps(2_000))


async def test_terms_change_a_plans_rate_and_its_yearly_cost(clock: SetClock) -> None:
    cheaper = terms(
        'package = "checkout-instalment"\nlisted = true\n'
        '[[plan]]\ncode = "months_12"\nrate_monthly = "0.0040"\n'
    )
    package = await Counter(clock, Partner(listed=True), cheaper).reads("checkout-instalment")
    rates = {plan.code: (plan.rate_monthly, plan.apr) for plan in package.plans}
    # The internal rate of 1/12 + 0.40 % of the principal, twelve times.
    assert rates["months_12"] == ("0.0040", "0.087451")
    assert rates["months_3"][0] == "0.0060"


async def test_terms_can_hide_a_package_from_one_partner(clock: SetClock) -> None:
    hidden = terms('package = "commuter-wallet"\nvisible = false\n')
    counter = Counter(clock, Partner(), hidden)
    assert "commuter-wallet" not in await counter.codes()
    with pytest.raises(InvalidAuthorizationDetails, match="not on sale"):
        counter.asks("commuter-wallet", ("vault", "open"))
    others = await counter.catalogue.list("ptr_2")
    assert "commuter-wallet" in {found.code for found in others.packages}


@pytest.mark.parametrize("invited", [True, False])
async def test_by_invitation_means_by_terms(clock: SetClock, invited: bool) -> None:
    agreed = [terms('package = "commuter-wallet"\n')] if invited else []
    counter = Counter(clock, Partner(), *agreed)
    stock = counter.catalogue._stock
    closed = {
        key: msgspec.structs.replace(package, visibility="invited")
        for key, package in stock.packages.items()
    }
    counter.catalogue._stock = msgspec.structs.replace(stock, packages=closed)
    assert ("commuter-wallet" in await counter.codes()) == invited
    assert counter.catalogue.public_list().packages == []


async def test_the_public_reads_no_commission_and_that_a_licence_decides(clock: SetClock) -> None:
    catalogue = Counter(clock, Partner()).catalogue
    package = await catalogue.public_read("travel-shield-fx")
    assert package.commissions == []
    assert boundary(package, "ins") == "LICENSED"
    assert prices(package) == {"card_mode"}
    codes = [found.code for found in catalogue.public_list("ecommerce").packages]
    assert codes == ["checkout-instalment"]
    with pytest.raises(NotFound):
        await catalogue.public_read("medical-prepay")


async def test_orders_learn_what_the_partner_may_not_sell(clock: SetClock) -> None:
    catalogue = Counter(clock, Partner()).catalogue
    plan = await catalogue.plan("checkout-instalment", "1.0.0", "ptr_1")
    assert plan is not None
    assert plan.unlisted == {"line", "plan"}
    travel = await catalogue.plan("travel-shield-fx", "1.0.0", "ptr_1")
    assert travel is not None
    assert [line.boundary for line in travel.lines] == ["EMBED", "REFER", "REFER"]


async def test_quotes_learn_it_too(clock: SetClock) -> None:
    counter = Counter(clock, Partner())
    shelved = await counter.catalogue.shelved("ptr_1", "checkout-instalment", None)
    assert shelved.unlisted == {"line", "plan"}
    assert str(shelved.ceiling) == "0.24"
    with pytest.raises(NotFound):
        await counter.catalogue.shelved("ptr_1", "checkout-instalment", "9.9.9")


def test_a_stranger_holds_nothing() -> None:
    nobody = Unproved("ptr_9")
    assert (nobody.listed, nobody.licences_on(date(2026, 11, 24))) == (False, frozenset())
