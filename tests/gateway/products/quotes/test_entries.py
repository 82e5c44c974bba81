"""What is repaid by a plan is asked for by quote, and nothing else is."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from contracts.errors import InvalidAuthorizationDetails
from contracts.v1.consents import PackageOrderDetail
from gateway.products.details import check_entries
from gateway.products.package_files import PackageFile
from tests.gateway.products.quotes.counter import CODE, TYPE, checkout, money

NAMED = {"quote": "quo_1", "plan": "months_12", "amount": money(600_000)}


def asked(**plan: Any) -> list[PackageOrderDetail]:
    """The whole package; ``plan`` are the members of the entry that draws."""
    common = {"type": TYPE, "package": CODE, "version": "1.0.0"}
    entries = [
        common | {"component": "line", "actions": ["apply"]},
        common | {"component": "plan", "actions": ["draw"], **plan},
        common | {"component": "shield", "actions": ["enable"]},
    ]
    return [msgspec.convert(entry, PackageOrderDetail) for entry in entries]


@pytest.fixture(scope="module")
def package() -> PackageFile:
    return checkout()


def test_a_draw_names_quote_plan_and_amount(package: PackageFile) -> None:
    check_entries(package, asked(**NAMED))


@pytest.mark.parametrize("missing", list(NAMED))
def test_none_of_the_three_may_be_missing(package: PackageFile, missing: str) -> None:
    rest = {name: value for name, value in NAMED.items() if name != missing}
    with pytest.raises(InvalidAuthorizationDetails, match="quote, plan and amount"):
        check_entries(package, asked(**rest))


@pytest.mark.parametrize("given", list(NAMED))
def test_a_component_without_plans_takes_none_of_them(package: PackageFile, given: str) -> None:
    bare = replace(package, plan=())
    with pytest.raises(InvalidAuthorizationDetails, match="takes no quote"):
        check_entries(bare, asked(**{given: NAMED[given]}))


def test_a_referred_component_is_quoted_by_the_bank_alone(package: PackageFile) -> None:
    referred = replace(
        package, component=tuple(replace(part, boundary="REFER") for part in package.component)
    )
    check_entries(referred, asked())
    with pytest.raises(InvalidAuthorizationDetails, match="takes no quote"):
        check_entries(referred, asked(**NAMED))
