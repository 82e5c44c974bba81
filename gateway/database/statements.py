"""Statements, queries and units: how a room says what to read and what to change.

There are no interactive transactions. A room reads, decides, and commits one ``Unit``: a list of
statements with the number of rows each expects, all or nothing. The guards inside the statements
(``where status = :from_``) make the decision still true at the moment of the commit.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from contracts import errors

Row = TypeVar("Row")
Value = str | int | datetime | None
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

    __slots__ = ("names", "number", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = " ".join(sql.split())
        self.names = tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))
        self.number = len(DECLARED)
        DECLARED.append(self)

    def rewrite(self, placeholder: Callable[[str], str], skip_locked: str) -> str:
        """The SQL with every parameter replaced by ``placeholder(name)``."""
        text = self.sql.replace("{skip_locked}", skip_locked)
        return _PARAMETER.sub(lambda found: placeholder(found[1]), text)

    def bind(self, values: dict[str, Any]) -> list[str | int | None]:
        """The values in order of the statement's parameters, in their stored form.

        Raises ``TypeError`` for a missing, unknown or unstorable value, which is a bug, and
        ``InvalidField`` for text that PostgreSQL cannot hold, which is the caller's input.
        """
        if len(values) != len(self.names):
            strange = sorted(set(values) ^ set(self.names))
            raise TypeError(f"parameters {strange} do not fit: {self.sql}")
        try:
            # Nearly every value is a short ASCII text without NUL or None; those pass as they are.
            return [
                value
                if value is None or (type(value) is str and value.isascii() and "\0" not in value)
                else _stored(value)
                for value in (values[name] for name in self.names)
            ]
        except KeyError as missing:
            raise TypeError(f"parameter {missing} is missing: {self.sql}") from None


class Query(Statement, Generic[Row]):
    """A statement that answers rows: a select, or an update with ``returning``."""

    __slots__ = ("many", "row")

    def __init__(self, sql: str, row: type[Row]) -> None:
        super().__init__(sql)
        self.row = row
        self.many: msgspec.json.Decoder[list[Row]] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]


class Call(NamedTuple):
    """A statement with its values, the rows it must touch, and what to raise if it does not."""

    statement: Statement
    values: list[str | int | None]
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
            _stored(identifier)
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


def _stored(value: Any) -> str | int | None:
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
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds")  # type: ignore[no-any-return]
    if isinstance(value, str):
        return _stored(str.__str__(value))
    raise TypeError(f"{kind.__name__} cannot be stored")
