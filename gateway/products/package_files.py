"""Package files: their grammar, decoded strictly, and what a file must agree on with itself."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Id, PackageCode, PackageVersion
from gateway.products.component_files import ComponentEntry
from gateway.products.digests import digest_of
from gateway.products.disclosure_files import DisclosureEntry
from gateway.products.life_cycles import EventName, LifeCycleEntry
from gateway.products.offer_files import (
    BenefitEntry,
    CommissionEntry,
    CoolingOff,
    PlanEntry,
    PriceEntry,
    TileEntry,
)
from gateway.products.words import Entry, Name, Text


class UnreadablePackage(ValueError):
    """A package file breaks its grammar or contradicts itself; the message says where."""


class Condition(Entry, frozen=True):
    """Something else that must hold, said in words, and who finds out."""

    code: Name
    text: Text
    checked_by: Literal["bank", "customer", "partner"]


class Eligibility(Entry, frozen=True):
    """Who may take the package; ``step_up_level`` is asked for while it is being taken."""

    age_min: Annotated[int, msgspec.Meta(ge=0, le=150)]
    kyc_level: Literal["L0", "L1", "L2", "L3", "L4", "B2"]
    age_max: Annotated[int, msgspec.Meta(ge=0, le=150)] | None = None
    step_up_level: Literal["L1", "L2", "L3", "L4"] | None = None
    party: Literal["person", "business"] = "person"
    condition: tuple[Condition, ...] = ()


class ConsentEntry(Entry, frozen=True):
    """A consent the customer is asked for; one that is not ``required`` may be declined freely."""

    kind: Name
    purpose: Text
    required: bool = False
    components: tuple[Id, ...] = ()


class DataEntry(Entry, frozen=True):
    """Which kinds of data pass between partner and bank, by name; all else is refused."""

    to_partner: tuple[Name, ...] = ()
    never: tuple[Name, ...] = ()
    from_partner: tuple[Name, ...] = ()
    # Only through a licensed credit bureau (CN-CRED-01).
    through_bureau: tuple[Name, ...] = ()
    # Refused even where a partner sends it, and never logged (CN-PIPL-05).
    forbidden: tuple[Name, ...] = ()


class Retention(Entry, frozen=True):
    """How long records are kept: abandoned orders in days, contracts in years after their end."""

    abandoned_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] = 90
    contract_years: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10


class PackageFile(Entry, frozen=True):
    """One version of a package as written.

    ``visibility``: public packages are listed for everybody without login, those for partners to
    every partner, and those by invitation to partners with terms of their own.
    """

    code: PackageCode
    version: PackageVersion
    status: Literal["draft", "published"]
    valid_from: date
    scenarios: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    scopes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    title: Text
    eligibility: Eligibility
    data: DataEntry
    component: Annotated[tuple[ComponentEntry, ...], msgspec.Meta(min_length=1)]
    price: Annotated[tuple[PriceEntry, ...], msgspec.Meta(min_length=1)]
    disclosure: Annotated[tuple[DisclosureEntry, ...], msgspec.Meta(min_length=1)]
    consent: Annotated[tuple[ConsentEntry, ...], msgspec.Meta(min_length=1)]
    visibility: Literal["public", "partners", "invited"] = "partners"
    valid_until: date | None = None
    summary: Text | None = None
    events: tuple[EventName, ...] = ()
    plan: tuple[PlanEntry, ...] = ()
    commission: tuple[CommissionEntry, ...] = ()
    cooling_off: tuple[CoolingOff, ...] = ()
    benefit: tuple[BenefitEntry, ...] = ()
    tile: tuple[TileEntry, ...] = ()
    life_cycle: LifeCycleEntry = LifeCycleEntry()
    retention: Retention = Retention()

    @property
    def digest(self) -> str:
        """SHA-256 over everything the file says, whatever its layout and comments."""
        return digest_of(self)

    def on_sale(self, on: date) -> bool:
        """Published and within its dates, the last of which is a day of sale too."""
        return (
            self.status == "published"
            and self.valid_from <= on
            and (self.valid_until is None or on <= self.valid_until)
        )

    @property
    def offered(self) -> tuple[ComponentEntry, ...]:
        """What a partner may ever see or ask for: nothing that is the bank's alone."""
        return tuple(part for part in self.component if part.boundary != "BANK_ONLY")


def decode_package(text: bytes, source: str) -> PackageFile:
    """A package from TOML; ``UnreadablePackage`` names ``source`` and the path of what is wrong."""
    try:
        package = msgspec.toml.decode(text, type=PackageFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadablePackage(f"{source}: {error}") from error
    problems = [*_repeated(package), *_broken_parts(package), *_broken_links(package)]
    if problems:
        raise UnreadablePackage(f"{source}: {'; '.join(problems)}")
    return package


def _repeated(package: PackageFile) -> list[str]:
    named: list[tuple[str, list[str]]] = [
        ("$.component", [part.id for part in package.component]),
        ("$.price", [price.code for price in package.price]),
        ("$.disclosure", [text.code for text in package.disclosure]),
        ("$.scopes", list(package.scopes)),
        ("$.scenarios", list(package.scenarios)),
    ]
    for index, part in enumerate(package.component):
        path = f"$.component[{index}]"
        named.append((f"{path}.limit", [limit.code for limit in part.limit]))
        named.append((f"{path}.parameter", [entry.name for entry in part.parameter]))
        named.append((f"{path}.actions", list(part.actions)))
    return [f"{path}: a name stands twice" for path, names in named if len(set(names)) < len(names)]


def _broken_parts(package: PackageFile) -> list[str]:
    problems = []
    for index, part in enumerate(package.component):
        path = f"$.component[{index}]"
        if part.boundary == "BANK_ONLY" and part.required:
            problems.append(f"{path}: what only the bank may offer cannot be required")
        if part.boundary == "REFER" and (part.actions != ("refer",) or part.parameter):
            problems.append(f"{path}: a referred component takes the action refer and no amount")
        limits = {limit.code for limit in part.limit}
        parameters = {entry.name for entry in part.parameter}
        for place, entry in enumerate(part.parameter):
            if entry.limit not in limits:
                problems.append(f"{path}.parameter[{place}].limit: there is no such limit")
            if entry.at_most is not None and entry.at_most not in parameters:
                problems.append(f"{path}.parameter[{place}].at_most: there is no such parameter")
    return problems


def _broken_links(package: PackageFile) -> list[str]:
    problems = []
    earlier: set[str] = set()
    for index, part in enumerate(package.component):
        if part.draws_on is not None and part.draws_on not in earlier:
            problems.append(f"$.component[{index}].draws_on: no earlier component is called so")
        earlier.add(part.id)
    for index, text in enumerate(package.disclosure):
        if not earlier.issuperset(text.components):
            problems.append(f"$.disclosure[{index}].components: there is no such component")
    told = {name for text in package.disclosure for name in text.components}
    problems += [
        f"$.component[{index}]: no disclosure speaks of it"
        for index, part in enumerate(package.component)
        if part.id not in told
    ]
    return problems
