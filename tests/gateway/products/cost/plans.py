"""Plans and amounts for tests: the shortest way to one, and every one that could be."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from gateway.products.offer_files import Method, PlanEntry

METHODS: tuple[Method, ...] = ("flat_fee", "equal_instalment", "equal_principal")
ANY_PRINCIPAL = st.integers(1, 10**11)
# Principals that a bank lends: large enough for a rounded minor unit to weigh little.
LENT = st.integers(10_000, 10**10)


def plan(method: Method, terms: int, **changes: Any) -> PlanEntry:
    usual: dict[str, Any] = {"principal_min": 1, "principal_max": 10**13}
    return PlanEntry(
        code="months", component="plan", method=method, terms=terms, **(usual | changes)
    )


def flat(terms: int, rate: str, **changes: Any) -> PlanEntry:
    return plan("flat_fee", terms, rate_monthly=rate, **changes)


def annuity(terms: int, rate: str, **changes: Any) -> PlanEntry:
    return plan("equal_instalment", terms, rate_annual=rate, **changes)


def even(terms: int, rate: str, **changes: Any) -> PlanEntry:
    return plan("equal_principal", terms, rate_annual=rate, **changes)


@st.composite
def any_plan(draw: st.DrawFn) -> PlanEntry:
    """Any method, term, rate up to 200 % a year, and months without a charge."""
    terms = draw(st.integers(1, 360))
    yearly = Decimal(draw(st.integers(0, 200_000_000))) / Decimal(10**8)
    free = draw(st.integers(0, 36))
    method = draw(st.sampled_from(METHODS))
    rate = f"{yearly / 12:.8f}" if method == "flat_fee" else f"{yearly:.8f}"
    name = "rate_monthly" if method == "flat_fee" else "rate_annual"
    return plan(method, terms, free_terms=free, **{name: rate})
