"""Component types: what the law and the bank ask of each kind of part, as one table of data."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from gateway.products.component_files import Boundary, Period
from gateway.products.offer_files import Basis
from gateway.products.words import Entry, Name, Text, TypeCode, Words

# How orders carry a part out (gateway/orders); a kind without code behind it stays unsaleable.
Kind = Literal[
    "account",
    "mandate",
    "referral",
    "credit",
    "instalment",
    "escrow",
    "acceptance",
    "split",
    "payout",
    "setting",
    "benefit",
    "guarantee",
    "tool",
    "none",
]
Tier = Literal["T2", "T3", "BIZ", "ESCROW"]
DataClass = Literal["C1", "C2", "C3"]


class BasisRule(Entry, frozen=True):
    """A commission that may be paid for a family, and the licence that it takes."""

    basis: Basis
    requires: Name | None = None


class NeededDisclosure(Entry, frozen=True):
    """A kind of text without which the family may not be offered, from the day of ``rule``.

    ``read_seconds`` is the parameter of the rule that sets how long it must be read at least.
    """

    kind: Name
    rule: str
    read_seconds: Name | None = None


class NeededLimit(Entry, frozen=True):
    """A bound that the type must state, and the rule's figure it may not be looser than.

    Where there are ``scenarios``, only packages for one of them must state it.
    """

    code: Name
    rule: str
    parameter: Name
    period: Period
    scenarios: tuple[Name, ...] = ()


class NeededConsent(Entry, frozen=True):
    """A consent without which the family may not be offered."""

    kind: Name
    rule: str


class Figure(Entry, frozen=True):
    """A number that a rule sets: years of age, or days of cooling off."""

    rule: str
    parameter: Name


class Family(Entry, frozen=True):
    """What all component types of one family share.

    ``boundary`` is the widest a bank may offer it with: EMBED is wider than REFER, and BANK_ONLY
    is the narrowest. LICENSED means EMBED for partners who hold ``licence`` and REFER for others.
    ``boundary_rule`` and ``commission_rule`` are cited in a refusal.
    """

    code: Name
    boundary: Boundary
    boundary_rule: str
    commission_rule: str
    licence: Name | None = None
    # Credit partners must be on the bank's published list (CN-LOAN-05).
    listed_only: bool = False
    credit: bool = False
    # Where a rule is named, no package may require the part of its customers.
    optional_rule: str | None = None
    commission: tuple[BasisRule, ...] = ()
    disclosure: tuple[NeededDisclosure, ...] = ()
    consent: tuple[NeededConsent, ...] = ()
    scopes: tuple[str, ...] = ()
    # The scopes of which a package with the family needs at least one.
    needs_scope: tuple[str, ...] = ()
    never_shared: tuple[Name, ...] = ()
    # The kinds of data that a package with the family must say it refuses.
    forbidden: tuple[Name, ...] = ()
    # The youngest that a person who takes it may be.
    age_min: Figure | None = None
    # The days in which the law lets a customer go back on it.
    cooling_off: Figure | None = None


class ComponentType(Entry, frozen=True):
    """One type: its family, how orders carry it out, and the limits of its own."""

    code: TypeCode
    family: Name
    kind: Kind
    title: Words
    tier: Tier | None = None
    limit: tuple[NeededLimit, ...] = ()


class ConsentKind(Entry, frozen=True):
    """A kind of consent; one with ``optional_rule`` may never be required."""

    code: Name
    optional_rule: str | None = None


class ScopeEntry(Entry, frozen=True):
    """A scope and the class of what it opens; ``usual`` goes with every package.

    ``benefits`` goes with packages that grant benefits; all others go with families.
    """

    code: str
    data_class: DataClass = msgspec.field(name="class")
    usual: bool = False
    benefits: bool = False


class DataKind(Entry, frozen=True):
    """A kind of data that packages speak of, its class (CN-PFI-01), and its words on pages.

    ``credit_input`` may come from a partner directly where there is credit (CN-CRED-01);
    ``denied`` is never taken from a partner, nor given to one (CN-PIPL-05).
    """

    code: Name
    data_class: DataClass = msgspec.field(name="class")
    title: Text
    credit_input: bool = False
    denied: bool = False


class ForbiddenWords(Entry, frozen=True):
    """Words that no tile may hold; those of ``unless`` are taken out of the text first.

    ``everywhere`` also forbids them in what else a partner shows of a package.
    """

    rule: str
    words: tuple[Words, ...]
    unless: tuple[Words, ...] = ()
    everywhere: bool = False


class BenchmarkWarning(Entry, frozen=True):
    """What a tile with a performance benchmark must say beside it."""

    rule: str
    warning: Text


class TypesFile(Entry, frozen=True):
    """The file as written."""

    family: tuple[Family, ...]
    type: tuple[ComponentType, ...]
    consent: tuple[ConsentKind, ...]
    scope: tuple[ScopeEntry, ...]
    data: tuple[DataKind, ...]
    forbidden_words: tuple[ForbiddenWords, ...]
    benchmark: BenchmarkWarning


class ComponentTypes:
    """The table, looked up by code."""

    def __init__(self, content: TypesFile) -> None:
        """Raises ``ValueError`` for a code that stands twice or one that does not stand."""
        self._families: Mapping[str, Family] = {entry.code: entry for entry in content.family}
        self._types: Mapping[str, ComponentType] = {entry.code: entry for entry in content.type}
        self.consents: Mapping[str, ConsentKind] = {entry.code: entry for entry in content.consent}
        self.scopes: Mapping[str, ScopeEntry] = {entry.code: entry for entry in content.scope}
        self.data: Mapping[str, DataKind] = {entry.code: entry for entry in content.data}
        self.forbidden_words = content.forbidden_words
        self.benchmark = content.benchmark
        for found, written in (
            (self._families, content.family),
            (self._types, content.type),
            (self.consents, content.consent),
            (self.scopes, content.scope),
            (self.data, content.data),
        ):
            if len(found) < len(written):
                raise ValueError("component types: a code stands twice")
        for entry in content.type:
            if entry.family not in self._families:
                raise ValueError(f"component types: {entry.code} has no family {entry.family}")
        for family in content.family:
            self._check(family)

    def find(self, code: str) -> ComponentType | None:
        """The type, if it is known."""
        return self._types.get(code)

    def family(self, code: str) -> Family:
        """The family of a known type; ``KeyError`` for an unknown one."""
        return self._families[self._types[code].family]

    @property
    def codes(self) -> tuple[str, ...]:
        """Every type, in the order of the file."""
        return tuple(self._types)

    def _check(self, family: Family) -> None:
        """Raises ``ValueError`` for a family that names what the table does not know."""
        named = (
            *((kind, self.data) for kind in (*family.never_shared, *family.forbidden)),
            *((scope, self.scopes) for scope in (*family.scopes, *family.needs_scope)),
            *((needed.kind, self.consents) for needed in family.consent),
        )
        for name, known in named:
            if name not in known:
                raise ValueError(f"component types: {family.code} names {name}, which is unknown")
        if (family.boundary == "LICENSED") != (family.licence is not None):
            raise ValueError(f"component types: {family.code} is LICENSED by a licence, or neither")


@cache
def load_types() -> ComponentTypes:
    """The table that ships with the gateway."""
    text = files("gateway.products").joinpath("component_types.toml").read_bytes()
    return ComponentTypes(msgspec.toml.decode(text, type=TypesFile))
