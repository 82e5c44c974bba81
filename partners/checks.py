"""Checks: a dialect's tables hold together, or the start-up fails and says where they do not."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import get_args

import msgspec
from msgspec import inspect

from contracts import errors
from contracts.v1.events import Event, EventType
from partners import fields, speech
from partners.canonical import OPERATIONS, Nothing
from partners.converters import Codes, Text
from partners.tables import Each, Field, Group, Operation, RawValue, Row, SortedPairs, Tables

# Words of the answer itself; a row that spoke one would break the answer or its signature.
ANSWER_WORDS = frozenset({"code", "msg", "sub_code", "sub_msg", "sign"})
# A request may lack content and grant; without any of the others it means nothing.
OPTIONAL_LOCATORS = frozenset({"content", "grant"})
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class TableError(Exception):
    """A table that does not hold together; the message begins with the path of the entry."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def check_tables(tables: Tables) -> None:
    """Raises TableError for the first entry that is mistyped, doubled, missing or unknown."""
    try:
        msgspec.convert(msgspec.to_builtins(tables), Tables)
    except (msgspec.ValidationError, TypeError) as problem:
        raise TableError(str(getattr(tables, "name", "?")), str(problem)) from None
    if not NAME.fullmatch(tables.name):
        raise TableError(tables.name, "name: lower-case letters, digits and _ only")
    place = tables.name
    _check_parameters(tables, place)
    _check_signings(tables, place)
    _check_numbers(tables, place)
    _unique([row.theirs for row in tables.operations], f"{place}.operations", "theirs")
    _unique([row.ours for row in tables.operations], f"{place}.operations", "ours")
    for position, operation in enumerate(tables.operations):
        _check_operation(operation, f"{place}.operations[{position}]")
    _check_errors(tables, f"{place}.errors")
    _check_notifications(tables, f"{place}.notifications")


def _check_parameters(tables: Tables, place: str) -> None:
    names = [parameter.name for parameter in tables.parameters]
    required = {parameter.name for parameter in tables.parameters if parameter.required}
    _unique(names, f"{place}.parameters", "name")
    located = list(msgspec.structs.asdict(tables.locators).values())
    _unique(located, f"{place}.locators", "parameter")
    for locator, name in msgspec.structs.asdict(tables.locators).items():
        if name not in names:
            raise TableError(f"{place}.locators.{locator}", f"{name!r} is not among parameters")
        if locator not in OPTIONAL_LOCATORS and name not in required:
            raise TableError(f"{place}.locators.{locator}", f"{name!r} must be a required one")
    for position, parameter in enumerate(tables.parameters):
        path = f"{place}.parameters[{position}]"
        if not PARAMETER_NAME.fullmatch(parameter.name):
            raise TableError(f"{path}.name", "letters, digits, dot, hyphen and _ only")
        if parameter.meaning == "ignored" and parameter.name in located:
            raise TableError(f"{path}.meaning", "a located parameter cannot be ignored")
        try:
            re.compile(parameter.pattern)
        except re.error as problem:
            raise TableError(f"{path}.pattern", str(problem)) from None


def _check_signings(tables: Tables, place: str) -> None:
    for name in ("request_signing", "notification_signing"):
        recipe = getattr(tables, name).recipe
        if not isinstance(recipe, SortedPairs):
            raise TableError(f"{place}.{name}.recipe", "a form is signed as sorted pairs")
        held = tables.locators if name == "request_signing" else tables.notifications
        if held.signature not in recipe.omitted:
            raise TableError(f"{place}.{name}.recipe.omitted", f"must omit {held.signature!r}")
        if set(recipe.omitted) - {held.signature, held.algorithm}:
            # Whatever is left out could be changed on the way and still be believed.
            raise TableError(f"{place}.{name}.recipe.omitted", "leaves values uncovered")
    if not isinstance(tables.answer_signing.recipe, RawValue):
        raise TableError(f"{place}.answer_signing.recipe", "an answer is signed as raw text")
    words = next(row.allowed for row in tables.parameters if row.name == tables.locators.algorithm)
    if words != (tables.request_signing.word,):
        raise TableError(f"{place}.parameters", "the algorithm's only word must be allowed")


def _check_numbers(tables: Tables, place: str) -> None:
    window = tables.window
    if not 1 <= window.past_seconds <= 86400 or not 0 <= window.future_seconds <= 86400:
        raise TableError(f"{place}.window", "seconds must be within one day")
    if not tables.retry_seconds or min(tables.retry_seconds) < 1:
        raise TableError(f"{place}.retry_seconds", "at least one wait, each of a second or more")
    for name, value in msgspec.structs.asdict(tables.limits).items():
        if value < 1:
            raise TableError(f"{place}.limits.{name}", "must be at least 1")
    if not set(tables.methods) <= {"GET", "POST"} or not tables.methods:
        raise TableError(f"{place}.methods", "GET, POST or both")
    if not tables.acknowledgement.statuses:
        raise TableError(f"{place}.acknowledgement.statuses", "at least one status")


