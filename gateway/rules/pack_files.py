"""Pack files: the grammar of the rules as data, decoded strictly, with the path of every fault."""

import hashlib
from datetime import date
from typing import Annotated, Literal

import msgspec

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}-[A-Z]+-[0-9]{2}$")]
Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}\.[0-9]{2}(\.[0-9]{1,3})?$")]
Confidence = Literal["high", "medium", "low", "design"]
Count = Annotated[int, msgspec.Meta(ge=0)]
Decimals = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$")]
Value = Count | Decimals | tuple[Annotated[str, msgspec.Meta(min_length=1)], ...]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Family = Literal[
    "accounts",
    "api-standard",
    "personal-info",
    "credit",
    "products",
    "conduct",
    "international",
    "design",
]
Unit = Literal[
    "accounts",
    "attempts",
    "bytes",
    "calls",
    "classes",
    "clicks",
    "conditions",
    "days",
    "elements",
    "factors",
    "fen",
    "flows",
    "legs",
    "lessons",
    "level",
    "methods",
    "milliseconds",
    "minutes",
    "months",
    "per_second",
    "persons",
    "rate",
    "requests",
    "seconds",
    "sessions",
    "suites",
    "text",
    "usd_cents",
    "versions",
    "years",
]


class UnreadablePack(ValueError):
    """A pack breaks its grammar or contradicts itself; the message names file and path."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Strict, and without its defaults in a digest."""


class Parameter(_Entry, frozen=True, rename={"effective_from": "from"}):
    """A figure or a list that a rule sets; without a day or confidence it has its rule's."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    value: Value
    unit: Unit
    effective_from: date | None = None
    confidence: Confidence | None = None


class Rule(_Entry, frozen=True):
    """A rule in our words; ``prepare`` says that it is not in force, or not known since when."""

    id: RuleId
    family: Family
    statement: Sentence
    instrument: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    confidence: Confidence
    status: Literal["force", "prepare"] = "force"
    effective_from: date | None = None
    effective_until: date | None = None
    parameter: tuple[Parameter, ...] = ()

    def holds(self, on: date) -> bool:
        """Whether it is in force on the bank's day; its last day counts."""
        if self.effective_from is None or on < self.effective_from:
            return False
        return self.effective_until is None or on <= self.effective_until


class PackFile(_Entry, frozen=True):
    """A whole pack as written; it takes over on the bank's day ``effective_from``."""

    version: Version
    effective_from: date
    rule: Annotated[tuple[Rule, ...], msgspec.Meta(min_length=1, max_length=1000)]

    @property
    def digest(self) -> str:
        """SHA-256 over everything the file says, whatever its layout and comments."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def decode_file(text: bytes, source: str) -> PackFile:
    """A pack's content; ``UnreadablePack`` names ``source`` and the path of what is wrong."""
    try:
        content = msgspec.toml.decode(text, type=PackFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadablePack(f"{source}: {error}") from error
    problems = contradictions(content)
    if problems:
        raise UnreadablePack(f"{source}: {'; '.join(problems)}")
    return content


def contradictions(content: PackFile) -> list[str]:
    """What the rules of a pack do not agree on, each with its path."""
    problems = []
    met: set[str] = set()
    for index, rule in enumerate(content.rule):
        path = f"$.rule[{index}]"
        if rule.id in met:
            problems.append(f"{path}.id: {rule.id} stands twice")
        met.add(rule.id)
        problems += _of_days(rule, path)
        problems += _of_parameters(rule, path)
    return problems


def _of_days(rule: Rule, path: str) -> list[str]:
    if (rule.status == "prepare") != (rule.effective_from is None):
        return [f"{path}: a rule has either effective_from or the status prepare"]
    first, last = rule.effective_from, rule.effective_until
    if last is not None and (first is None or last < first):
        return [f"{path}.effective_until: it ends before it begins"]
    return []


def _of_parameters(rule: Rule, path: str) -> list[str]:
    problems = []
    dated: set[tuple[str, date | None]] = set()
    kinds: dict[str, tuple[str, type]] = {}
    for index, entry in enumerate(rule.parameter):
        place = f"{path}.parameter[{index}]"
        day = entry.effective_from or rule.effective_from
        if (entry.name, day) in dated:
            problems.append(f"{place}: {entry.name} has two entries from the same day")
        dated.add((entry.name, day))
        kind = (entry.unit, type(entry.value))
        if kinds.setdefault(entry.name, kind) != kind:
            problems.append(f"{place}: {entry.name} changes its unit or its kind between entries")
        if isinstance(entry.value, str) != (entry.unit == "rate"):
            problems.append(f"{place}.value: decimal strings are rates, and rates decimal strings")
        if rule.effective_from and day and day < rule.effective_from:
            problems.append(f"{place}.from: it is before its rule")
    return problems
