"""Rows at work: an object in our words to one in theirs and back, losing nothing unsaid."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from partners.tables import Each, Field, Group, Row

Side = Literal["ours", "theirs"]


class FieldProblem(ValueError):
    """A value that a row cannot translate; ``path`` is where, in the words of the source side."""

    def __init__(self, path: str, reason: str, *, missing: bool = False) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.missing = missing


def speak(rows: Iterable[Row], canonical: Mapping[str, Any]) -> dict[str, Any]:
    """Our words to theirs; raises FieldProblem for a member no row knows."""
    return _translate(tuple(rows), canonical, "ours", "")


def hear(rows: Iterable[Row], spoken: Mapping[str, Any]) -> dict[str, Any]:
    """Their words to ours; raises FieldProblem for a member no row knows."""
    return _translate(tuple(rows), spoken, "theirs", "")


def claimed(rows: Iterable[Row], side: Side) -> list[str]:
    """The names that rows read on one side at this level, repeats kept for the table checks."""
    found: list[str] = []
    for row in rows:
        name = _name(row, side)
        if name:
            found.append(name)
        elif isinstance(row, Group):
            found += claimed(row.rows, side)
    return found


def split(
    rows: Iterable[Row], canonical: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our words to theirs as far as rows go, and the rest in our words.

    For content whose shape is not promised (error members, event content): it never fails, and
    every member is in exactly one of the two.
    """
    spoken: dict[str, Any] = {}
    rest = dict(canonical)
    for row in rows:
        names = claimed((row,), "ours")
        part = {name: rest[name] for name in names if name in rest}
        try:
            translated = _translate((row,), part, "ours", "")
        except FieldProblem:
            continue
        # An empty text would be lost in forms, where empty and missing are the same.
        if part and "" not in translated.values():
            spoken |= translated
            rest = {name: value for name, value in rest.items() if name not in names}
    return spoken, rest


def _translate(
    rows: tuple[Row, ...], source: Mapping[str, Any], side: Side, place: str
) -> dict[str, Any]:
    unknown = sorted(set(source) - set(claimed(rows, side)))
    if unknown:
        raise FieldProblem(place + unknown[0][:64], "there is no such field")
    return _read(rows, source, side, place)


def _read(
    rows: tuple[Row, ...], source: Mapping[str, Any], side: Side, place: str
) -> dict[str, Any]:
    target: dict[str, Any] = {}
    for row in rows:
        name, other = _name(row, side), _name(row, "theirs" if side == "ours" else "ours")
        if not name and isinstance(row, Group):
            inner = _read(row.rows, source, side, place)
            target |= {other: inner} if other else inner
            continue
        value = source.get(name)
        if name not in source or (value is None and row.absent == "null"):
            _leave_out(row, side, other, target, place + name)
            continue
        translated = _value(row, value, side, place + name)
        if other:
            target[other] = translated
        else:
            target |= translated
    return target


def _leave_out(row: Row, side: Side, other: str, target: dict[str, Any], path: str) -> None:
    if row.absent == "refused":
        raise FieldProblem(path, "the field is missing", missing=True)
    if row.absent == "null" and side == "theirs" and other:
        target[other] = None


def _value(row: Row, value: Any, side: Side, path: str) -> Any:
    if isinstance(row, Field):
        try:
            if side == "ours":
                return row.converter.speak(value)
            return row.converter.hear(value)
        except ValueError as problem:
            raise FieldProblem(path, str(problem)) from None
    if isinstance(row, Each):
        if not isinstance(value, list):
            raise FieldProblem(path, "expected a list")
        return [
            _object(row, member, side, f"{path}[{position}]")
            for position, member in enumerate(value)
        ]
    return _object(row, value, side, path)


def _object(row: Group | Each, value: Any, side: Side, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldProblem(path, "expected an object")
    return _translate(row.rows, value, side, path + ".")


def _name(row: Row, side: Side) -> str:
    return row.ours if side == "ours" else row.theirs
