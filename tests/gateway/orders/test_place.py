"""An order is placed once, whatever is sent twice, and only within the consent."""

import asyncio
import json

import msgspec
import pytest

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.orders import Order
from gateway.corebank.port import DeclineCode
from gateway.database import Database
from gateway.orders.reasons import REASONS
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import Story, entry, line, wallet, wanted


@pytest.fixture
def tale(database: Database, clock: SetClock) -> Story:
    return Story(database, clock)


async def test_the_wallet_is_activated_line_by_line(tale: Story) -> None:
    caller = await tale.consent()
    placed = await tale.place(caller)
    order = placed.order
    assert not placed.replayed
    assert (order.status, order.reference, order.consent_id) == (
        "active",
        "trip-1",
        caller.consent_id,
    )
    assert [(found.component, found.status) for found in order.lines] == [
        ("vault", "active"),
        ("purse", "active"),
        ("ride", "active"),
        ("sweep", "referred"),
    ]
    assert line(order, "purse").topped_up == Money(5_000, "CNY")
    assert line(order, "sweep").refer_to == (
        f"{story.HOSTED}/referrals/{line(order, 'sweep').line_id}"
    )
    assert await tale.balance(order, "purse") == 5_000
    assert await tale.balance(order, "vault") == 0
    assert await tale.bank.books_balance()
    assert await tale.event_types() == [
        "consent.granted",
        "order.received",
        "account.opened",
        "order.line_active",
        "account.opened",
        "mandate.active",
        "order.line_active",
        "purse.topped_up",
        "order.line_active",
        "order.line_referred",
        "order.active",
    ]
    await tale.check_events()


async def test_the_answers_sequence_is_that_of_the_orders_last_event(tale: Story) -> None:
    caller = await tale.consent()
    order = (await tale.place(caller)).order
    events = [
        row for row in await tale.database.all(story.EVENTS) if row.resource_id == order.order_id
    ]
    assert events[-1].type == "order.active"
    assert events[-1].sequence == order.sequence
    told = json.loads(events[-1].body)
    assert told["data"] == json.loads(msgspec.json.encode(order))
    assert await tale.orders.read(order.order_id, caller) == order


async def test_the_same_key_again_gives_the_same_bytes(tale: Story) -> None:
    caller = await tale.consent()
    first = await tale.place(caller)
    tale.clock.advance(3600)
    again = await tale.place(caller)
    assert again.replayed
    assert again.body == first.body
    assert msgspec.json.decode(again.body, type=Order) == first.order
    assert await tale.count(story.ORDERS) == 1
    assert await tale.count(story.ACCOUNTS) == 2


async def test_a_key_with_another_body_is_refused(tale: Story) -> None:
    caller = await tale.consent()
    await tale.place(caller)
    with pytest.raises(errors.IdempotencyKeyReused):
        await tale.place(caller, request=wanted(reference="trip-2"))


async def test_a_key_does_not_fetch_what_another_consent_gave(tale: Story) -> None:
    await tale.place(await tale.consent())
    with pytest.raises(errors.IdempotencyKeyReused):
        await tale.place(await tale.consent("zhao"))


async def test_a_second_order_on_the_consent_names_the_first(tale: Story) -> None:
    caller = await tale.consent()
    first = await tale.place(caller)
    with pytest.raises(errors.OrderExists) as refused:
        await tale.place(caller, key="key-2")
    assert refused.value.extras["order_id"] == first.order.order_id
    assert await tale.count(story.ORDERS) == 1


async def test_twins_at_the_same_instant_make_one_order(tale: Story) -> None:
    caller = await tale.consent()
    outcomes = await asyncio.gather(
        *(tale.place(caller, key=key) for key in ("a", "a", "a", "b", "b", "c")),
        return_exceptions=True,
    )
    placed = [found for found in outcomes if not isinstance(found, BaseException)]
    assert len(placed) == 1
    for refused in outcomes:
        if isinstance(refused, BaseException):
            assert isinstance(refused, errors.RequestInFlight | errors.OrderExists)
    assert await tale.count(story.ORDERS) == 1
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_lin") == 2
    assert await tale.balance(placed[0].order, "purse") == 5_000


