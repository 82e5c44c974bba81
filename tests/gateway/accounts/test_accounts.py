"""What a partner may know of an account: its room to the minor unit, its balance not at all."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from contracts import errors
from contracts.v1.accounts import AccountCapabilities
from contracts.v1.money import Money
from gateway.accounts import states
from gateway.accounts.service import band, promised
from gateway.accounts.store import MandateRoom
from gateway.corebank import port
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from tests.conftest import SetClock
from tests.gateway.orders.door import opened
from tests.gateway.orders.story import Story, line, wallet


@pytest.fixture
def tale(database: Database, clock: SetClock) -> Story:
    return Story(database, clock)


def with_balance(caller: Caller) -> Caller:
    return msgspec.structs.replace(caller, scope=caller.scope | {"account.balance.read"})


async def test_a_purse_tells_tier_band_and_headroom(tale: Story) -> None:
    caller, order = await tale.active(details=wallet(top_up=50_000))
    account_id = line(order, "purse").account_id or ""
    told = await tale.accounts.capabilities(account_id, with_balance(caller))
    assert (told.account_id, told.tier, told.status) == (account_id, "T3", "active")
    assert told.balance_band == "medium"
    assert told.headroom.outgoing is not None
    assert told.headroom.outgoing.today == Money(200_000)
    assert told.headroom.outgoing.this_year == Money(5_000_000)
    assert told.next_accepted.debit == Money(5_000)
    assert told.next_accepted.top_up == Money(150_000)
    assert told.bank_day == "2026-11-24"
    assert "CN-ACC-05" in told.rules


async def test_a_band_needs_the_scope_for_balances(tale: Story) -> None:
    caller, order = await tale.active()
    told = await tale.accounts.capabilities(line(order, "purse").account_id or "", caller)
    assert told.balance_band is None
    assert b"balance_band" not in msgspec.json.encode(told)


async def test_a_debit_lowers_the_headroom_by_its_amount(tale: Story) -> None:
    caller, order = await tale.active(details=wallet(top_up=50_000))
    account_id = line(order, "purse").account_id or ""
    async with opened(tale, caller) as client:
        path = f"/v1/accounts/{account_id}/capabilities"
        await client.post(
            f"/v1/mandates/{line(order, 'ride').mandate_id}/debits",
            json={"instructed_amount": {"minor_units": 300}, "end_to_end_id": "r1"},
            headers={"Idempotency-Key": "k"},
        )
        answer = await client.get(path)
        assert answer.status_code == 200
        told = msgspec.json.decode(answer.content, type=AccountCapabilities)
    assert told.headroom.outgoing is not None
    assert told.headroom.outgoing.today == Money(199_700)
    assert told.headroom.outgoing.this_year == Money(4_999_700)


async def test_nobody_learns_the_banks_own_id_or_a_balance(tale: Story) -> None:
    caller, order = await tale.active(details=wallet(top_up=50_000))
    account = await tale.accounts.find(line(order, "purse").account_id or "")
    assert account is not None
    told = msgspec.json.encode(await tale.accounts.capabilities(account.account_id, caller))
    assert account.bank_account_id.encode() not in told
    assert b'"balance":50000' not in told
    assert b"49700" not in told


async def test_an_account_without_a_mandate_accepts_no_debit_of_the_partners(tale: Story) -> None:
    caller, order = await tale.active()
    vault = line(order, "vault").account_id or ""
    account = await tale.accounts.find(vault)
    assert account is not None
    await tale.bank.top_up("op-vault", account_id=account.bank_account_id, amount=Money(700_000))
    told = await tale.accounts.capabilities(vault, with_balance(caller))
    assert told.next_accepted.debit == Money(0)
    assert told.headroom.balance is None
    assert told.balance_band is None


async def test_an_account_under_another_consent_does_not_exist(tale: Story) -> None:
    caller, order = await tale.active()
    account_id = line(order, "purse").account_id or ""
    own_other = await tale.consent("zhao")
    stranger = await tale.consent("lin", partner_id="par_other", client_id="cli_other")
    nobody = msgspec.structs.replace(caller, consent_id=None, customer_id=None)
    same_consent = msgspec.structs.replace(caller, partner_id="par_other")
    for other in (own_other, stranger, nobody, same_consent):
        for name in (account_id, "acc_nothing"):
            with pytest.raises(errors.NotFound) as missing:
                await tale.accounts.capabilities(name, other)
            assert (missing.value.detail, missing.value.extras) == ("", {})


async def test_an_ended_mandate_leaves_no_room_and_cannot_end_twice(tale: Story) -> None:
    caller, order = await tale.active()
    mandate = await tale.mandates.fetch(line(order, "ride").mandate_id or "", caller)
    for number in range(2):
        unit = Unit("mandate.end")
        tale.mandates.ended(unit, mandate, tale.clock.now())
        if number == 0:
            await tale.database.commit(unit)
        else:
            with pytest.raises(errors.Conflict):
                await tale.database.commit(unit)
    assert (await tale.event_counts())["mandate.ended"] == 1
    told = await tale.accounts.capabilities(line(order, "purse").account_id or "", caller)
    assert told.next_accepted.debit == Money(0)
    await tale.check_events()


async def test_a_mandate_of_another_consent_does_not_exist(tale: Story) -> None:
    _, order = await tale.active()
    other: Caller = await tale.consent("zhao")
    with pytest.raises(errors.NotFound):
        await tale.mandates.fetch(line(order, "ride").mandate_id or "", other)


@pytest.mark.parametrize(
    ("balance", "said"),
    [
        (0, "empty"),
        (1, "low"),
        (9_999, "low"),
        (10_000, "medium"),
        (99_999, "medium"),
        (100_000, "high"),
    ],
)
def test_a_balance_is_told_as_a_band(balance: int, said: str) -> None:
    assert band(Money(balance)) == said


def test_the_next_debit_is_the_roomiest_mandates() -> None:
    room = port.Room(Money(0), Money(0), Money(0))
    bank = port.AccountCapabilities(
        account_id="bank",
        tier="T3",
        status="active",
        balance=Money(9_000),
        outgoing=port.LegRoom(room, room),
        incoming=None,
        balance_room=None,
        next_debit=Money(9_000),
        next_top_up=Money(1),
        next_credit=Money(0),
        nonbound_inflow="closed",
        nonbound_inflow_needs=(),
        rules=(),
        rule_pack="2026.11",
        bank_day=date(2026, 11, 24),
        as_of=datetime(2026, 11, 24, tzinfo=UTC),
    )
    for rooms, debit in (
        ([], 0),
        ([MandateRoom(5_000, 20_000, 0)], 5_000),
        ([MandateRoom(5_000, 20_000, 18_000)], 2_000),
        ([MandateRoom(5_000, 20_000, 20_001)], 0),
        ([MandateRoom(1_000, 2_000, 0), MandateRoom(20_000, 20_000, 0)], 9_000),
    ):
        assert promised("acc", bank, rooms, with_band=False).next_accepted.debit == Money(debit)


def test_an_account_and_a_mandate_end_once_and_never_begin_again() -> None:
    assert states.ACCOUNT_MOVES == {("active", "closed"): "account.closed"}
    assert states.MANDATE_MOVES == {("active", "ended"): "mandate.ended"}
