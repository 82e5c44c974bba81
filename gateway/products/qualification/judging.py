"""The judgement: pure, of the package as one partner sells it, and at most five facts of a person.

No list, risk, segment or score is among the facts, so none can show in what is answered.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import msgspec

from contracts.v1.money import Money
from contracts.v1.qualifications import (
    Missing,
    MissingCode,
    Outcome,
    QualificationContext,
    QualifiedLine,
)
from gateway.corebank.port import CustomerFacts
from gateway.products.component_files import ComponentEntry
from gateway.products.component_types import ComponentTypes
from gateway.products.details import CURRENCY
from gateway.products.package_files import Eligibility, PackageFile
from gateway.products.qualification.missing import MissingTable, worst
from gateway.rules.service import RuleBook

COUNT_RULE: Final = "CN-ACC-02"
BOUND_RULE: Final = "CN-ACC-07"
AGE_RULE: Final = "TS-AGE-01"
LEVEL_RULE: Final = "TS-KYC-01"
LIST_RULE: Final = "CN-LOAN-05"
_TIERS: Final = ("T2", "T3")
# The level that nobody reaches without being seen.
_IN_PERSON: Final = 4


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: ``parts`` are the components asked for, as the partner sells them.

    ``facts`` is ``None`` for anybody, or for a customer whom the bank does not know;
    ``is_live`` says that the customer's consent carries an order for the package.
    """

    package: PackageFile
    parts: Sequence[ComponentEntry]
    context: QualificationContext
    about_customer: bool = False
    facts: CustomerFacts | None = None
    is_live: bool = False


class Judgement(msgspec.Struct, frozen=True):
    """What is missing for all and for each, and the rules that were looked at."""

    outcome: Outcome
    missing: list[Missing]
    lines: list[QualifiedLine]
    rules: tuple[str, ...]


def judge(
    case: Case,
    *,
    types: ComponentTypes,
    rules: RuleBook,
    table: MissingTable,
    carries_out: Callable[[str], bool],
    on: date,
) -> Judgement:
    """Judges a case on the bank's day ``on``; ``carries_out`` takes a type."""
    return _Judge(case, types, rules, table, carries_out, on).judgement()


