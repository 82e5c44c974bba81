"""Qualification: which lines can be taken, what is missing, and what to do about it."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.qualifications import QualificationContext
from gateway.corebank.port import CustomerFacts
from gateway.database import Database
from gateway.products.qualification.judging import Case, judge
from gateway.products.qualification.missing import MissingFile, MissingTable
from gateway.products.service import load_missing, load_packages, load_types
from gateway.rules.service import load_book
from tests import packs
from tests.conftest import SetClock
from tests.gateway.products.qualification.desk import (
    AUDITED,
    CHECKOUT,
    WALLET,
    Desk,
    Standing,
    line,
    missing,
    outcomes,
)

TRAVEL = "travel-shield-fx"


async def test_anybody_may_take_the_wallet_after_signing_in(desk: Desk) -> None:
    answer = await desk.ask(desk.anybody())
    assert (answer.about, answer.outcome, missing(answer)) == (
        "anybody",
        "available_after",
        ["identity.sign_in"],
    )
    assert [(part.component, part.boundary, part.required) for part in answer.lines] == [
        ("vault", "EMBED", True),
        ("purse", "EMBED", True),
        ("ride", "EMBED", True),
        ("sweep", "REFER", False),
    ]
    assert missing(answer, "sweep") == ["component.referred"]
    assert desk.bank.asked == desk.orders.asked == []


async def test_an_identified_customer_misses_nothing(desk: Desk) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol()))
    assert (answer.about, answer.outcome, answer.missing) == ("customer", "available", [])
    assert outcomes(answer) == {
        "vault": "available",
        "purse": "available",
        "ride": "available",
        "sweep": "available_after",
    }


async def test_a_step_up_is_asked_for_where_the_tier_asks_for_more(desk: Desk) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol("zhou")))
    assert answer.outcome == "available_after"
    assert missing(answer, "vault") == ["identity.step_up"]
    (step,) = line(answer, "vault").missing
    assert (step.reason_family, step.at) == ("identity", "bank_page")
    assert outcomes(answer)["purse"] == "available"


async def test_a_level_below_the_package_is_missed_by_all_of_it_and_said_once(desk: Desk) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol(kyc_level="L1")))
    assert missing(answer) == ["identity.level_too_low"]
    assert set(outcomes(answer).values()) == {"available_after"}
    assert missing(answer, "purse") == []


async def test_a_level_that_takes_a_meeting_sends_to_a_branch(
    database: Database, clock: SetClock
) -> None:
    wallet = next(package for package in load_packages() if package.code == WALLET)
    seen = replace(wallet, eligibility=replace(wallet.eligibility, kyc_level="L4"))
    desk = Desk(database, clock, (seen,))
    answer = await desk.ask(desk.customer(await desk.enrol()))
    assert [(lack.code, lack.at) for lack in answer.missing] == [("identity.in_person", "branch")]


async def test_no_account_left_is_a_limit_and_stops_what_draws_on_it(desk: Desk) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol("qian")))
    assert answer.outcome == "not_available"
    (reached,) = line(answer, "vault").missing
    assert (reached.code, reached.reason_family) == ("limit.reached", "limit")
    assert outcomes(answer)["purse"] == "available"
    customer_id = await desk.enrol()
    for number in range(5):
        await desk.sandbox.open_account(
            f"{customer_id}:{number}", customer_id=customer_id, tier="T3"
        )
    full = await desk.ask(desk.customer(customer_id))
    assert missing(full, "purse") == missing(full, "ride") == ["limit.reached"]
    assert outcomes(full)["vault"] == "available"


async def test_two_accounts_of_one_package_are_counted_together(
    database: Database, clock: SetClock
) -> None:
    wallet = next(package for package in load_packages() if package.code == WALLET)
    vault = wallet.component[0]
    second = replace(vault, id="second", required=False)
    told = tuple(
        replace(text, components=(*text.components, "second"))
        if "vault" in text.components
        else text
        for text in wallet.disclosure
    )
    # The optional one stands first in the file; the required one is served first.
    both = replace(wallet, component=(second, *wallet.component), disclosure=told)
    desk = Desk(database, clock, (both,))
    answer = await desk.ask(desk.customer(await desk.enrol(open_t2=4)))
    assert missing(answer, "second") == ["limit.reached"]
    assert missing(answer, "vault") == []
    assert answer.outcome == "available"


async def test_the_number_of_accounts_is_the_rule_packs(
    database: Database, clock: SetClock
) -> None:
    fewer = packs.with_figure(packs.shipped_file(), "CN-ACC-02", "t2_max", 1)
    desk = Desk(database, clock, rules=packs.book_of(fewer))
    answer = await desk.ask(desk.customer(await desk.enrol(open_t2=1)))
    assert missing(answer, "vault") == ["limit.reached"]
    assert answer.rule_pack == "2027.01"


@pytest.mark.parametrize("age", [14, 15])
async def test_who_is_too_young_is_told_no_and_nothing_else(desk: Desk, age: int) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol("qian", age=age, kyc_level="L0")))
    assert (answer.outcome, missing(answer)) == ("not_available", ["order.declined"])
    assert answer.missing[0].reason_family == "policy"
    assert [missing(answer, part) for part in ("vault", "purse", "ride")] == [[], [], []]


async def test_who_is_too_old_is_told_the_same(desk: Desk) -> None:
    old = await desk.ask(desk.customer(await desk.enrol(age=61), CHECKOUT), CHECKOUT)
    young = await desk.ask(desk.customer(await desk.enrol(age=17), CHECKOUT), CHECKOUT)
    assert old == young
    assert missing(old) == ["order.declined"]


async def test_credit_is_for_adults_by_its_family_also_in_a_package_for_all(desk: Desk) -> None:
    checkout = next(package for package in load_packages() if package.code == CHECKOUT)
    for_all = replace(checkout, eligibility=replace(checkout.eligibility, age_min=16))
    case = Case(
        package=for_all,
        parts=for_all.offered,
        context=QualificationContext(),
        about_customer=True,
        facts=CustomerFacts(kyc_level="L3", age=17, bound_class="T1", open_t2=0, open_t3=0),
    )
    judged = judge(
        case,
        types=load_types(),
        rules=load_book(),
        table=load_missing(),
        carries_out=desk.orders.carries_out,
        on=date(2026, 11, 24),
    )
    plan = next(part for part in judged.lines if part.component == for_all.plan[0].component)
    assert judged.missing == []
    assert [lack.code for lack in plan.missing] == ["order.declined"]


async def test_a_bound_account_of_another_class_is_mended_at_the_bank(desk: Desk) -> None:
    answer = await desk.ask(desk.customer(await desk.enrol("sun")))
    assert missing(answer, "vault") == ["identity.bound_account"]
    assert line(answer, "vault").missing[0].at == "bank_page"


async def test_a_customer_whom_the_bank_does_not_know_is_verified_first(desk: Desk) -> None:
    answer = await desk.ask(desk.customer("cus_nobody"))
    assert (answer.outcome, missing(answer)) == ("available_after", ["identity.not_verified"])


async def test_a_live_order_under_the_consent_is_a_duplicate(desk: Desk) -> None:
    caller = desk.customer(await desk.enrol())
    desk.orders.live.add((caller.consent_id or "", WALLET))
    answer = await desk.ask(caller)
    assert (answer.outcome, missing(answer)) == ("not_available", ["order.exists"])
    assert answer.missing[0].reason_family == "duplicate"


async def test_a_scenario_that_the_package_is_not_made_for(desk: Desk) -> None:
    answer = await desk.ask(desk.anybody(), context={"scenario": "marketplace"})
    assert answer.outcome == "not_available"
    assert missing(answer) == ["scenario.not_served", "identity.sign_in"]
    served = await desk.ask(desk.anybody(), context={"scenario": "travel_app"})
    assert missing(served) == ["identity.sign_in"]


@pytest.mark.parametrize(
    ("amount", "fits"),
    [(29_999, False), (30_000, True), (600_000, True), (5_000_000, True), (5_000_001, False)],
)
async def test_an_amount_is_held_against_the_plans(desk: Desk, amount: int, fits: bool) -> None:
    answer = await desk.ask(desk.anybody(), CHECKOUT, context={"amount": {"minor_units": amount}})
    bounded = [lack for part in answer.lines for lack in part.missing if lack.most is not None]
    assert (not bounded) is fits
    if bounded:
        checkout = next(package for package in load_packages() if package.code == CHECKOUT)
        assert bounded[0].least == Money(min(plan.principal_min for plan in checkout.plan))
        assert bounded[0].most == Money(max(plan.principal_max for plan in checkout.plan))


async def test_an_amount_is_held_against_the_cap_of_one_debit(desk: Desk) -> None:
    answer = await desk.ask(desk.anybody(), context={"amount": {"minor_units": 5_001}})
    assert missing(answer, "ride") == ["amount.not_allowed"]
    assert line(answer, "ride").missing[0].most == Money(5_000)


async def test_another_currency_is_refused(desk: Desk) -> None:
    with pytest.raises(errors.InvalidField, match="CNY"):
        await desk.ask(desk.anybody(), context={"amount": {"minor_units": 1, "currency": "USD"}})


async def test_a_licence_embeds_what_others_refer(desk: Desk) -> None:
    travel = next(package for package in load_packages() if package.code == TRAVEL)
    part = next(part for part in travel.component if part.boundary == "LICENSED")
    without = await desk.ask(desk.anybody(), TRAVEL)
    assert line(without, part.id).boundary == "REFER"
    assert missing(without, part.id) == ["component.referred"]
    desk.register.named["par_broker"] = Standing(
        "par_broker", licences=frozenset({part.licence or ""})
    )
    held = await desk.ask(desk.anybody("par_broker"), TRAVEL)
    assert line(held, part.id).boundary == "EMBED"
    assert missing(held, part.id) == []


async def test_credit_is_no_package_of_an_unlisted_partner(desk: Desk) -> None:
    desk.register.named["par_new"] = Standing("par_new", listed=False)
    assert (await desk.ask(desk.anybody(), CHECKOUT)).package == CHECKOUT
    said = []
    for code, request in (
        (CHECKOUT, {}),
        (CHECKOUT, {"version": "1.0.0"}),
        ("no-such-package", {}),
    ):
        with pytest.raises(errors.NotFound) as caught:
            await desk.ask(desk.anybody("par_new"), code, **request)
        said.append((str(caught.value), caught.value.extras))
    assert said[0] == said[1] == said[2]


async def test_what_is_not_sold_answers_as_what_does_not_exist(desk: Desk) -> None:
    draft = next(package.code for package in load_packages() if package.status == "draft")
    for code, request in ((draft, {}), ("x", {}), (WALLET, {"version": "9.9.9"})):
        with pytest.raises(errors.NotFound, match="no such package"):
            await desk.ask(desk.anybody(), code, **request)
    assert (await desk.ask(desk.anybody(), version="1.0.0")).version == "1.0.0"


async def test_the_banks_own_components_are_refused_like_unknown_ones(desk: Desk) -> None:
    package = next(
        package
        for package in load_packages()
        if package.status == "published"
        and any(part.boundary == "BANK_ONLY" for part in package.component)
    )
    hidden = next(part.id for part in package.component if part.boundary == "BANK_ONLY")
    said = []
    for name in (hidden, "no-such-component"):
        with pytest.raises(errors.InvalidField) as caught:
            await desk.ask(desk.anybody(), package.code, components=[name])
        said.append((str(caught.value), caught.value.extras))
    assert said[0] == said[1]
    answer = await desk.ask(desk.anybody(), package.code)
    assert hidden not in outcomes(answer)


async def test_only_the_optional_components_that_are_wanted_are_judged(desk: Desk) -> None:
    answer = await desk.ask(desk.anybody(), components=[])
    assert list(outcomes(answer)) == ["vault", "purse", "ride"]
    answer = await desk.ask(desk.anybody(), components=["sweep", "vault"])
    assert list(outcomes(answer)) == ["vault", "purse", "ride", "sweep"]


async def test_what_cannot_be_ordered_yet_is_said(desk: Desk) -> None:
    desk.orders.closed.add("account_t3")
    answer = await desk.ask(desk.customer(await desk.enrol()))
    assert answer.outcome == "not_available"
    assert missing(answer, "purse") == missing(answer, "ride") == ["component.unavailable"]
    assert line(answer, "purse").missing[0].reason_family == "technical"


async def test_a_package_for_businesses_sends_to_the_banks_page(desk: Desk) -> None:
    code = "merchant-settle"
    for caller in (desk.anybody(), desk.customer(await desk.enrol(age=14), code)):
        answer = await desk.ask(caller, code)
        assert "identity.business" in missing(answer)
    # A person's record decides nothing about a business.
    assert answer.outcome == "available_after"
    assert answer.conditions[0].code == "licence_valid"


async def test_a_consent_for_another_package_serves_no_other_purpose(desk: Desk) -> None:
    customer_id = await desk.enrol()
    for caller in (
        desk.customer(customer_id, CHECKOUT),
        replace(desk.customer(customer_id), authorization_details=()),
    ):
        with pytest.raises(errors.ConsentMismatch):
            await desk.ask(caller)
    with pytest.raises(errors.ConsentMismatch, match="version"):
        other = replace(
            desk.customer(customer_id),
            authorization_details=(
                {"type": "urn:tessera:package-order", "package": WALLET, "version": "1.0.1"},
            ),
        )
        await desk.ask(other, version="1.0.0")
    assert desk.bank.asked == []


async def test_the_bank_being_away_stops_only_questions_about_a_customer(desk: Desk) -> None:
    customer_id = await desk.enrol()
    desk.bank.fails_with = errors.CoreBankUnavailable()
    with pytest.raises(errors.CoreBankUnavailable):
        await desk.ask(desk.customer(customer_id))
    assert (await desk.ask(desk.anybody())).outcome == "available_after"
    # What was not decided is not on record.
    assert len(await desk.database.all(AUDITED)) == 1


async def test_an_answer_holds_for_ten_minutes_and_never_past_the_banks_day(
    desk: Desk, clock: SetClock
) -> None:
    clock.at = datetime(2026, 11, 24, 2, 0, 0, 999, tzinfo=UTC)
    answer = await desk.ask(desk.anybody())
    assert answer.valid_until == datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
    clock.at = datetime(2026, 11, 24, 15, 55, tzinfo=UTC)
    late = await desk.ask(desk.anybody())
    assert late.valid_until - clock.at == timedelta(minutes=5)


async def test_the_rules_are_those_of_the_banks_day(database: Database, clock: SetClock) -> None:
    pack = packs.with_figure(
        packs.shipped_file(),
        "TS-KYC-01",
        "t3_level",
        3,
        effective_from=date(2026, 11, 25),
    )
    desk = Desk(database, clock, rules=packs.book_of(pack))
    customer_id = await desk.enrol("zhou")
    # 23:59 and 00:00 of the bank, in the afternoon of UTC.
    for at, found in (
        (datetime(2026, 11, 24, 15, 59, tzinfo=UTC), []),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), ["identity.step_up"]),
    ):
        clock.at = at
        assert missing(await desk.ask(desk.customer(customer_id)), "purse") == found


async def test_every_answer_is_on_record_once_with_its_rules_and_pack(desk: Desk) -> None:
    customer_id = await desk.enrol("qian")
    await desk.ask(desk.anybody(), context={"scenario": "travel_app"})
    await desk.ask(desk.customer(customer_id))
    anybody, customer = await desk.database.all(AUDITED)
    assert (anybody.decision, anybody.subject) == ("allow", None)
    assert msgspec.json.decode(anybody.rules) == ["CN-WM-03", "TS-CATALOGUE-01"]
    assert (customer.decision, customer.subject) == ("deny", customer_id)
    assert set(msgspec.json.decode(customer.rules)) == {
        *("CN-ACC-02", "CN-ACC-07", "CN-WM-03", "TS-AGE-01", "TS-CATALOGUE-01", "TS-KYC-01"),
    }
    assert anybody.rule_pack == customer.rule_pack == "2026.08"
    detail = msgspec.json.decode(customer.detail)
    assert (detail["package"], detail["version"]) == (WALLET, "1.0.0")
    assert detail["lines"]["vault"] == "not_available"


def test_the_table_says_every_code_once() -> None:
    with pytest.raises(ValueError, match="every code"):
        MissingTable(MissingFile(()))
