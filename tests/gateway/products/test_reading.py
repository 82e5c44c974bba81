"""Which texts must be read, for how long and by which rule, on which of the bank's days."""

from datetime import date

import pytest

from gateway.products.package_files import PackageFile
from gateway.products.service import DisclosureRules, Reading, load_packages, load_types, promised
from gateway.rules.service import load_book
from tests.credit import credit

JULY, AUGUST = date(2026, 7, 31), date(2026, 8, 1)


@pytest.fixture
def rules() -> DisclosureRules:
    return DisclosureRules(load_types(), load_book())


def reading(rules: DisclosureRules, package: PackageFile, on: date, *parts: str) -> Reading:
    return rules.reading(promised(package, load_book(), on), parts, on=on)


def test_a_text_that_no_rule_asks_for_is_read_for_as_long_as_its_package_wants(
    rules: DisclosureRules,
) -> None:
    read = reading(rules, credit(cost_table=True, seconds=3), JULY, "plan")
    assert [(text.disclosure.kind, text.seconds, text.rules) for text in read.texts] == [
        ("data_sharing", 0, ()),
        ("cost_table", 3, ()),
    ]
    assert (read.seconds, read.lacking, read.rules) == (3, (), ())


@pytest.mark.parametrize(("own", "seconds"), [(0, 8), (8, 8), (30, 30)])
def test_from_its_day_the_rule_sets_the_least_time(
    rules: DisclosureRules, own: int, seconds: int
) -> None:
    read = reading(rules, credit(cost_table=True, seconds=own), AUGUST, "plan")
    assert read.texts[1].rules == ("CN-LOAN-07",)
    assert (read.seconds, read.lacking) == (seconds, ())


def test_from_its_day_a_text_that_is_not_there_is_lacking(rules: DisclosureRules) -> None:
    package = credit(cost_table=False)
    assert reading(rules, package, JULY, "plan").lacking == ()
    read = reading(rules, package, AUGUST, "plan")
    assert [(lack.component, lack.kind, lack.rule) for lack in read.lacking] == [
        ("plan", "cost_table", "CN-LOAN-07")
    ]
    assert read.rules == ("CN-LOAN-07",)


def test_only_the_components_that_are_asked_for_count(rules: DisclosureRules) -> None:
    read = reading(rules, credit(cost_table=False), AUGUST, "another")
    assert read == Reading((), ())
    assert read.seconds == 0


def test_what_is_on_sale_lacks_nothing(rules: DisclosureRules) -> None:
    for package in load_packages():
        if package.status == "published":
            on = max(AUGUST, package.valid_from)
            read = reading(rules, package, on, *(part.id for part in package.offered))
            assert read.lacking == (), package.code
            assert read.rules, package.code
