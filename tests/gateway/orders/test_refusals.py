"""A refused line takes back what stands, or stays alone, and never hangs."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from contracts import errors
from contracts.v1.orders import LineReason
from gateway.corebank.port import Declined
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Database, Query
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import Story, entry, line, package, shipped, wallet, wanted


class Balance(msgspec.Struct, frozen=True):
    balance: int


BOUND = Query("select balance from bank_account where account_id = :account_id", Balance)

TWO_PURSES = package("two-purses", ("purse", "first", True), ("purse", "second", True))
POCKET = package("pocket-pair", ("purse", "pocket", True), ("vault", "safe", False))
SPARE = package("spare-purse", ("vault", "safe", True), ("purse", "spare", False))


@pytest.fixture
def tale(database: Database, clock: SetClock) -> Story:
    return Story(database, clock, packages=(TWO_PURSES, POCKET, SPARE))


async def test_a_refused_first_line_cancels_and_nothing_was_opened(tale: Story) -> None:
    caller = await tale.consent("qian")
    placed = await tale.place(caller)
    order = placed.order
    assert order.status == "cancelled"
    assert [(found.component, found.status) for found in order.lines] == [
        ("vault", "declined"),
        ("purse", "compensated"),
        ("ride", "compensated"),
        ("sweep", "compensated"),
    ]
    assert line(order, "vault").reason == LineReason("limit", "account.too_many")
    assert await tale.count(story.ACCOUNTS) == 0
    assert (await tale.event_counts())["order.cancelled"] == 1
    await tale.check_events()
    again = await tale.place(caller)
    assert again.replayed
    assert again.body == placed.body


async def test_a_cancelled_order_makes_room_for_another(tale: Story) -> None:
    caller = await tale.consent("qian")
    first = await tale.place(caller)
    second = await tale.place(caller, key="key-2")
    assert first.order.order_id != second.order.order_id
    assert second.order.status == "cancelled"


@pytest.mark.parametrize(
    ("login", "family", "code"),
    [
        ("sun", "identity", "identity.bound_account_not_t1"),
        ("he", "identity", "identity.not_verified"),
        ("zhou", "identity", "identity.level_too_low"),
    ],
)
async def test_the_partner_learns_the_family_of_the_reason(
    tale: Story, login: str, family: Any, code: str
) -> None:
    caller = await tale.consent(login)
    order = (await tale.place(caller)).order
    assert order.status == "cancelled"
    assert line(order, "vault").reason == LineReason(family, code)


class Closed(SandboxBank):
    """A bank that tells who its customers are and must not be asked for anything else."""

    async def open_account(self, operation_id: str, **_asked: Any) -> Any:
        raise AssertionError(operation_id)


@pytest.mark.parametrize(
    ("login", "level", "family", "code"),
    [
        ("tong", "L2", "policy", "order.declined"),
        ("zhou", "L3", "identity", "identity.level_too_low"),
    ],
)
async def test_whom_a_package_is_not_for_is_refused_before_the_bank_is_asked(
    database: Database,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    level: Any,
    family: str,
    code: str,
) -> None:
    strict = replace(
        shipped(), code="strict", eligibility=replace(shipped().eligibility, kyc_level=level)
    )
    tale = Story(database, clock, packages=(strict,))
    monkeypatch.setattr(tale.bank, "__class__", Closed)
    details = [{**detail, "package": "strict"} for detail in wallet()]
    caller = await tale.consent(login, details=details)
    with pytest.raises(errors.OrderNotEligible) as refused:
        await tale.place(caller, request=wanted("strict"))
    told = refused.value.extras
    assert (told["reason_family"], told["reason_code"]) == (family, code)
    assert await tale.count(story.ORDERS) == 0


async def test_a_bank_that_cannot_tell_who_it_is_refuses_line_by_line(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_customer_id: str) -> Any:
        raise errors.CoreBankUnavailable

    monkeypatch.setattr(tale.bank, "customer", away)
    order = (await tale.place(await tale.consent("tong"))).order
    assert order.status == "cancelled"
    assert line(order, "vault").reason == LineReason("policy", "order.declined")


async def test_a_refused_top_up_takes_everything_back_in_reverse(tale: Story) -> None:
    caller = await tale.consent("wu")
    order = (await tale.place(caller)).order
    assert order.status == "cancelled"
    assert [(found.component, found.status) for found in order.lines] == [
        ("vault", "compensated"),
        ("purse", "compensated"),
        ("ride", "compensated"),
        ("sweep", "compensated"),
    ]
    assert line(order, "purse").reason == LineReason("limit", "balance.insufficient")
    assert line(order, "vault").reason is None
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_wu") == 0
    types = await tale.event_types()
    assert types[types.index("order.compensating") :] == [
        "order.compensating",
        "order.line_compensated",
        "mandate.ended",
        "order.line_compensated",
        "account.closed",
        "order.line_compensated",
        "account.closed",
        "order.line_compensated",
        "order.cancelled",
    ]
    await tale.check_events()
    assert await tale.bank.books_balance()


async def test_money_that_moved_goes_back_to_the_bound_account(tale: Story) -> None:
    details = [
        entry("first", "open", package="two-purses", top_up=200),
        entry("second", "open", package="two-purses", top_up=200),
    ]
    caller = await tale.consent("wu", details=details)
    order = (await tale.place(caller, request=wanted("two-purses"))).order
    assert order.status == "cancelled"
    assert [found.status for found in order.lines] == ["compensated", "compensated"]
    assert line(order, "second").reason == LineReason("limit", "balance.insufficient")
    bound = await tale.database.find(BOUND, account_id="bound_wu")
    assert bound == Balance(300)
    assert (await tale.event_counts())["purse.topped_up"] == 1
    assert await tale.bank.books_balance()


async def test_a_refused_optional_line_leaves_the_order_active(tale: Story) -> None:
    details = [
        entry("pocket", "open", package="pocket-pair", top_up=100),
        entry("safe", "open", package="pocket-pair"),
    ]
    caller = await tale.consent("zhou", details=details)
    order = (await tale.place(caller, request=wanted("pocket-pair"))).order
    assert order.status == "active"
    assert [(found.component, found.status) for found in order.lines] == [
        ("pocket", "active"),
        ("safe", "declined"),
    ]
    assert line(order, "safe").reason == LineReason("identity", "identity.level_too_low")
    assert await tale.balance(order, "pocket") == 100


async def test_a_half_done_optional_line_is_taken_back_alone(tale: Story) -> None:
    details = [
        entry("safe", "open", package="spare-purse"),
        entry("spare", "open", package="spare-purse", top_up=400),
    ]
    caller = await tale.consent("wu", details=details)
    order = (await tale.place(caller, request=wanted("spare-purse"))).order
    assert order.status == "active"
    assert [found.status for found in order.lines] == ["active", "compensated"]
    assert line(order, "spare").reason == LineReason("limit", "balance.insufficient")
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_wu") == 1


class Obstinate(SandboxBank):
    """A bank that does not close accounts."""

    async def close_account(self, operation_id: str, *, account_id: str) -> Any:
        moment = self._office.moment()
        return Declined(operation_id, "account.not_active", "No.", None, (), "2026.11", moment.at)


async def test_what_the_bank_will_not_undo_is_left_for_people_and_does_not_hang(
    tale: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tale.bank, "__class__", Obstinate)
    caller = await tale.consent("wu", details=wallet())
    order = (await tale.place(caller)).order
    assert order.status == "cancelled"
    assert line(order, "purse").status == "failed"
    assert line(order, "vault").reason == LineReason("technical", "component.not_undone")
    refusals = [
        row.action
        for row in await tale.database.all(story.AUDITED)
        if row.decision == "deny" and row.action.startswith("order.")
    ]
    assert sorted(refusals) == ["order.close", "order.close", "order.conclude", "order.top_up"]
