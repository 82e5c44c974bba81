"""Schedules: the published vectors to the minor unit, and sums that hold for every plan."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.products.cost.schedules import Schedule, schedule_of
from gateway.products.cost.spreading import equal_parts, spread, whole
from gateway.products.offer_files import PlanEntry
from tests.gateway.products.cost.plans import ANY_PRINCIPAL, annuity, any_plan, even, flat, plan


@pytest.mark.parametrize(
    ("terms", "rate", "principal", "fee", "total"),
    [
        (12, "0.0050", 600_000, 3_000, 36_000),
        (3, "0.0060", 600_000, 3_600, 10_800),
        (12, "0.0110", 100_000, 1_100, 13_200),
        (12, "0.0166", 100_000, 1_660, 19_920),
    ],
)
def test_a_flat_fee_is_the_same_every_month(
    terms: int, rate: str, principal: int, fee: int, total: int
) -> None:
    schedule = schedule_of(flat(terms, rate), principal)
    assert {entry.charge for entry in schedule.instalments} == {fee}
    assert schedule.charges == total


def test_the_last_instalment_takes_what_rounding_left() -> None:
    schedule = schedule_of(flat(12, "0.0110"), 100_000)
    assert [entry.principal for entry in schedule.instalments] == [8_333] * 11 + [8_337]
    assert [entry.principal for entry in schedule_of(flat(3, "0.0060"), 600_000).instalments] == [
        200_000
    ] * 3


def test_a_car_is_paid_off_in_sixty_equal_instalments() -> None:
    schedule = schedule_of(annuity(60, "0.0388"), 15_000_000)
    assert schedule.payments == (275_436,) * 59 + (275_454,)
    assert schedule.charges == 1_526_178
    assert schedule.instalments[23].balance == 9_346_134


def test_equal_principal_pays_interest_on_what_is_left() -> None:
    schedule = schedule_of(even(3, "0.12"), 100_000)
    assert [(entry.principal, entry.charge) for entry in schedule.instalments] == [
        (33_333, 1_000),
        (33_333, 667),
        (33_334, 333),
    ]


def test_a_tiny_principal_is_paid_back_early_rather_than_twice() -> None:
    """Two a month is the nearest to 1.67: after fifty months there is nothing left to pay."""
    payments = schedule_of(annuity(60, "0"), 100).payments
    assert payments == (2,) * 50 + (0,) * 10
    # And where interest alone is more than the rounded instalment, no principal is added.
    schedule = schedule_of(annuity(360, "0.12"), 50)
    assert min(entry.principal for entry in schedule.instalments) == 0
    assert sum(entry.principal for entry in schedule.instalments) == 50


def test_nothing_is_charged_in_free_months() -> None:
    for one in (flat(6, "0.01", free_terms=2), annuity(6, "0.12", free_terms=2)):
        charges = [entry.charge for entry in schedule_of(one, 600_000).instalments]
        assert charges[:2] == [0, 0] and min(charges[2:]) > 0
    # Equal all the same: the free months are in the reckoning, not beside it.
    payments = schedule_of(annuity(6, "0.12", free_terms=2), 600_000).payments
    assert len(set(payments[:-1])) == 1 and abs(payments[-1] - payments[0]) <= 6


def test_a_split_gives_the_largest_remainder_its_unit() -> None:
    assert spread(10_001, [Decimal(part) for part in ("0.7", "0.2", "0.1")]) == (
        7_001,
        2_000,
        1_000,
    )
    assert spread(2, [1, 1, 1]) == (1, 1, 0)
    assert spread(0, [1, 0]) == (0, 0)


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0, 0]), (1, [2, -1])])
def test_a_split_over_nothing_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        spread(total, weights)


def test_a_half_goes_up() -> None:
    assert [whole(Decimal(text)) for text in ("0.5", "1.4999", "2.5", "0")] == [1, 1, 3, 0]


def test_a_subsidy_is_shown_apart_and_spread_over_the_charges() -> None:
    schedule = schedule_of(flat(3, "0.0060"), 600_000).subsidised(10_000)
    assert [(entry.charge, entry.subsidy, entry.payment) for entry in schedule.instalments] == [
        (3_600, 3_334, 200_266),
        (3_600, 3_333, 200_267),
        (3_600, 3_333, 200_267),
    ]
    with pytest.raises(ValueError, match="10800"):
        schedule_of(flat(3, "0.0060"), 600_000).subsidised(10_801)


def test_a_plan_that_says_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        schedule_of(plan("flat_fee", 3, rate_annual="0.1"), 100)
    with pytest.raises(ValueError, match="minor unit"):
        schedule_of(flat(3, "0.01"), 0)


def check_sums(one: PlanEntry, schedule: Schedule) -> None:
    """Whatever the plan: everything is paid back, to the minor unit, and nothing is negative."""
    entries = schedule.instalments
    assert len(entries) == one.terms
    assert sum(entry.principal for entry in entries) == schedule.principal
    assert min(min(entry.principal, entry.charge, entry.payment) for entry in entries) >= 0
    balance = schedule.principal
    for entry in entries:
        balance -= entry.principal
        assert entry.balance == balance
    assert balance == 0
    assert sum(schedule.payments) + schedule.subsidy == schedule.principal + schedule.charges
    assert all(entry.charge == 0 for entry in entries[: one.free_terms])


@given(one=any_plan(), principal=ANY_PRINCIPAL)
def test_every_schedule_sums_exactly(one: PlanEntry, principal: int) -> None:
    check_sums(one, schedule_of(one, principal))


@given(one=any_plan(), principal=ANY_PRINCIPAL, share=st.integers(0, 100))
def test_every_subsidised_schedule_sums_exactly(one: PlanEntry, principal: int, share: int) -> None:
    plain = schedule_of(one, principal)
    subsidised = plain.subsidised(plain.charges * share // 100)
    check_sums(one, subsidised)
    assert subsidised.subsidy == plain.charges * share // 100
    assert all(0 <= entry.subsidy <= entry.charge for entry in subsidised.instalments)


@given(one=any_plan(), principal=ANY_PRINCIPAL)
def test_instalments_are_equal_where_a_plan_says_so(one: PlanEntry, principal: int) -> None:
    schedule = schedule_of(one, principal)
    if one.method == "equal_instalment":
        # Each but the last, until a tiny principal is paid back early.
        running = [entry.payment for entry in schedule.instalments[:-1] if entry.balance > 0]
        charged = [entry.charge for entry in schedule.instalments]
        if running and max(charged) <= running[0]:
            assert len(set(running)) == 1
    else:
        parts = [entry.principal for entry in schedule.instalments]
        assert len(set(parts[:-1])) <= 1
        assert parts[-1] >= parts[0]


@given(total=st.integers(0, 10**13), weights=st.lists(st.integers(0, 10**6), min_size=1))
def test_every_split_sums_exactly_and_is_off_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    if sum(weights) == 0:
        weights = [*weights, 1]
    parts = spread(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@given(total=st.integers(0, 10**13), count=st.integers(1, 360))
def test_equal_parts_sum_exactly(total: int, count: int) -> None:
    assert sum(equal_parts(total, count)) == total
