"""What the bank thinks of a customer shows nowhere: in no byte, in no length, in no call."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.v1.orders import ReasonFamily
from contracts.v1.qualifications import MissingCode, NextAction, Outcome, Place, Qualification
from gateway.corebank.port import CustomerFacts, Declined, Done
from gateway.database import Database
from gateway.products.package_files import PackageFile
from tests.conftest import SetClock
from tests.gateway.products.qualification.desk import (
    Desk,
    Standing,
    every_package,
)
from tests.gateway.products.qualification.door import opened

# One customer's opinions of the bank, and another's.
OPINIONS = st.fixed_dictionaries(
    {
        "segment": st.sampled_from(["mass", "preferred", "private"]),
        "score": st.integers(300, 900),
        "on_list": st.booleans(),
    }
)
PEOPLE = st.fixed_dictionaries(
    {
        "age": st.integers(10, 90),
        "kyc_level": st.sampled_from(["L0", "L1", "L2", "L3", "L4"]),
        "bound_class": st.sampled_from(["T1", "T2"]),
        "open_t2": st.integers(0, 5),
    }
)
PACKAGES = every_package()
SHELF = st.sampled_from(PACKAGES)
SCENARIOS = sorted({name for package in PACKAGES for name in package.scenarios} | {"elsewhere"})
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "scenario": st.sampled_from(SCENARIOS),
        "amount": st.fixed_dictionaries({"minor_units": st.integers(0, 10**9)}),
    },
)
examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return Desk(database, clock, PACKAGES)


async def answered(desk: Desk, customer_id: str, package: PackageFile, context: Any) -> Any:
    """Status, headers and body of the answer, and what was asked of the bank for it."""
    desk.bank.asked.clear()
    desk.orders.asked.clear()
    caller = desk.customer(customer_id, package.code, package.version)
    async with opened(desk, caller) as client:
        answer = await client.post(
            f"/v1/packages/{package.code}/qualifications",
            json={"context": context},
            headers={"x-fapi-interaction-id": caller.interaction_id},
        )
    headers = [pair for pair in answer.headers.raw if pair[0] != b"date"]
    return answer.status_code, headers, answer.content, desk.bank.asked[:], desk.orders.asked[:]


@examples
@given(first=OPINIONS, second=OPINIONS, person=PEOPLE, package=SHELF, context=CONTEXTS)
async def test_two_who_differ_only_in_the_banks_opinion_get_equal_bytes(
    desk: Desk,
    first: dict[str, Any],
    second: dict[str, Any],
    person: dict[str, Any],
    package: PackageFile,
    context: Any,
) -> None:
    one = await desk.enrol(**person, **first)
    other = await desk.enrol(**person, **second)
    told = [await answered(desk, who, package, context) for who in (one, other)]
    assert told[0] == told[1]
    # The same reads whatever is known: one of the bank, one of the orders.
    assert told[0][3:] == (["facts"], ["is_live"])


async def test_the_opinion_decides_after_the_order_all_the_same(desk: Desk) -> None:
    """Else the property above would hold of a bank without opinions."""
    listed, unlisted = await desk.enrol("ma"), await desk.enrol("ma", on_list=False)
    told = [await desk.ask(desk.customer(who)) for who in (listed, unlisted)]
    assert told[0] == told[1]
    assert told[0].outcome == "available"
    refused = await desk.sandbox.open_account("op-1", customer_id=listed, tier="T3")
    assert isinstance(refused, Declined)
    assert refused.code == "customer.blocked"
    opened = await desk.sandbox.open_account("op-2", customer_id=unlisted, tier="T3")
    assert isinstance(opened, Done)


def test_the_facts_have_no_member_for_an_opinion() -> None:
    assert CustomerFacts.__struct_fields__ == (
        "kyc_level",
        "age",
        "bound_class",
        "open_t2",
        "open_t3",
    )


def said_by(package: PackageFile) -> set[str]:
    """Every text and name that a package's own file may put into an answer."""
    words = {package.code, package.version}
    words |= {part.id for part in package.component}
    for entry in package.eligibility.condition:
        words |= {entry.code, entry.text.zh_cn, entry.text.en}
    return words


def texts_of(value: Any) -> list[str]:
    """Every text in a document, members' names left out."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_of(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts_of(inner)]
    return [value] if isinstance(value, str) else []


def closed_words(desk: Desk) -> set[str]:
    """Everything that the contract's own lists and the table of texts may say."""
    lists = (ReasonFamily, MissingCode, NextAction, Outcome, Place)
    words = {word for closed in lists for word in get_args(closed)}
    words |= {"EMBED", "REFER", "CNY", "anybody", "customer", "bank", "partner", "2026.08"}
    for code in get_args(MissingCode):
        words |= set(desk.qualifications._table.said(code).text.values())
    return words


@examples
@given(
    person=PEOPLE,
    opinion=OPINIONS,
    package=SHELF,
    context=CONTEXTS,
    about=st.booleans(),
    listed=st.booleans(),
    licences=st.frozensets(st.sampled_from(["insurance_intermediary", "fund_sales"])),
)
async def test_an_answer_holds_words_of_closed_lists_and_of_the_published_file(
    desk: Desk,
    person: dict[str, Any],
    opinion: dict[str, Any],
    package: PackageFile,
    context: Any,
    about: bool,
    listed: bool,
    licences: frozenset[str],
) -> None:
    desk.register.named["par_shop"] = Standing("par_shop", listed=listed, licences=licences)
    caller = desk.anybody()
    if about:
        customer_id = await desk.enrol(**person, **opinion)
        caller = desk.customer(customer_id, package.code, package.version)
    async with opened(desk, caller) as client:
        answer = await client.post(
            f"/v1/packages/{package.code}/qualifications", json={"context": context}
        )
    if answer.status_code == 404:
        assert not listed
        return
    document = answer.json()
    # Encoded again it is the same, so no member stands there that the contract does not have.
    decoded = msgspec.json.decode(answer.content, type=Qualification)
    assert msgspec.json.encode(decoded) == answer.content
    allowed = closed_words(desk) | said_by(package)
    assert [
        text for text in texts_of(document) if text not in allowed | {document["valid_until"]}
    ] == []
    # No figure of a person: the only numbers are the bounds of the published package.
    bounds = (
        {bound for plan in package.plan for bound in (plan.principal_min, plan.principal_max)}
        | {limit.minor_units for part in package.component for limit in part.limit}
        | {0}
    )
    assert numbers_of(document) <= bounds
    hidden = {part.id for part in package.component if part.boundary == "BANK_ONLY"}
    assert not hidden & {line.component for line in decoded.lines}


def numbers_of(value: Any) -> set[int]:
    if isinstance(value, dict):
        return {number for inner in value.values() for number in numbers_of(inner)}
    if isinstance(value, list):
        return {number for inner in value for number in numbers_of(inner)}
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()
