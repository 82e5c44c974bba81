"""The yearly cost: the published vectors, and the rate at which everything paid is worth what
was received."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.products.cost.apr import cost_of, monthly_rate, said, yearly_cost
from gateway.products.cost.fees import fees_at_draw
from gateway.products.cost.schedules import schedule_of
from gateway.products.offer_files import PlanEntry, PriceEntry
from gateway.products.words import Text
from tests.gateway.products.cost.plans import LENT, annuity, any_plan, even, flat

TEXT = Text("费用", "fee")
NEAR = Decimal("1e-9")


@pytest.mark.parametrize(
    ("terms", "rate", "principal", "per_cent"),
    [
        (12, "0.0050", 600_000, "10.90"),
        (3, "0.0060", 600_000, "10.77"),
        (6, "0.0055", 600_000, "11.23"),
        (24, "0.0048", 600_000, "10.70"),
        (12, "0.0110", 100_000, "23.53"),
        (12, "0.0166", 100_000, "34.94"),
    ],
)
def test_a_flat_fee_costs_about_twice_its_sum(
    terms: int, rate: str, principal: int, per_cent: str
) -> None:
    apr = yearly_cost(flat(terms, rate), principal).apr
    assert f"{apr * 100:.2f}" == per_cent


def test_interest_on_what_is_left_costs_its_own_rate() -> None:
    for one in (annuity(60, "0.0388"), even(60, "0.0388")):
        cost = yearly_cost(one, 15_000_000)
        assert abs(cost.apr - Decimal("0.0388")) < Decimal("1e-6")
        assert f"{cost.effective_rate:.4f}" == "0.0395"


def test_credit_that_costs_nothing_has_no_rate() -> None:
    assert yearly_cost(flat(12, "0"), 600_000).apr == 0
    assert yearly_cost(flat(12, "0.0050"), 600_000, subsidy=36_000).apr == 0


def test_a_fee_at_the_draw_makes_credit_dearer_and_a_subsidy_cheaper() -> None:
    one = flat(12, "0.0050")
    plain = yearly_cost(one, 600_000).apr
    assert yearly_cost(one, 600_000, fees=6_000).apr > plain
    assert yearly_cost(one, 600_000, subsidy=6_000).apr < plain


@pytest.mark.parametrize(("received", "payments"), [(0, [1]), (-5, [1]), (100, [50, 49]), (1, [])])
def test_what_has_no_rate_is_refused(received: int, payments: list[int]) -> None:
    with pytest.raises(ValueError, match="paid back"):
        monthly_rate(received, payments)


def test_a_rate_is_said_with_six_decimals() -> None:
    assert said(Decimal("0.10896449")) == "0.108964"
    assert said(Decimal("0.0000005")) == "0.000001"
    assert said(Decimal(0)) == "0.000000"


def test_only_what_is_due_at_the_draw_counts() -> None:
    one = flat(12, "0.0050")
    prices = [
        PriceEntry(code="opening", title=TEXT, component="plan", minor_units=500),
        PriceEntry(code="share", title=TEXT, rate="0.01", of="drawn_principal", minor_units=100),
        PriceEntry(code="late", title=TEXT, component="plan", rate="1.5", of="overdue_principal"),
        PriceEntry(code="elsewhere", title=TEXT, component="card", minor_units=9_000),
        PriceEntry(code="theirs", title=TEXT, component="plan", minor_units=70, payer="merchant"),
        PriceEntry(code="general", title=TEXT, minor_units=80),
    ]
    assert fees_at_draw(prices, one, 600_000) == 500 + 6_000
    # The amount beside a rate is the least.
    assert fees_at_draw(prices, one, 5_000) == 500 + 100


def worth(rate: Decimal, payments: tuple[int, ...]) -> Decimal:
    """The payments' present value, month by month; reckoned in another way than the search."""
    with localcontext() as context:
        context.prec = 80
        return sum(
            (Decimal(each) / (1 + rate) ** number for number, each in enumerate(payments, 1)),
            Decimal(0),
        )


@given(one=any_plan(), principal=LENT, fee=st.integers(0, 50))
def test_at_its_rate_what_is_paid_is_worth_what_was_received(
    one: PlanEntry, principal: int, fee: int
) -> None:
    received = principal - principal * fee // 100
    payments = schedule_of(one, principal).payments
    rate = cost_of(received, payments).monthly
    assert abs(worth(rate, payments) - received) <= NEAR * received
    # The root is bracketed to 1e-12: the rate is right, not only what it makes the payments worth.
    step = Decimal("1e-12")
    assert worth(rate + step, payments) < received
    assert rate < step or worth(rate - step, payments) > received


@given(rate=st.integers(1, 10**8), terms=st.integers(1, 60), received=st.integers(1, 10**9))
def test_the_rate_of_a_single_payment_is_found_exactly(
    rate: int, terms: int, received: int
) -> None:
    """Received once and paid back once: the rate is a root that can be taken directly."""
    paid = received + Fraction(received * rate, 10**8).__ceil__()
    found = monthly_rate(received, [0] * (terms - 1) + [paid])
    with localcontext() as context:
        context.prec = 80
        expected = (Decimal(paid) / received) ** (Decimal(1) / terms) - 1
    assert abs(found - expected) < Decimal("1e-18")


@given(one=any_plan(), principal=LENT, fees=st.integers(1, 1_000))
def test_dearer_credit_has_a_higher_rate(one: PlanEntry, principal: int, fees: int) -> None:
    schedule = schedule_of(one, principal)
    plain = cost_of(principal, schedule.payments)
    assert cost_of(principal - fees, schedule.payments).apr > plain.apr
    if schedule.charges:
        cheaper = schedule.subsidised(min(fees, schedule.charges))
        assert cost_of(principal, cheaper.payments).apr < plain.apr
    assert plain.effective_rate >= plain.apr >= 0


@given(
    principal=LENT,
    terms=st.integers(1, 120),
    rates=st.lists(st.integers(0, 20_000), min_size=2, max_size=2, unique=True),
)
def test_a_higher_fee_never_costs_less(principal: int, terms: int, rates: list[int]) -> None:
    low, high = (
        yearly_cost(flat(terms, f"{rate / 10**6:.6f}"), principal).apr for rate in sorted(rates)
    )
    assert low <= high
