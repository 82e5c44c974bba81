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
        ("zh-CN", ("查看账户信息", "账户还能转入、转出多少", "零钱包余额的大致区间")),
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
    answer_of(await reader.approve(page, {"component": "account-information"}))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert list(consent.authorization_details) == [*DETAILS, ENTRY]
    assert "account_limits" in consent.notice.shared
    assert "Reading your accounts" in (await reader.get("/consents")).words
