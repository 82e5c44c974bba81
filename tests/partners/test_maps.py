"""Every map of every dialect is lossless: canonical -> dialect -> canonical is the same again."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

import partners
from contracts.v1.consents import Consent
from contracts.v1.money import Money
from contracts.v1.orders import Order, OrderLine
from contracts.v1.payments import Payment
from partners import envelopes, fields
from partners.canonical import OPERATIONS
from partners.converters import Flag, Languages, Texts, Whole
from partners.dialect import Dialect
from partners.signatures import SigningKey
from partners.tables import Field, Group, Notice, Row
from tests.partners import recordings

DIALECTS = [partners.find(name) for name in partners.names()]
MAPS = [
    pytest.param(dialect, operation, part, id=f"{dialect.name}-{operation.ours}-{part}")
    for dialect in DIALECTS
    for operation in dialect.operations
    for part in ("parameters", "query", "body", "answer")
    if getattr(operation, part)
]
NOTICES = [
    pytest.param(dialect, notice, id=f"{dialect.name}-{notice.kind}")
    for dialect in DIALECTS
    for notice in dialect.notifications.notices
]
PLAIN = st.text(st.characters(codec="utf-8", min_codepoint=32, exclude_characters="\x7f"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


SIGNING_KEY = SigningKey(recordings.private_pem("gateway"))


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a contract type, in its native JSON shape."""
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.UnionType():
            return st.one_of([values(each) for each in kind.types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(kind.ge or 0, kind.le or 2**53 - 1)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType(pattern=None):
            return PLAIN
        case inspect.StrType():
            text = st.from_regex(kind.pattern.replace("$", r"\Z"))
            longest = kind.max_length or 1000
            return text.filter(lambda value: len(value) <= longest and value.isprintable())
        case inspect.DateTimeType():
            moments = st.datetimes(timezones=st.just(UTC))
            return moments.filter(lambda at: 1 < at.year < 9999).map(msgspec.to_builtins)
        case inspect.DictType():
            return st.dictionaries(PLAIN, values(kind.value_type), max_size=3)
        case inspect.ListType():
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=3)
        case inspect.StructType():
            members = {field.name: values(field.type) for field in kind.fields}
            return st.fixed_dictionaries(members).map(lambda value: _normal(kind.cls, value))
    raise NotImplementedError(kind)


def _normal(struct: type[msgspec.Struct], value: dict[str, Any]) -> dict[str, Any]:
    if struct.__name__ == "Money":
        value = value | {"currency": "CNY"}  # The only currency the gateway's accounts have.
    native: dict[str, Any] = msgspec.to_builtins(msgspec.convert(value, struct))
    return native


def contract(operation: Any, part: str) -> type[msgspec.Struct]:
    struct: type[msgspec.Struct] = getattr(OPERATIONS[operation.ours], part)
    return struct


def read_notice(dialect: Dialect, notice: Notice, body: bytes) -> dict[str, Any]:
    """The native event as a partner reads it back from the form, by the tables alone."""
    form = dialect.notifications
    spoken: dict[str, Any] = dict(parse_qsl(body.decode(), strict_parsing=True))
    for row in _flat(form.envelope + notice.rows):
        textual = isinstance(row, Field) and not isinstance(
            row.converter, Whole | Flag | Texts | Languages
        )
        if not textual and row.theirs in spoken:
            spoken[row.theirs] = msgspec.json.decode(spoken[row.theirs])
    rest = envelopes.read_object(spoken.get(form.rest, "{}"))
    envelope = {name: spoken[name] for name in fields.claimed(form.envelope, "theirs")}
    event = fields.hear(form.envelope, envelope)
    present = [row for row in notice.rows if set(fields.claimed((row,), "theirs")) & set(spoken)]
    names = set(fields.claimed(present, "theirs")) & set(spoken)
    content = fields.hear(present, {name: spoken[name] for name in names})
    return event | {"data": content | rest}


MONEY = values(inspect.type_info(Money))
ACCOUNT = {"account_id": PLAIN, "order_id": PLAIN, "component": PLAIN, "tier": PLAIN}
MANDATE = {"mandate_id": PLAIN, "account_id": PLAIN, "order_id": PLAIN, "component": PLAIN}
# What the rooms put into events today; anything further is drawn freely beside it.
CONTENT = {
    "order": values(inspect.type_info(Order)),
    "order.line": st.fixed_dictionaries(
        {"order_id": PLAIN, "reference": PLAIN, "line": values(inspect.type_info(OrderLine))}
    ),
    "payment": values(inspect.type_info(Payment)),
    "consent": values(inspect.type_info(Consent)),
    "account": st.fixed_dictionaries(
        ACCOUNT, optional={"status": st.sampled_from(["active", "closed"]), "amount": MONEY}
    ),
    "mandate": st.fixed_dictionaries(
        MANDATE | {"status": st.just("ended"), "per_debit_cap": MONEY, "daily_cap": MONEY}
    ),
    "endpoint": st.fixed_dictionaries({}),
}


def _flat(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Group) and not row.theirs:
            yield from _flat(row.rows)
        else:
            yield row


@pytest.mark.parametrize(("dialect", "operation", "part"), MAPS)
@settings(deadline=None, max_examples=40)
@given(drawn=st.data())
def test_a_map_gives_back_what_it_was_given(dialect, operation, part, drawn):
    struct = contract(operation, part)
    canonical = drawn.draw(values(inspect.type_info(struct)))
    rows = getattr(operation, part)
    wire = envelopes.write_json(fields.speak(rows, canonical), escape_braces=True)
    again = fields.hear(rows, envelopes.read_object(wire))
    assert _normal(struct, again) == canonical


def without_nulls(value: Any) -> Any:
    """The same value, members that are null left out at every depth."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def drawn_event(drawn: Any, notice: Notice) -> dict[str, Any]:
    """An event of one of the notice's types: the contract's content, or anything at all."""
    kind = notice.events[0].split(".")[0]
    content = drawn.draw(st.dictionaries(PLAIN, JSON, max_size=3))
    content |= drawn.draw(CONTENT[notice.events[0].rpartition("_")[0] or kind])
    return {
        "id": "evt_1",
        "type": drawn.draw(st.sampled_from(notice.events)),
        "timestamp": "2026-11-24T03:20:43.250000Z",
        "sequence": drawn.draw(st.integers(1, 10**9)),
        "resource": {"type": kind, "id": "x_1"},
        "data": content,
    }


@pytest.mark.parametrize(("dialect", "notice"), NOTICES)
@settings(deadline=None, max_examples=25)
@given(drawn=st.data())
def test_a_notification_gives_back_the_whole_event(dialect, notice, drawn):
    event = drawn_event(drawn, notice)
    raw = dialect.announce(event, SIGNING_KEY, "client", datetime(2026, 11, 24, tzinfo=UTC))
    again = read_notice(dialect, notice, raw.body)
    if notice.rows:
        # A null that a row claims is said by leaving it out.
        event, again = without_nulls(event), without_nulls(again)
    assert again == event
