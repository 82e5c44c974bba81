"""Statements, queries and units: how a room says what to read and what to change.

There are no interactive transactions. A room reads, decides, and commits one ``Unit``: a list of
statements with the number of rows each expects, all or nothing. The guards inside the statements
(``where status = :from_``) make the decision still true at the moment of the commit.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

import msgspec

from contracts import errors

Row = TypeVar("Row")
Value = str | int | datetime | None
_STORABLE: Final = frozenset((str, datetime, int, type(None)))
_SMALL: Final = 2**63
_encode: Final = msgspec.json.Encoder().encode
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")

# Every statement of the program, in order of declaration: the PostgreSQL side compiles them
# into one function, so it must know them all. Like the metadata of tables it only ever grows.
DECLARED: Final[list["Statement"]] = []


class Stale(errors.Conflict):
    """A guard of a unit did not hold: what was read before has changed since."""


class Statement:
    """One change, as SQL that SQLite and PostgreSQL both accept, with ``:name`` parameters.

    The word ``{skip_locked}`` stands for PostgreSQL's ``for update skip locked``.
    """

    __slots__ = ("_pick", "names", "number", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = " ".join(sql.split())
        self.names = tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))
        self.number = len(DECLARED)
        # Of one name an itemgetter would answer the bare value, of none it cannot be made.
        self._pick = itemgetter(*self.names) if len(self.names) > 1 else self._pick_few
        DECLARED.append(self)

    def rewrite(self, placeholder: Callable[[str], str], skip_locked: str) -> str:
        """The SQL with every parameter replaced by ``placeholder(name)``."""
        text = self.sql.replace("{skip_locked}", skip_locked)
        return _PARAMETER.sub(lambda found: placeholder(found[1]), text)

    def bind(self, values: dict[str, Any]) -> list[Value]:
        """The values in order of the statement's parameters, each of which either store can hold.

        Raises ``TypeError`` for a missing, unknown or unstorable value, which is a bug, and
        ``InvalidField`` for text that PostgreSQL cannot hold, which is the caller's input.
        """
        if len(values) != len(self.names):
            strange = sorted(set(values) ^ set(self.names))
            raise TypeError(f"parameters {strange} do not fit: {self.sql}")
        try:
            picked = list(self._pick(values))
        except KeyError as missing:
            raise TypeError(f"parameter {missing} is missing: {self.sql}") from None
        if not _are_plain(picked):
            picked = [_storable(value) for value in picked]
        return picked

    def _pick_few(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(values[name] for name in self.names)


class Query(Statement, Generic[Row]):
    """A statement that answers rows: a select, or an update with ``returning``."""

    __slots__ = ("many", "row")

    def __init__(self, sql: str, row: type[Row]) -> None:
        super().__init__(sql)
        self.row = row
        self.many: msgspec.json.Decoder[list[Row]] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]


class Call(msgspec.Struct, frozen=True):
    """A statement with its values, the rows it must touch, and what to raise if it does not."""

    statement: Statement
    values: list[Value]
    expect: int | None
    otherwise: Callable[[], Exception] | Exception


class Unit:
    """Everything one act changes. It is durable as a whole or has not happened.

    ``locks`` name the rows that the unit guards (accounts, orders, consents): units that share
    one run one after the other, on every process, and cannot deadlock.
    """

    __slots__ = ("afterwards", "calls", "locks", "name")

    def __init__(self, name: str, locks: tuple[str, ...] = ()) -> None:
        self.name = name
        self.locks: list[str] = []
        self.calls: list[Call] = []
        self.afterwards: list[Callable[[], None]] = []
        self.lock(*locks)

    def after(self, call: Callable[[], None]) -> None:
        """Adds something to do once the unit is durable; it must not fail and need not happen."""
        self.afterwards.append(call)

    def lock(self, *identifiers: str) -> None:
        """Adds rows to guard; a name that no row can have is refused like any other value."""
        for identifier in identifiers:
            if not identifier.isascii() or "\0" in identifier:
                _storable(identifier)
        self.locks.extend(identifiers)

    def add(
        self,
        statement: Statement,
        *,
        expect: int | None = 1,
        otherwise: Callable[[], Exception] | Exception = Stale,
        **values: Value,
    ) -> None:
        """Adds a change that must touch ``expect`` rows (``None``: any number).

        A different number, or a violated unique constraint, undoes the unit and raises
        ``otherwise`` from ``Database.commit``: an exception, or what makes one when it is needed.
        """
        self.calls.append(Call(statement, statement.bind(values), expect, otherwise))

    def ask(self, query: Query[Any], **values: Value) -> int:
        """Adds a query that runs in the unit; returns its slot in the answer of ``commit``."""
        self.calls.append(Call(query, query.bind(values), None, Stale))
        return sum(isinstance(call.statement, Query) for call in self.calls) - 1


def _are_plain(values: list[Any]) -> bool:
    """Whether nothing has to be looked at one by one; errs only towards ``False``.

    Nearly always so, and a request binds dozens of values: encoding them all, which is one call
    into C, costs less than one look at each. Escaped, a NUL cannot hide in the text.
    """
    kinds = set(map(type, values))
    if not kinds <= _STORABLE:
        return False
    if datetime in kinds or int in kinds:
        for value in values:
            kind = type(value)
            if kind is datetime and value.tzinfo is not UTC:
                return False
            if kind is int and not 0 <= value < _SMALL:
                return False
    try:
        return b"\\u0000" not in _encode(values)
    except UnicodeEncodeError:
        return False


def _storable(value: Any) -> Value:
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise errors.InvalidField("Text must not contain the NUL character.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise errors.InvalidField("Text must be valid Unicode.") from None
        return value  # type: ignore[no-any-return]
    if kind is int:
        if not -(2**63) <= value < 2**63:
            raise errors.InvalidField("A number is out of range.")
        return value  # type: ignore[no-any-return]
    if kind is datetime:
        if value.tzinfo is None:
            raise TypeError("times must be aware")
        return value.astimezone(UTC)  # type: ignore[no-any-return]
    if isinstance(value, str):
        return _storable(str.__str__(value))
    raise TypeError(f"{kind.__name__} cannot be stored")
