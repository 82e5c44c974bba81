"""Problems: what is wrong with a package, by which rule, and what would mend it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from gateway.products.component_files import ComponentEntry
from gateway.products.component_types import ComponentType, ComponentTypes, Family, Figure
from gateway.products.life_cycles import LifeCycle
from gateway.products.package_files import PackageFile
from gateway.rules.service import RuleBook, RuleRow, UnknownRule

# Rules of the bank's own design; all others that problems name are those of the tables.
CATALOGUE = "TS-CATALOGUE-01"


class Problem(msgspec.Struct, frozen=True):
    """One thing that keeps a package from being sold.

    ``path`` leads to it inside the file, ``rule`` is the id of the rule that asks for something
    else, ``message`` says what is wrong and ``mend`` what to do, both for whoever wrote the file.
    """

    path: str
    rule: str
    message: str
    mend: str


class Context(msgspec.Struct, frozen=True):
    """What packages are judged by: the tables, the rules, and a day of the bank.

    ``licences`` and ``listed`` make it the judgement for one partner; ``None`` asks nothing of
    the kind, as for a package that any partner may sell within its boundaries.
    """

    types: ComponentTypes
    shared: LifeCycle
    rules: RuleBook
    today: date
    licences: frozenset[str] | None = None
    listed: bool | None = None

    def on(self, package: PackageFile) -> date:
        """The day whose rules a package must keep: today, or its first day if that is to come."""
        return max(self.today, package.valid_from)

    def in_force(self, rule: str, on: date) -> bool:
        """Whether the rule holds on a day."""
        return self.rules.holds(rule, on=on)

    def row(self, rule: str, parameter: str, on: date) -> RuleRow | None:
        """The parameter in force, if there is one."""
        try:
            return self.rules.row(rule, parameter, on=on)
        except UnknownRule:
            return None

    def figure(self, figure: Figure, on: date) -> Decimal | None:
        """The number that a rule sets on a day, if it sets one."""
        row = self.row(figure.rule, figure.parameter, on)
        return None if row is None else number(row)


class Part(msgspec.Struct, frozen=True):
    """A component of a known type, with where it stands in the file."""

    path: str
    entry: ComponentEntry
    type: ComponentType
    family: Family

    @property
    def offered(self) -> bool:
        """Whether a partner may ever see it."""
        return self.entry.boundary != "BANK_ONLY"


def parts(package: PackageFile, context: Context) -> Iterator[Part]:
    """The components whose types are known, in the order of the file."""
    for index, entry in enumerate(package.component):
        found = context.types.find(entry.type)
        if found is not None:
            family = context.types.family(entry.type)
            yield Part(f"$.component[{index}]", entry, found, family)


def offered(package: PackageFile, context: Context) -> Iterator[Part]:
    """Those of ``parts`` that a partner may ever see."""
    return (part for part in parts(package, context) if part.offered)


def number(row: RuleRow) -> Decimal | None:
    """A row's value as a number; nothing for a list."""
    if isinstance(row.value, tuple):
        return None
    return Decimal(row.value)
