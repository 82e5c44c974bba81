"""Tables that do not hold together fail at construction, naming the entry by its path."""

import msgspec
import pytest

import partners
from partners import TableError
from partners.converters import Codes, Flag, LocalTime, Text, Whole
from partners.tables import (
    Acknowledgement,
    Each,
    Field,
    Group,
    Notice,
    Parameter,
    RawValue,
    Signing,
    SortedPairs,
    Spoken,
)

LANTU = partners.find("lantu")
replace = msgspec.structs.replace


def changed(index: int, **members: object):
    """The dialect with one operation changed."""
    operations = list(LANTU.operations)
    operations[index] = replace(operations[index], **members)
    return replace(LANTU, operations=tuple(operations))


def errors_with(**members: object):
    return replace(LANTU, errors=replace(LANTU.errors, **members))


def notifications_with(**members: object):
    return replace(LANTU, notifications=replace(LANTU.notifications, **members))


def parameters_without(name: str) -> tuple[Parameter, ...]:
    return tuple(each for each in LANTU.parameters if each.name != name)


READ, DEBIT, ORDER = 1, 5, LANTU.operations[2]
BROKEN = {
    "lantu.locators.grant": lambda: replace(LANTU, parameters=parameters_without("auth_token")),
    "lantu.locators.timestamp": lambda: replace(
        LANTU, parameters=(*parameters_without("timestamp"), Parameter("timestamp"))
    ),
    "lantu.locators: parameter 'sign' appears": lambda: replace(
        LANTU, locators=replace(LANTU.locators, client="sign")
    ),
    "lantu.parameters: name 'sign' appears": lambda: replace(
        LANTU, parameters=(*LANTU.parameters, Parameter("sign"))
    ),
    "lantu.parameters[11].name": lambda: replace(
        LANTU, parameters=(*LANTU.parameters, Parameter("a=b"))
    ),
    "lantu.parameters[11].pattern": lambda: replace(
        LANTU, parameters=(*LANTU.parameters, Parameter("a", pattern="("))
    ),
    "lantu.parameters[10].meaning": lambda: replace(
        LANTU,
        parameters=(
            *parameters_without("biz_content"),
            Parameter("biz_content", meaning="ignored"),
        ),
    ),
    "lantu.request_signing.recipe: ": lambda: replace(
        LANTU, request_signing=Signing("rsa-pkcs1-sha256", "RSA2", RawValue())
    ),
    "lantu.request_signing.recipe.omitted: leaves": lambda: replace(
        LANTU,
        request_signing=Signing("rsa-pkcs1-sha256", "RSA2", SortedPairs(("sign", "biz_content"))),
    ),
    "lantu.notification_signing.recipe.omitted: must": lambda: replace(
        LANTU, notification_signing=Signing("rsa-pkcs1-sha256", "RSA2", SortedPairs(()))
    ),
    "lantu.answer_signing.recipe": lambda: replace(
        LANTU, answer_signing=Signing("rsa-pkcs1-sha256", "RSA2", SortedPairs(("sign",)))
    ),
    "$.request_signing.algorithm": lambda: replace(
        LANTU, request_signing=Signing("rsa-pkcs1-sha1", "RSA", SortedPairs(("sign",)))
    ),
    "lantu.parameters: the algorithm": lambda: replace(
        LANTU, request_signing=Signing("rsa-pkcs1-sha256", "RSA3", SortedPairs(("sign",)))
    ),
    "$.retry_seconds[1]": lambda: replace(LANTU, retry_seconds=(240, "600")),
    "lantu.retry_seconds": lambda: replace(LANTU, retry_seconds=(240, 0)),
    "lantu.window": lambda: replace(LANTU, window=replace(LANTU.window, past_seconds=0)),
    "lantu.limits.parameters": lambda: replace(LANTU, limits=replace(LANTU.limits, parameters=0)),
    "lantu.methods": lambda: replace(LANTU, methods=("PUT",)),
    "lantu.acknowledgement.statuses": lambda: replace(
        LANTU, acknowledgement=Acknowledgement((), b"success")
    ),
    "Lantu!": lambda: replace(LANTU, name="Lantu!"),
    "lantu.operations: ours 'orders.place' appears": lambda: changed(READ, ours="orders.place"),
    "lantu.operations[1].ours": lambda: changed(READ, ours="packages.burn"),
    "lantu.operations[1].parameters: 'code' of the contract": lambda: changed(READ, parameters=()),
    "lantu.operations[1].parameters[1].ours": lambda: changed(
        READ,
        parameters=(Field("package_code", "code", Text()), Field("more", "more", Text())),
    ),
    "lantu.operations[1].parameters[0].absent": lambda: changed(
        READ, parameters=(Field("package_code", "code", Text(), "null"),)
    ),
    "lantu.operations[1].parameters[0].converter": lambda: changed(
        READ, parameters=(Field("package_code", "code", Whole()),)
    ),
    "lantu.operations[1].parameters[0].theirs": lambda: changed(
        READ, parameters=(Field("", "code", Text()),)
    ),
    "lantu.operations[1].answer: 'title' of the contract": lambda: changed(
        READ, answer=tuple(row for row in LANTU.operations[READ].answer if row.ours != "title")
    ),
    "lantu.operations[1].answer: 'msg' is a word": lambda: changed(
        READ,
        answer=tuple(
            replace(row, theirs="msg") if row.theirs == "title" else row
            for row in LANTU.operations[READ].answer
        ),
    ),
    "lantu.operations[2].answer[6].rows: 'line_id'": lambda: changed(
        2,
        answer=tuple(
            replace(row, rows=row.rows[1:]) if isinstance(row, Each) else row
            for row in ORDER.answer
        ),
    ),
    "lantu.operations[2].answer[6]: the contract has no object": lambda: changed(
        2,
        answer=tuple(
            Group(row.theirs, row.ours, row.rows) if isinstance(row, Each) else row
            for row in ORDER.answer
        ),
    ),
    "lantu.operations[2].answer[5].converter: cannot": lambda: changed(
        2,
        answer=tuple(
            Field("order_status", "status", Codes({"active": "ACTIVE"}))
            if row.theirs == "order_status"
            else row
            for row in ORDER.answer
        ),
    ),
    "lantu.operations[2].answer[5].converter.words: word 'A'": lambda: changed(
        2,
        answer=tuple(
            Field(
                "order_status",
                "status",
                Codes(dict.fromkeys(ORDER.answer[5].converter.words, "A")),
            )
            if row.theirs == "order_status"
            else row
            for row in ORDER.answer
        ),
    ),
    "lantu.operations[5].business_number": lambda: changed(DEBIT, business_number="subject"),
    "lantu.operations[1].business_number": lambda: changed(READ, business_number="package_code"),
    "lantu.operations[5]: theirs 'mandate_no' appears": lambda: changed(
        DEBIT, parameters=LANTU.operations[DEBIT].parameters * 2
    ),
    "$.operations[0].theirs": lambda: changed(0, theirs=5),
    "$.window.clock.offset_minutes": lambda: replace(
        LANTU, window=replace(LANTU.window, clock=LocalTime(offset_minutes=9999))
    ),
    "lantu.errors.codes": lambda: errors_with(codes={"no.such": Spoken("1", "2", "3")}),
    "lantu.errors.families": lambda: errors_with(families={"4xx": Spoken("1", "2", "{code}")}),
    "lantu.errors: sub_code 'isv.same'": lambda: errors_with(
        families=LANTU.errors.families | {"4xx": Spoken("1", "2", "isv.same")}
    ),
    "lantu.errors.rows": lambda: errors_with(rest="msg"),
    "lantu.notifications: parameter 'sign' appears": lambda: notifications_with(client="sign"),
    "lantu.notifications.envelope": lambda: notifications_with(
        envelope=LANTU.notifications.envelope[1:]
    ),
    "lantu.notifications.notices: there is no event": lambda: notifications_with(
        notices=(Notice("a", ("order.eaten",)),)
    ),
    "lantu.notifications.notices: event 'order.active'": lambda: notifications_with(
        notices=(*LANTU.notifications.notices, Notice("a", ("order.active",)))
    ),
    "lantu.notifications.notices[0].rows: theirs 'sign'": lambda: notifications_with(
        notices=(Notice("a", ("order.active",), (Field("sign", "x", Flag()),)),)
    ),
}


@pytest.mark.parametrize("path", BROKEN)
def test_a_broken_table_is_refused_with_its_path(path):
    with pytest.raises(TableError) as caught:
        BROKEN[path]()
    assert path in str(caught.value)


def test_a_folder_whose_dialect_has_another_name_is_refused(monkeypatch):
    module = partners.importlib.import_module("partners.lantu")
    monkeypatch.setattr(module, "DIALECT", replace(LANTU, name="another"))
    with pytest.raises(TableError, match="another"):
        partners.find("lantu")
