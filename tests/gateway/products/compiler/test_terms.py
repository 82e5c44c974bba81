"""One partner's terms may be stricter than the package and never looser than the law."""

from typing import Any

import pytest

from gateway.products.applied_terms import with_terms
from gateway.products.compiler.check import compile_terms
from gateway.products.terms_files import LimitTerm, PlanTerm, PriceTerm, TermsFile
from tests.gateway.products.compiler.conftest import (
    CREDIT,
    PURSE,
    context,
    package_of,
    problems_of_terms,
)
from tests.gateway.products.compiler.test_checks import LICENSED, insurance


def of_purse(lines: str) -> list[tuple[str, str]]:
    return problems_of_terms(lines, package_of(PURSE, *insurance("LICENSED", LICENSED)))


def of_credit(lines: str) -> list[tuple[str, str]]:
    return problems_of_terms(lines, package_of(CREDIT))


def bound(code: str, line: str, component: str = "purse") -> str:
    return f'[[limit]]\ncomponent = "{component}"\ncode = "{code}"\n{line}'


@pytest.mark.parametrize(
    "lines",
    [
        "",
        'licences = ["insurance_intermediary"]\nembed = ["more"]',
        'withheld = ["ride", "more"]',
        bound("balance", "minor_units = 200_000"),
        bound("balance", "minor_units = 1"),
        '[[price]]\ncode = "account_fee"\nminor_units = 100',
    ],
)
def test_terms_within_the_package_are_taken(lines: str) -> None:
    assert of_purse(lines) == []


@pytest.mark.parametrize(
    ("lines", "path", "rule"),
    [
        ('embed = ["more"]', "$.embed[0]", "CN-INS-01"),
        ('licences = ["fund_sales"]\nembed = ["more"]', "$.embed[0]", "CN-INS-01"),
        ('embed = ["purse"]', "$.embed[0]", "TS-CATALOGUE-01"),
        ('embed = ["sack"]', "$.embed[0]", "TS-CATALOGUE-01"),
        ('withheld = ["purse"]', "$.withheld[0]", "TS-CATALOGUE-01"),
        ('withheld = ["sack"]', "$.withheld[0]", "TS-CATALOGUE-01"),
        (bound("balance", "minor_units = 200_001"), "$.limit[0]", "CN-ACC-04"),
        (bound("balance", 'rate = "0.1"'), "$.limit[0]", "TS-CATALOGUE-01"),
        (bound("balance", "minor_units = 1", "ride"), "$.limit[0]", "TS-CATALOGUE-01"),
        ('[[price]]\ncode = "account_fee"\nrate = "0.1"', "$.price[0]", "TS-CATALOGUE-01"),
        ('[[price]]\ncode = "account_fee"', "$.price[0]", "TS-CATALOGUE-01"),
        ('[[price]]\ncode = "sack"\nminor_units = 1', "$.price[0]", "TS-CATALOGUE-01"),
    ],
)
def test_terms_are_refused_where_and_why(lines: str, path: str, rule: str) -> None:
    assert of_purse(lines) == [(path, rule)]


def test_credit_is_for_partners_on_the_list_and_others_must_not_see_it() -> None:
    assert of_credit("listed = true") == []
    assert of_credit("listed = false") == [("$.listed", "CN-LOAN-05")]
    assert of_credit("listed = false\nvisible = false") == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ('[[plan]]\ncode = "twelve"\nrate_monthly = "0.0110"', []),
        ('[[plan]]\ncode = "other"\nrate_monthly = "0.0110"', [("$.plan[0]", "TS-CATALOGUE-01")]),
        ('[[plan]]\ncode = "twelve"\nrate_annual = "0.1"', [("$.plan[0]", "TS-CATALOGUE-01")]),
        # Dearer than the ceiling, and dearer than the tile says.
        (
            '[[plan]]\ncode = "twelve"\nrate_monthly = "0.0166"',
            [("$.plan[0]", "CN-LOAN-06"), ("$.plan", "CN-LOAN-09")],
        ),
    ],
)
def test_the_ceiling_of_costs_holds_for_terms_too(lines: str, found: list[tuple[str, str]]) -> None:
    assert of_credit(f"listed = true\n{lines}") == found


def test_a_partners_fee_counts_into_the_yearly_cost() -> None:
    fee = ("minor_units = 0", 'minor_units = 0\ncomponent = "line"')
    package = package_of(CREDIT, fee)
    assert problems_of_terms("listed = true", package) == []
    dear = problems_of_terms(
        'listed = true\n[[price]]\ncode = "early_settlement"\nminor_units = 1_000', package
    )
    assert ("$.price", "CN-LOAN-06") in dear


def test_terms_of_another_version_change_nothing() -> None:
    package = package_of(PURSE)
    other = TermsFile(partner="wayfare", package=package.code, version="9.9.9", revision=1)
    (problem,) = compile_terms(other, package, context())
    assert problem.path == "$.package"


def test_applied_terms_change_what_they_name_and_nothing_else() -> None:
    package = package_of(CREDIT)
    terms = _terms(
        limit=(LimitTerm(component="line", code="exposure", minor_units=7),),
        price=(PriceTerm(code="early_settlement", minor_units=5),),
        plan=(PlanTerm(code="twelve", rate_monthly="0.0001"),),
    )
    changed = with_terms(terms, package)
    assert changed.component[0].limit[0].minor_units == 7
    assert changed.component[0].limit[1:] == package.component[0].limit[1:]
    assert (changed.price[0].minor_units, changed.plan[0].rate_monthly) == (5, "0.0001")
    assert (changed.plan[0].terms, changed.tile) == (12, package.tile)
    assert with_terms(_terms(), package) == package


def _terms(**given: Any) -> TermsFile:
    return TermsFile(partner="p", package="small-credit", version="1.0.0", revision=1, **given)
