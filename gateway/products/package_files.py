"""Package files: their grammar, decoded strictly, and what a file must agree on with itself."""

import hashlib
from datetime import date
from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Id, PackageCode, PackageVersion
from gateway.rules.service import RulePack, UnknownRule

# The money members of an authorization_details entry (contracts.v1.consents) and the actions
# that orders know how to carry out; the lists grow with the code behind them.
ParameterName = Literal["top_up", "per_debit_cap", "daily_cap"]
Action = Literal["open", "mandate", "refer"]
Boundary = Literal["EMBED", "REFER", "LICENSED", "BANK_ONLY"]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Fen = Annotated[int, msgspec.Meta(ge=0)]


class UnreadablePackage(ValueError):
    """A package file breaks its grammar or contradicts itself; the message says where."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh_cn": "zh-CN"}):
    """The same words in both languages."""

    zh_cn: Words
    en: Words

    def localised(self) -> dict[str, str]:
        """By language tag, as contracts promise it."""
        return {"zh-CN": self.zh_cn, "en": self.en}


class LimitEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bound, and the parameter of the rule that it may not be looser than."""

    code: Name
    title: Text
    minor_units: Fen
    period: Literal["each", "day", "year", "balance"]
    rule: str
    parameter: str


class ParameterEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount that a request may name for a component.

    It is at most the component's ``limit``, and at most the request's own ``at_most`` amount.
    """

    name: ParameterName
    required: bool
    limit: Name
    minimum: Fen = 1
    at_most: ParameterName | None = None


class ComponentEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a package; ``draws_on`` is the component whose account its money comes from."""

    id: Id
    type: Annotated[str, msgspec.Meta(pattern=r"^[a-z][A-Za-z0-9_]*$")]
    boundary: Boundary
    required: bool
    actions: Annotated[tuple[Action, ...], msgspec.Meta(min_length=1)]
    title: Text
    summary: Text
    draws_on: Id | None = None
    limit: tuple[LimitEntry, ...] = ()
    parameter: tuple[ParameterEntry, ...] = ()


class PriceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer pays; zero is said."""

    code: Name
    title: Text
    minor_units: Fen


class DisclosureEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text the customer sees when any of ``components`` is asked for."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$")]
    components: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    text: Text

    @property
    def digest(self) -> str:
        """SHA-256 over code, version and both languages: what a customer saw can be proved."""
        return _digest([self.code, self.version, self.text])


class Eligibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may take the package; ``step_up_level`` is asked for while it is being taken."""

    age_min: Annotated[int, msgspec.Meta(ge=0)]
    kyc_level: Literal["L0", "L1", "L2", "L3", "L4", "B2"]
    step_up_level: Literal["L1", "L2", "L3", "L4"] | None = None


class PackageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a package as written."""

    code: PackageCode
    version: PackageVersion
    status: Literal["draft", "published"]
    valid_from: date
    scenarios: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    scopes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    shared_with_partner: tuple[Name, ...]
    never_shared: tuple[Name, ...]
    title: Text
    eligibility: Eligibility
    component: Annotated[tuple[ComponentEntry, ...], msgspec.Meta(min_length=1)]
    price: Annotated[tuple[PriceEntry, ...], msgspec.Meta(min_length=1)]
    disclosure: Annotated[tuple[DisclosureEntry, ...], msgspec.Meta(min_length=1)]
    valid_until: date | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over everything the file says, whatever its layout and comments."""
        return _digest(self)

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


def looser_limits(package: PackageFile, pack: RulePack, on: date) -> list[str]:
    """Limits above what their rule allows on the bank's day, each with path and rule."""
    problems = []
    for index, part in enumerate(package.component):
        for place, limit in enumerate(part.limit):
            path = f"$.component[{index}].limit[{place}]"
            try:
                most = pack.number(limit.rule, limit.parameter, on=on)
            except UnknownRule as unknown:
                problems.append(f"{path}: {unknown}")
                continue
            if limit.minor_units > most:
                problems.append(
                    f"{path}: {limit.minor_units} is above {limit.rule}, which allows {most}"
                )
    return problems


def _digest(content: object) -> str:
    canonical = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


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
