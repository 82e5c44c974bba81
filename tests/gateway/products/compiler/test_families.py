"""What single families ask for, shown on the shipped packages that have them."""

from importlib.resources import files

import pytest

from tests.gateway.products.compiler.conftest import problems_of


def shipped(name: str) -> str:
    return files("gateway.products").joinpath("packages", f"{name}.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "rule", "table"),
    [
        ("prepaid-guard", "CN-PPD-01", "[[cooling_off]]"),
        ("tuition-guard", "CN-PPD-01", "[[cooling_off]]"),
    ],
)
def test_the_days_that_the_law_gives_are_said(name: str, rule: str, table: str) -> None:
    assert problems_of(shipped(name)) == []
    assert problems_of(without(shipped(name), table)) == [("$.cooling_off", rule)]


@pytest.mark.parametrize("code", ["collect_months", "collect_lessons"])
def test_lessons_are_paid_for_at_most_three_months_or_sixty_ahead(code: str) -> None:
    text = shipped("tuition-guard")
    head, _, rest = text.partition(f'code = "{code}"')
    figure = {"collect_months": "count = 3", "collect_lessons": "count = 60"}[code]
    longer = head + f'code = "{code}"' + rest.replace(figure, figure + "1", 1)
    assert [rule for _, rule in problems_of(longer)] == ["CN-EDU-01"]
    unsaid = text.replace(f'code = "{code}"', 'code = "something"')
    assert [rule for _, rule in problems_of(unsaid)] == ["CN-EDU-01"]


def test_a_gym_card_is_not_held_to_the_rule_for_lessons() -> None:
    assert "CN-EDU-01" not in shipped("prepaid-guard")


def test_agency_products_are_sold_on_the_banks_pages() -> None:
    text = shipped("commuter-wallet")
    embedded = text.replace('type = "money_fund_R1"\nboundary = "REFER"', _EMBEDDED)
    assert embedded != text
    assert [rule for _, rule in problems_of(embedded)] == ["CN-WM-03"]


_EMBEDDED = 'type = "money_fund_R1"\nboundary = "EMBED"'


def test_a_hospital_must_not_tell_what_the_patient_has() -> None:
    text = shipped("medical-prepay")
    told = text.replace("from_partner = [", 'from_partner = ["diagnosis", ', 1)
    assert ("$.data.from_partner[0]", "CN-PIPL-05") in problems_of(told)
    start = text.index("forbidden = [")
    unsaid = text[:start] + text[text.index("]", start) + 1 :]
    assert {rule for _, rule in problems_of(unsaid)} == {"CN-PIPL-05"}


def without(text: str, table: str) -> str:
    """The file without one kind of table."""
    blocks = text.split("\n\n")
    kept = [block for block in blocks if not block.strip().startswith(table)]
    assert len(kept) < len(blocks)
    return "\n\n".join(kept)