def _check_operation(operation: Operation, place: str) -> None:
    canonical = OPERATIONS.get(operation.ours)
    if canonical is None:
        raise TableError(f"{place}.ours", f"there is no operation {operation.ours!r}")
    asked = operation.parameters + operation.query + operation.body
    _unique(fields.claimed(asked, "theirs"), place, "theirs")
    for part in ("parameters", "query", "body", "answer"):
        contract = getattr(canonical, part) or Nothing
        _check_rows(getattr(operation, part), _members(contract), f"{place}.{part}")
    taken = ANSWER_WORDS & set(fields.claimed(operation.answer, "theirs"))
    if taken:
        raise TableError(f"{place}.answer", f"{sorted(taken)[0]!r} is a word of the answer itself")
    numbers = [
        row.theirs
        for row in asked
        if isinstance(row, Field) and row.absent == "refused" and isinstance(row.converter, Text)
    ]
    if canonical.writes and operation.business_number not in numbers:
        raise TableError(f"{place}.business_number", "a write names one of its required texts")
    if not canonical.writes and operation.business_number:
        raise TableError(f"{place}.business_number", "a read has none")


def _check_rows(rows: Iterable[Row], members: dict[str, inspect.Field], place: str) -> None:
    """Every member of the contract is said exactly once, in a way that can hold it."""
    rows = tuple(rows)
    _unique(fields.claimed(rows, "ours"), place, "ours")
    _unique(fields.claimed(rows, "theirs"), place, "theirs")
    unsaid = sorted(set(members) - set(fields.claimed(rows, "ours")))
    if unsaid:
        raise TableError(place, f"{unsaid[0]!r} of the contract is not said")
    for position, row in enumerate(rows):
        path = f"{place}[{position}]"
        if not row.ours and isinstance(row, Group):
            inner = set(fields.claimed(row.rows, "ours"))
            part = {name: member for name, member in members.items() if name in inner}
            _check_rows(row.rows, part, f"{path}.rows")
        elif row.ours not in members:
            raise TableError(f"{path}.ours", f"the contract has no {row.ours!r}")
        else:
            _check_row(row, members[row.ours], path)


def _check_row(row: Row, member: inspect.Field, path: str) -> None:
    kind, nullable = _without_null(member.type)
    absent = "null" if nullable else "refused" if member.required else "default"
    if row.absent != absent:
        raise TableError(f"{path}.absent", f"the contract says {absent!r}")
    if not row.theirs and (not isinstance(row, Group) or row.absent != "refused"):
        # Without a level of its own an absent object and one of absent members look the same.
        raise TableError(f"{path}.theirs", "must have a name")
    if isinstance(row, Field):
        if isinstance(row.converter, Codes):
            _unique(list(row.converter.words.values()), f"{path}.converter.words", "word")
        if not row.converter.fits(kind):
            raise TableError(f"{path}.converter", "cannot hold what the contract allows")
        return
    if isinstance(row, Each):
        if not isinstance(kind, inspect.ListType):
            raise TableError(path, "the contract has no list here")
        kind, _ = _without_null(kind.item_type)
    if not isinstance(kind, inspect.StructType):
        raise TableError(path, "the contract has no object here")
    _check_rows(row.rows, {field.name: field for field in kind.fields}, f"{path}.rows")


def _check_errors(tables: Tables, place: str) -> None:
    tree = errors.tree()
    known = {error.code for error in tree}
    unknown = sorted(set(tables.errors.codes) - known)
    if unknown:
        raise TableError(f"{place}.codes", f"there is no error {unknown[0]!r}")
    for family in ("4xx", "5xx"):
        if family not in tables.errors.families:
            raise TableError(f"{place}.families", f"{family!r} is not said")
    # Rooms may refine a class of the tree for themselves; what they share is its code.
    spoken = {error.code: speech.spoken_for(tables.errors, error).sub_code for error in tree}
    _unique(spoken.values(), place, "sub_code")
    names = [*fields.claimed(tables.errors.rows, "theirs"), tables.errors.rest]
    _unique([*names, *sorted(ANSWER_WORDS)], f"{place}.rows", "theirs")


def _check_notifications(tables: Tables, place: str) -> None:
    form = tables.notifications
    said = _members(Event)
    said.pop("data")
    _check_rows(form.envelope, said, f"{place}.envelope")
    own = [form.client, form.sent_at, form.kind, form.signature, form.algorithm, form.rest]
    own += [*form.constants, *fields.claimed(form.envelope, "theirs")]
    _unique(own, place, "parameter")
    events = [event for notice in form.notices for event in notice.events]
    _unique(events, f"{place}.notices", "event")
    unknown = sorted(set(events) - set(get_args(EventType)))
    if unknown:
        raise TableError(f"{place}.notices", f"there is no event {unknown[0]!r}")
    _unique([notice.kind for notice in form.notices], f"{place}.notices", "kind")
    for position, notice in enumerate(form.notices):
        path = f"{place}.notices[{position}].rows"
        _unique([*own, *fields.claimed(notice.rows, "theirs")], path, "theirs")
        _unique(fields.claimed(notice.rows, "ours"), path, "ours")


def _members(struct: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)
    return {field.name: field for field in kind.fields}


def _without_null(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    nullable = len(others) < len(kind.types)
    return (_without_null(others[0])[0] if len(others) == 1 else kind), nullable


def _unique(names: Iterable[str], path: str, what: str) -> None:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise TableError(path, f"{what} {doubled[0]!r} appears more than once")
