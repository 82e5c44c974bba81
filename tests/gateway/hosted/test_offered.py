"""What a package costs and tells, in the words of the page."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.v1.money import Money
from contracts.v1.packages import Limit, Package, Price
from gateway.hosted.language import Language
from gateway.hosted.offered import Fact, asked_consents, bound, note, plans, prices
from gateway.hosted.texts import Texts, load_texts
from gateway.products.service import load_packages, promised
from gateway.rules.service import load_book
from tests.conftest import SetClock

TITLE = {"zh-CN": "名称", "en": "Title"}


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


@pytest.fixture
def instalment(clock: SetClock) -> Package:
    """A package of credit as everybody may read it."""
    found = next(package for package in load_packages() if package.plan)
    return promised(found, load_book(), clock.now().date())


@pytest.mark.parametrize(
    ("given_as", "language", "said"),
    [
        ({"amount": Money(200_000, "CNY")}, "en", "CNY\u00a02,000.00"),
        ({"amount": Money(5_000_000, "USD")}, "zh-CN", "USD\u00a050,000.00"),
        ({"rate": "0.24"}, "en", "24%"),
        ({"rate": "0.30", "sense": "least"}, "zh-CN", "≥ 30%"),
        ({"count": 60, "unit": "lessons"}, "zh-CN", "60 课时"),
        ({"count": 1_000, "unit": "paper_slips"}, "en", "1,000 paper slips"),
    ],
)
def test_limits_of_every_kind(
    texts: Texts, given_as: dict[str, object], language: Language, said: str
) -> None:
    limit = Limit("code", TITLE, "design", "day", **given_as)  # type: ignore[arg-type]
    assert bound(limit, texts, language) == said


def test_only_what_the_customer_pays_is_a_price(texts: Texts, instalment: Package) -> None:
    paid = [
        Price("a", TITLE, payer, Money(100, "CNY"), "0.0050")
        for payer in ("customer", "merchant", "borrower", "partner")
    ]
    shown = prices(replace(instalment, prices=paid), texts, "en")
    assert shown == (Fact("Title", "0.5%, at least CNY\u00a01.00"),)


def test_plans_tell_their_yearly_cost_rounded_to_a_hundredth_of_a_percent(
    texts: Texts, instalment: Package
) -> None:
    plan = replace(
        instalment.plans[0],
        component="plan",
        method="flat_fee",
        terms=12,
        principal_min=Money(30_000, "CNY"),
        principal_max=Money(5_000_000, "CNY"),
        apr="0.235249999",
        free_terms=2,
    )
    package = replace(instalment, plans=[plan])
    (shown,) = plans(package, {"plan": None}, texts, "en")
    assert shown.value == "23.52% a year"
    assert shown.label == (
        "12 months, fixed monthly fee, for CNY\u00a0300.00 to CNY\u00a050,000.00."
        " The first 2 cost nothing."
    )
    halfway = replace(package, plans=[replace(plan, apr="0.23525", free_terms=0)])
    assert plans(halfway, {"plan": None}, texts, "zh-CN")[0].value == "年化 23.53%"
    assert plans(package, {"another": None}, texts, "en") == ()
    assert plans(package, {"plan": plan.code}, texts, "en") == (shown,)
    assert plans(package, {"plan": "another_plan"}, texts, "en") == ()


def test_consents_go_with_the_components_they_are_for(instalment: Package) -> None:
    (first, *_) = instalment.consents
    package = replace(
        instalment,
        consents=[replace(first, components=[]), replace(first, components=["a", "b"])],
    )
    assert len(asked_consents(package, {"b"})) == 2
    assert len(asked_consents(package, {"c"})) == 1


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_shipped_text_stands_word_for_word(texts: Texts, language: Language) -> None:
    for package in load_packages():
        for text in package.disclosure:
            words = text.text.localised()
            shown = note(text.kind, text.version, text.digest, words, texts, language)
            assert squeezed(" ".join(part for line in shown.lines for part in said(line))) == (
                squeezed(words[language])
            )
            assert shown.title


@given(st.text(st.sampled_from("Ab:。： .1%\n"), max_size=60))
def test_no_sign_is_lost_however_a_table_is_written(texts: Texts, words: str) -> None:
    shown = note("cost_table", "1", "0" * 64, {"en": words, "zh-CN": words}, texts, "en")
    assert shown.prominent
    assert squeezed("".join(part for line in shown.lines for part in said(line))) == squeezed(words)


def test_a_kind_that_nobody_named_stands_under_the_pages_own_heading(texts: Texts) -> None:
    shown = note("brand_new", "1", "0" * 64, {"en": "Text. More.", "zh-CN": "文"}, texts, "en")
    assert (shown.title, shown.prominent) == ("Please note", False)
    assert shown.lines == (Fact("", "Text. More."),)


def said(line: Fact) -> tuple[str, str]:
    return line.label, line.value


def squeezed(words: str) -> str:
    return re.sub(r"\s+", "", words)
