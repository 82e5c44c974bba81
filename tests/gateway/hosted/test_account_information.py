"""Account information on the pages: shown in both languages, optional, and taken out by itself."""

from collections.abc import Callable

import msgspec
import pytest

from contracts.v1.clients import ClientMetadata
from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE, PACKAGE_ORDER_TYPE
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.hosted.test_decide import answer_of, consent_page
from tests.gateway.oauth.partner import DETAILS, Partner

Browsers = Callable[..., Reader]
ENTRY = {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": ["limits", "balance"]}
SCOPE = "order.read order.write account.limits.read account.balance.read"


@pytest.fixture
async def reading_partner(house: House) -> Partner:
    types = [PACKAGE_ORDER_TYPE, ACCOUNT_INFORMATION_TYPE]
    return await house.register(metadata=ClientMetadata(authorization_details_types=types))


async def asked(house: House, partner: Partner, reader: Reader) -> Page:
    details = msgspec.json.encode([*DETAILS, ENTRY]).decode()
    return await consent_page(house, partner, reader, scope=SCOPE, authorization_details=details)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "Reading your accounts",
                "How much may still go in",
                "Roughly how much is in the purse",
            ),
        ),
        ("zh-CN", ("查看账户信息", "账户还能转入、转出多少", "零钱余额区间")),
    ],
)
async def test_the_page_says_what_may_be_read(
    house: House,
    reading_partner: Partner,
    browser: Browsers,
    language: str,
    words: tuple[str, ...],
) -> None:
    page = await asked(house, reading_partner, browser(language))
    for expected in words:
        assert expected in page.words
    assert page.form_with("approve").boxes == ["account-information"]


async def test_left_out_it_takes_its_scopes_along_and_is_on_record(
    house: House, reading_partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    answer_of(await reader.approve(await asked(house, reading_partner, reader)))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert list(consent.authorization_details) == DETAILS
    assert consent.scope == "order.read order.write"
    assert consent.notice.declined == ("account-information",)


async def test_ticked_it_is_given_and_can_be_taken_out_alone(
    house: House, reading_partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await asked(house, reading_partner, reader)
    confirming = await reader.follow(
        await reader.press(page, "approve", {"component": "account-information"})
    )
    assert "How much may still go in and out" in confirming.words
    answer_of(await reader.confirm(confirming))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert list(consent.authorization_details) == [*DETAILS, ENTRY]
    assert "account_limits" in consent.notice.shared
    assert "Reading your accounts" in (await reader.get("/consents")).words


RIGHTS = {
    "en": (
        "What Wayfare may do Purpose Commuter wallet 1.0.0, Reading your accounts"
        " Period Valid until 23 May 2027",
        "See how much may still go in and out of the account Accounts: Purse, E-account"
        " Only if you include “Reading your accounts”",
        "See roughly how much is in the account Accounts: Purse"
        " Only if you include “Reading your accounts”",
        "Follow the progress of the order Place the order",
    ),
    "zh-CN": (
        "路途出行可以做什么 用途 通勤零钱包 1.0.0、查看账户信息 期限 有效期至2027年5月23日",
        "查看账户还能转入、转出多少 涉及账户：零钱包、电子账户 仅在您勾选“查看账户信息”时生效",
        "查看账户余额的大致区间 涉及账户：零钱包 仅在您勾选“查看账户信息”时生效",
        "查看本产品包的办理进度 按您的同意办理本产品包",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_tells_every_right_with_its_accounts_purpose_and_period(
    house: House, reading_partner: Partner, browser: Browsers, language: str
) -> None:
    page = await asked(house, reading_partner, browser(language))
    for expected in RIGHTS[language]:
        assert expected in page.words


async def test_a_scope_that_the_entry_does_not_carry_is_not_shown_as_a_right(
    house: House, reading_partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    details = msgspec.json.encode([*DETAILS, ENTRY | {"datatypes": ["limits"]}]).decode()
    page = await consent_page(
        house, reading_partner, reader, scope=SCOPE, authorization_details=details
    )
    assert "See how much may still go in and out of the account" in page.words
    assert "See roughly how much is in the account" not in page.words
    answer_of(await reader.approve(page, {"component": "account-information"}))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert "account.balance.read" not in consent.scope


async def test_without_such_an_entry_a_right_to_read_hangs_on_no_box(
    house: House, reading_partner: Partner, browser: Browsers
) -> None:
    page = await consent_page(house, reading_partner, browser(), scope=SCOPE)
    assert "See roughly how much is in the account Accounts: Purse" in page.words
    assert "Only if you include" not in page.words


KINDS = {
    "account.limits.read": "How much may still go in and out",
    "account.balance.read": "Roughly how much is in the purse",
}


async def removed(reader: Reader, consent_id: str, right: str) -> Page:
    page = await reader.get(f"/consents/{consent_id}/narrow")
    return await reader.follow(await reader.press(page, f"remove-{right}"))


@pytest.mark.parametrize("right", KINDS)
async def test_a_right_that_was_taken_out_takes_its_kind_of_data_along_everywhere(
    house: House, reading_partner: Partner, browser: Browsers, right: str
) -> None:
    reader = browser()
    page = await asked(house, reading_partner, reader)
    answer_of(await reader.approve(page, {"component": "account-information"}))
    (consent,) = await house.consents.for_customer("cus_lin")
    before = await reader.get("/consents")
    after = await removed(reader, consent.consent_id, right)
    for name, kind in KINDS.items():
        assert kind in before.words
        assert (kind in after.words) == (name != right)
    (consent,) = await house.consents.for_customer("cus_lin")
    assert consent.authorization_details[-1]["datatypes"] == [
        kind for kind in ENTRY["datatypes"] if right != f"account.{kind}.read"
    ]
    (other,) = set(KINDS) - {right}
    last = await removed(reader, consent.consent_id, other)
    assert "Reading your accounts" not in last.words
    (consent,) = await house.consents.for_customer("cus_lin")
    assert list(consent.authorization_details) == DETAILS


async def test_the_last_entry_stays_on_file_and_is_named_no_more(
    house: House, reading_partner: Partner, browser: Browsers
) -> None:
    """Without any entry a scope would reach as far as it can."""
    reader = browser()
    page = await consent_page(
        house,
        reading_partner,
        reader,
        scope="openid event.subscribe account.limits.read",
        authorization_details=msgspec.json.encode([ENTRY | {"datatypes": ["limits"]}]).decode(),
    )
    answer_of(await reader.approve(page, {"component": "account-information"}))
    (consent,) = await house.consents.for_customer("cus_lin")
    first = await removed(reader, consent.consent_id, "account.limits.read")
    assert "Reading your accounts" not in first.words
    await removed(reader, consent.consent_id, "event.subscribe")
    (consent,) = await house.consents.for_customer("cus_lin")
    assert consent.scope == "openid"
    assert len(consent.authorization_details) == 1