class _Judge:
    def __init__(
        self,
        case: Case,
        types: ComponentTypes,
        rules: RuleBook,
        table: MissingTable,
        carries_out: Callable[[str], bool],
        on: date,
    ) -> None:
        self._case = case
        self._types = types
        self._book = rules
        self._table = table
        self._carries_out = carries_out
        self._on = on
        self._facts = case.facts
        self._used: set[str] = set()

    def judgement(self) -> Judgement:
        whole = self._whole()
        if any(lack.reason_family == "policy" for lack in whole):
            # A policy's no is told without a reason, and so without anything else of the person.
            self._facts = None
        crowded = self._crowded()
        found: dict[str, list[Missing]] = {}
        for part in self._case.parts:
            own = self._part(part, part.id in crowded)
            # What stops the account stops whatever draws on it.
            drawn = (
                found.get(part.draws_on, []) if part.draws_on and part.boundary != "REFER" else []
            )
            found[part.id] = [*own, *(lack for lack in drawn if lack not in own)]
        for_all = self._table.outcome(whole)
        lines = [
            QualifiedLine(
                component=part.id,
                required=part.required,
                boundary="REFER" if part.boundary == "REFER" else "EMBED",
                outcome=worst([for_all, self._table.outcome(found[part.id])]),
                missing=found[part.id],
            )
            for part in self._case.parts
        ]
        outcome = worst([for_all, *(line.outcome for line in lines if line.required)])
        return Judgement(outcome, whole, lines, tuple(sorted(self._used)))

    def _whole(self) -> list[Missing]:
        codes: list[MissingCode] = []
        scenario = self._case.context.scenario
        if scenario is not None and scenario not in self._case.package.scenarios:
            codes.append("scenario.not_served")
        if not self._case.about_customer:
            codes.append("identity.sign_in")
        if self._case.is_live:
            codes.append("order.exists")
        codes.extend(self._of_eligibility(self._case.package.eligibility))
        return [self._table.said(code) for code in codes]

    def _of_eligibility(self, wanted: Eligibility) -> list[MissingCode]:
        if wanted.party == "business":
            # A person's record says nothing of a business.
            return ["identity.business"]
        if not self._case.about_customer:
            return []
        facts = self._case.facts
        if facts is None:
            return ["identity.not_verified"]
        if facts.age < wanted.age_min or (wanted.age_max or facts.age) < facts.age:
            return ["order.declined"]
        return self._level(facts, _level(wanted.kyc_level), None)

    def _part(self, part: ComponentEntry, is_crowded: bool) -> list[Missing]:
        self._note_boundary(part)
        if part.boundary == "REFER":
            return [self._table.said("component.referred")]
        if not self._carries_out(part.type):
            return [self._table.said("component.unavailable")]
        facts = self._facts
        codes: list[MissingCode] = []
        if facts is not None and self._case.package.eligibility.party == "person":
            if facts.age < self._age_min(part):
                codes.append("order.declined")
            elif is_crowded:
                codes.append("limit.reached")
            else:
                codes.extend(self._of_account(part, facts))
        return [*(self._table.said(code) for code in codes), *self._amount(part)]

    def _of_account(self, part: ComponentEntry, facts: CustomerFacts) -> list[MissingCode]:
        tier = self._tier(part)
        if tier is None:
            return []
        eligibility = self._case.package.eligibility
        level = self._number(LEVEL_RULE, f"{tier.lower()}_level")
        # What the whole package asks for is missed by the package, and not said again.
        codes: list[MissingCode] = []
        if level > _level(eligibility.kyc_level):
            codes = self._level(facts, level, eligibility.step_up_level)
        elements = self._book.words(BOUND_RULE, "elements", on=self._on)
        self._used.add(BOUND_RULE)
        if "account_class" in elements and facts.bound_class != "T1":
            codes.append("identity.bound_account")
        return codes

    def _level(self, facts: CustomerFacts, wanted: int, step_up: str | None) -> list[MissingCode]:
        if _level(facts.kyc_level) >= wanted:
            return []
        if wanted >= _IN_PERSON:
            return ["identity.in_person"]
        if step_up is not None and wanted <= _level(step_up):
            return ["identity.step_up"]
        return ["identity.level_too_low"]

    def _age_min(self, part: ComponentEntry) -> int:
        figures = [(AGE_RULE, "age_min")]
        family = self._types.family(part.type) if self._types.find(part.type) else None
        if family is not None and family.age_min is not None:
            figures.append((family.age_min.rule, family.age_min.parameter))
        return max(self._number(rule, parameter) for rule, parameter in figures)

    def _crowded(self) -> frozenset[str]:
        """The accounts for which a customer has no room left; required ones come first."""
        facts = self._facts
        if facts is None:
            return frozenset()
        held = {"T2": facts.open_t2, "T3": facts.open_t3}
        crowded = set()
        for part in sorted(self._case.parts, key=lambda part: not part.required):
            tier = self._tier(part)
            if tier is None or part.boundary == "REFER":
                continue
            if held[tier] >= self._number(COUNT_RULE, f"{tier.lower()}_max"):
                crowded.add(part.id)
            held[tier] += 1
        return frozenset(crowded)

    def _note_boundary(self, part: ComponentEntry) -> None:
        """Records what decided how far from the bank's own pages the part is sold."""
        if self._types.find(part.type) is None:
            return
        family = self._types.family(part.type)
        self._used.add(family.boundary_rule)
        if family.listed_only:
            self._used.add(LIST_RULE)

    def _tier(self, part: ComponentEntry) -> str | None:
        """The tier of the account that the part opens, if it opens one that persons count."""
        found = self._types.find(part.type)
        if found is None or found.kind != "account" or found.tier not in _TIERS:
            return None
        return found.tier

    def _amount(self, part: ComponentEntry) -> list[Missing]:
        amount = self._case.context.amount
        bounds = [
            (plan.principal_min, plan.principal_max)
            for plan in self._case.package.plan
            if plan.component == part.id
        ] or _each(part)
        if amount is None or not bounds:
            return []
        if any(least <= amount.minor_units <= most for least, most in bounds):
            return []
        return [
            self._table.said(
                "amount.not_allowed",
                least=Money(min(least for least, _ in bounds), CURRENCY),
                most=Money(max(most for _, most in bounds), CURRENCY),
            )
        ]

    def _number(self, rule: str, parameter: str) -> int:
        self._used.add(rule)
        return self._book.number(rule, parameter, on=self._on)


def _each(part: ComponentEntry) -> list[tuple[int, int]]:
    """The bound of one payment, where the part has one."""
    most = [
        limit.minor_units
        for limit in part.limit
        if limit.period == "each"
        and limit.sense == "most"
        and limit.currency == CURRENCY
        and limit.minor_units is not None
    ]
    return [(0, min(most))] if most else []


def _level(name: str) -> int:
    """Levels are called L0 to L4 by their strength."""
    return int(name.removeprefix("L"))
