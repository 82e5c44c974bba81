"""What a package costs and tells, in words: prices, plans, limits, disclosures, consents."""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from contracts.v1.packages import Limit, NeededConsent, Package, Plan, Price
from gateway.hosted.language import Language, money, percent, pick
from gateway.hosted.texts import Texts

# The end of a sentence, and "label: value" in one, as either language writes them.
_SENTENCE: Final = re.compile(r"(?<=。)|(?<=\.) (?=[^a-z])|\n")
_ROW: Final = re.compile(r"([^:：。]{1,60}(?:：|:(?= )))\s*(.+)")
_HUNDREDTH: Final = Decimal("0.0001")


class Fact(msgspec.Struct, frozen=True):
    """A label and its value, both ready to read."""

    label: str
    value: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A disclosure in full, a line after the other; the lines of a table may have labels."""

    title: str
    version: str
    digest: str
    prominent: bool
    lines: tuple[Fact, ...]


class ConsentAsked(msgspec.Struct, frozen=True):
    """A consent that goes with the package; ``choice`` is what its tick box sends."""

    choice: str
    purpose: str
    required: bool


def prices(package: Package, texts: Texts, language: Language) -> tuple[Fact, ...]:
    """What the customer pays; what others pay is no price of theirs."""
    return tuple(
        Fact(pick(price.title, language), _price(price, texts, language))
        for price in package.prices
        if price.payer == "customer"
    )


def plans(
    package: Package, asked: Mapping[str, str | None], texts: Texts, language: Language
) -> tuple[Fact, ...]:
    """The ways of repaying credit, each with its yearly cost (CN-LOAN-09).

    ``asked`` has the components and the plan chosen for each; without one all plans are open.
    """
    return tuple(
        Fact(_plan(plan, texts, language), _yearly(plan, texts, language))
        for plan in package.plans
        if plan.component in asked and asked[plan.component] in (None, plan.code)
    )


def bound(limit: Limit, texts: Texts, language: Language) -> str:
    """A limit's figure: money, a rate, or a count of something."""
    if limit.amount is not None:
        said = money(limit.amount, language)
    elif limit.rate is not None:
        said = percent(limit.rate)
    else:
        unit = texts.say_or(language, f"unit.{limit.unit}", (limit.unit or "").replace("_", " "))
        said = f"{limit.count:,} {unit}".strip()
    return f"≥ {said}" if limit.sense == "least" else said


def note(
    kind: str,
    version: str,
    digest: str,
    text: Mapping[str, str],
    texts: Texts,
    language: Language,
) -> Note:
    """A disclosure in one language, word for word; a prominent one stands as a table."""
    prominent = texts.is_prominent(kind)
    parts = (_SENTENCE.split if prominent else str.splitlines)(pick(text, language))
    heading = texts.say(language, "consent.disclosures")
    return Note(
        title=texts.say_or(language, f"disclosure.{kind}", heading),
        version=version,
        digest=digest,
        prominent=prominent,
        lines=tuple(_line(part.strip(), prominent) for part in parts if part.strip()),
    )


def asked_consents(package: Package, components: Collection[str]) -> tuple[NeededConsent, ...]:
    """The consents that go with any of the components."""
    return tuple(
        asked
        for asked in package.consents
        if not asked.components or set(asked.components).intersection(components)
    )


def consents(
    package: Package, components: Collection[str], language: Language
) -> tuple[ConsentAsked, ...]:
    """The same in words."""
    return tuple(
        ConsentAsked(f"{package.code}.{asked.kind}", pick(asked.purpose, language), asked.required)
        for asked in asked_consents(package, components)
    )


def kinds(names: Iterable[str], texts: Texts, language: Language) -> tuple[str, ...]:
    """Kinds of data in words."""
    return tuple(texts.say_or(language, f"data.{kind}", kind) for kind in names)


def _line(words: str, prominent: bool) -> Fact:
    found = _ROW.fullmatch(words) if prominent else None
    return Fact("", words) if found is None else Fact(found[1], found[2])


def _price(price: Price, texts: Texts, language: Language) -> str:
    if price.amount is None:
        return percent(price.rate or "0")
    said = money(price.amount, language)
    if price.rate is not None:
        return texts.say(language, "consent.at_least", rate=percent(price.rate), amount=said)
    return said if price.amount.minor_units else texts.say(language, "consent.free", amount=said)


def _plan(plan: Plan, texts: Texts, language: Language) -> str:
    said = texts.say(
        language,
        "consent.plan",
        terms=str(plan.terms),
        method=texts.say(language, f"method.{plan.method}"),
        least=money(plan.principal_min, language),
        most=money(plan.principal_max, language),
    )
    if not plan.free_terms:
        return said
    return texts.say(language, "consent.plan_free", plan=said, terms=str(plan.free_terms))


def _yearly(plan: Plan, texts: Texts, language: Language) -> str:
    return texts.say(language, "consent.yearly", rate=_rounded(plan.apr))


def _rounded(rate: str) -> str:
    """A rate with two decimals of a percent, half up: 0.235274 is 23.53 %."""
    return f"{Decimal(rate).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP) * 100:.2f}%"