async def test_an_order_under_another_consent_does_not_exist(tale: Story) -> None:
    caller, order = await tale.active()
    stranger = await tale.consent("zhao", partner_id="par_other", client_id="cli_other")
    second = await tale.consent("zhao")
    nobody = msgspec.structs.replace(caller, consent_id=None, customer_id=None)
    for other in (stranger, second, nobody):
        with pytest.raises(errors.NotFound) as strange:
            await tale.orders.read(order.order_id, other)
        with pytest.raises(errors.NotFound) as missing:
            await tale.orders.read("ord_nothing", other)
        assert (strange.value.detail, strange.value.extras) == (
            missing.value.detail,
            missing.value.extras,
        )


@pytest.mark.parametrize(
    "details",
    [
        [],
        [detail for detail in wallet() if detail["component"] != "ride"],
        [{**detail, "version": "2.0.0"} for detail in wallet()],
        [{**detail, "package": "other-wallet"} for detail in wallet()],
        [*wallet(), entry("purse", "open")],
        [*wallet(), entry("bonus", "open")],
    ],
    ids=["none", "required", "version", "package", "twice", "stranger"],
)
async def test_a_consent_for_something_else_is_a_mismatch(
    tale: Story, details: list[dict[str, object]]
) -> None:
    caller = await tale.consent(details=details)
    with pytest.raises(errors.ConsentMismatch):
        await tale.place(caller)
    assert await tale.count(story.ORDERS) == 0


@pytest.mark.parametrize("package", ["no-such-package", "commuter-wallet"])
async def test_an_unknown_package_or_version_is_a_mismatch(tale: Story, package: str) -> None:
    caller = await tale.consent()
    request = msgspec.structs.replace(wanted(package), version="9.9.9")
    with pytest.raises(errors.ConsentMismatch):
        await tale.place(caller, request=request)
    with pytest.raises(errors.ConsentMismatch):
        await tale.place(
            msgspec.structs.replace(caller, consent_id=None, customer_id=None), key="k"
        )


async def test_what_nobody_can_activate_is_refused_before_anything_is_written(
    database: Database, clock: SetClock
) -> None:
    strange = story.package("strange-wallet", ("purse", "purse", True), ("vault", "vault", True))
    parts = [msgspec.structs.replace(part, type="card_travel_mode") for part in strange.component]
    strange = msgspec.structs.replace(strange, component=(strange.component[0], parts[1]))
    unfunded = story.package("unfunded-ride", ("purse", "purse", True), ("ride", "ride", True))
    tale = Story(database, clock, packages=(strange, unfunded))
    strange_parts = [("purse", "open"), ("vault", "open")]
    unfunded_parts = [("purse", "open"), ("ride", "mandate")]
    for package, details, culprit, refusal in (
        ("strange-wallet", strange_parts, "vault", errors.PackageNotOrderable),
        ("unfunded-ride", unfunded_parts, "ride", errors.OrderNotEligible),
    ):
        entries = [entry(*detail, package=package) for detail in details]
        caller = await tale.consent(details=entries)
        with pytest.raises(refusal) as refused:
            await tale.place(caller, key=package, request=wanted(package))
        assert refused.value.extras["component"] == culprit
    assert await tale.count(story.ORDERS) == 0


async def test_a_declined_option_makes_no_line(tale: Story) -> None:
    details = [detail for detail in wallet() if detail["component"] != "sweep"]
    caller = await tale.consent(details=details)
    order = (await tale.place(caller)).order
    assert [found.component for found in order.lines] == ["vault", "purse", "ride"]
    assert order.status == "active"


async def test_a_purse_may_be_opened_empty(tale: Story) -> None:
    caller = await tale.consent(details=wallet(top_up=0))
    order = (await tale.place(caller)).order
    assert order.status == "active"
    assert line(order, "purse").topped_up is None
    assert await tale.balance(order, "purse") == 0


async def test_every_act_is_on_record(tale: Story) -> None:
    caller = await tale.consent()
    await tale.place(caller)
    records = [
        (row.action, row.decision, row.actor)
        for row in await tale.database.all(story.AUDITED)
        if row.action.startswith("order.")
    ]
    assert sorted(records) == sorted(
        (action, "allow", "client:cli_metro")
        for action in (
            "order.place",
            "order.open",
            "order.open",
            "order.record",
            "order.top_up",
            "order.conclude",
        )
    )


def test_every_decline_of_the_bank_has_a_public_reason() -> None:
    assert set(REASONS) == set(DeclineCode.__args__)
    stops = {REASONS[code] for code in ("customer.blocked", "customer.under_age")}
    assert len(stops) == 1
