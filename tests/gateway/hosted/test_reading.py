"""Texts stay on the screen for as long as the law wants, and nobody agrees to what has changed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from gateway.database import Query
from gateway.products.package_files import PackageFile
from tests.conftest import SetClock
from tests.credit import CODE, credit
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import REDIRECT_URI, Partner

Browsers = Callable[..., Reader]
MORNING = datetime(2026, 8, 1, 1, 0, tzinfo=UTC)
# 31 July, one minute to midnight at the bank; the cost table is owed from 1 August.
EVENING = datetime(2026, 7, 31, 15, 59, tzinfo=UTC)
DETAILS = msgspec.json.encode(
    [
        {
            "type": "urn:tessera:package-order",
            "package": CODE,
            "version": "1.0.0",
            "component": "plan",
            "actions": ["refer"],
        }
    ]
).decode()


class DenialRow(msgspec.Struct, frozen=True):
    text: str


DENIALS = Query(
    "select rules || ' ' || rule_pack || ' ' || detail as text from audit_record"
    " where action = 'disclosure.check' order by ordinal",
    DenialRow,
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(MORNING)


@pytest.fixture
def packages() -> tuple[PackageFile, ...]:
    return (credit(cost_table=True),)


@pytest.fixture
async def partner(house: House) -> Partner:
    return await house.enlist(await house.register())


async def shown(house: House, partner: Partner, reader: Reader) -> Page:
    """The page of a fresh request for the credit."""
    page = await reader.get(await house.entrance(partner, authorization_details=DETAILS))
    return await reader.sign_in(page) if "Sign in to" in page.words else page


async def pressed(reader: Reader, page: Page) -> Page:
    """What answers Approve: the same page anew, or the one of the second factor."""
    answer = await reader.press(page, "approve")
    return await reader.follow(answer) if answer.status_code == 303 else Page(answer)


def left(page: Page) -> int:
    """The seconds that the page tells the browser to count."""
    (reading,) = [found for _, found in page.elements if found.get("id") == "reading"]
    assert (reading["role"], reading["aria-live"]) == ("status", "polite")
    return int(reading["data-seconds"])


def back_at_the_partner(answer: httpx.Response) -> bool:
    return answer.headers["location"].startswith(f"{REDIRECT_URI}&code=")


async def test_an_approval_that_comes_too_soon_shows_the_page_again_with_what_is_left(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await shown(house, partner, reader)
    assert left(page) == 8
    house.clock.advance(3)
    again = await pressed(reader, page)
    assert again.status == 422
    assert "Nothing was approved" in again.words
    assert "Read on for 5 seconds" in again.words
    assert left(again) == 5
    house.clock.advance(4.9)
    assert (await pressed(reader, again)).status == 422
    house.clock.advance(0.1)
    assert back_at_the_partner(await reader.confirm(await pressed(reader, again)))
    denied = [row.text for row in await house.database.all(DENIALS)]
    assert len(denied) == 2
    assert all("CN-LOAN-07" in text and "disclosure.read_time" in text for text in denied)
    assert "2026.08" in denied[0]


async def test_a_reload_neither_restarts_nor_skips_the_time(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await shown(house, partner, reader)
    house.clock.advance(6)
    page = await reader.get(page.form_with("approve").action)
    assert left(page) == 2
    house.clock.advance(2)
    page = await reader.get(page.form_with("approve").action)
    assert "data-seconds" not in page.response.text
    assert back_at_the_partner(await reader.confirm(await pressed(reader, page)))


async def test_the_other_language_is_another_page_to_read(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await shown(house, partner, reader)
    house.clock.advance(8)
    chinese = await reader.get(page.form_with("approve").action + "&lang=zh-CN")
    assert left(chinese) == 8
    early = await pressed(reader, chinese)
    assert (early.status, "请再读 8 秒" in early.words) == (422, True)
    # The English page has been read; what is kept is the language that was approved.
    await reader.confirm(await pressed(reader, page))
    (consent,) = await house.consents.for_customer("cus_lin")
    assert consent.notice.language == "en"
    read = await house.consents.read_for(consent.consent_id)
    assert [text.language for text in read] == ["en", "en"]


@pytest.mark.parametrize("theirs", ["forged", "another request", "another customer"])
async def test_a_page_that_this_customer_was_not_shown_for_this_request_approves_nothing(
    house: House, partner: Partner, browser: Browsers, theirs: str
) -> None:
    reader = browser()
    page = await shown(house, partner, reader)
    form = page.form_with("approve")
    name = form.hidden["shown"]
    if theirs == "forged":
        name = "x" * 43
    elif theirs == "another request":
        page = await shown(house, partner, reader)
    else:
        # Somebody else signs in to the same request in the same browser.
        fields = form.hidden | {"customer": "zhao", "passcode": "135790"}
        signed_in = await reader.http.post(form.action.replace("consent", "sign-in"), data=fields)
        page = await reader.follow(signed_in)
        assert "Zhao" in page.words
    house.clock.advance(60)
    answer = Page(await reader.press(page, "approve", {"shown": name}))
    assert answer.status == 409
    assert "Nothing was approved" in answer.words
    assert await house.consents.for_customer("cus_lin") == []
    assert await house.consents.for_customer("cus_zhao") == []


async def test_what_was_read_is_kept_word_for_word_with_the_consent(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser("zh-CN")
    page = await reader.sign_in(
        await reader.get(await house.entrance(partner, authorization_details=DETAILS))
    )
    shown_at = house.clock.now()
    house.clock.advance(20)
    await reader.confirm(await pressed(reader, page))
    (consent,) = await house.consents.for_customer("cus_lin")
    read = await house.consents.read_for(consent.consent_id)
    table = credit(cost_table=True).disclosure[-1]
    assert [(text.code, text.digest) for text in read][1] == ("cost-table", table.digest)
    kept = read[1]
    assert (kept.package, kept.version, kept.disclosure_version) == (CODE, "1.0.0", "1")
    assert (kept.kind, kept.language) == ("cost_table", "zh-CN")
    assert kept.text == table.text.localised()
    assert (kept.shown_at, kept.seconds) == (shown_at, 20.0)
    assert consent.notice.disclosures == tuple(text.digest for text in read)


async def test_optional_consents_stand_unticked_and_leaving_them_changes_nothing(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    for ticked in (False, True):
        page = await shown(house, partner, reader)
        assert page.form_with("approve").consents == [f"{CODE}.marketing"]
        house.clock.advance(8)
        fields = {"consent": [f"{CODE}.marketing", f"{CODE}.made-up"]} if ticked else {}
        assert back_at_the_partner(await reader.approve(page, fields))
    ticked, unticked = await house.consents.for_customer("cus_lin")
    needed = (f"{CODE}.service", f"{CODE}.share_to_partner")
    assert unticked.notice.consents == needed
    assert unticked.notice.consents_declined == (f"{CODE}.marketing",)
    assert ticked.notice.consents == (*needed, f"{CODE}.marketing")
    assert ticked.notice.consents_declined == ()
    assert unticked.authorization_details == ticked.authorization_details
    assert unticked.scope == ticked.scope


@pytest.mark.parametrize(
    ("language", "expected", "absent"),
    [
        (
            "en",
            (
                "What you pay Contract on paper, a page 0.5%, at least CNY\u00a01.00",
                "Everything that the credit costs Principal: the amount of the order.",
                "Smallest order ≥ CNY\u00a0300.00",
                "Days to send it back 180 days",
            ),
            ("Fee that the shop pays", "full text"),
        ),
        (
            "zh-CN",
            (
                "您需支付的费用 纸质合同，按页 0.5%，最低 ¥1.00",
                "综合融资成本明示表 贷款本金： 等于订单金额。",
                "可退款天数 180 天",
            ),
            ("商家手续费",),
        ),
    ],
)
async def test_the_page_says_first_what_the_customer_pays(
    house: House,
    partner: Partner,
    browser: Browsers,
    language: str,
    expected: tuple[str, ...],
    absent: tuple[str, ...],
) -> None:
    reader = browser(language)
    entrance = await house.entrance(partner, authorization_details=DETAILS)
    words = (await reader.sign_in(await reader.get(entrance))).words
    for text in expected:
        assert text in words, words
    for text in absent:
        assert text not in words
    places = [words.index(text) for text in expected[:2]]
    assert places == sorted(places)
    assert places[-1] < words.index("What it consists of" if language == "en" else "包含的内容")


async def test_the_texts_can_be_read_again_by_their_customer_and_nobody_else(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await shown(house, partner, reader)
    house.clock.advance(8)
    await reader.approve(page, {"consent": f"{CODE}.marketing"})
    (consent,) = await house.consents.for_customer("cus_lin")
    page = await reader.get("/consents")
    (link,) = [a["href"] for a in page.every("a") if a.get("id") == f"texts-{consent.consent_id}"]
    # The page is in the language of now, and the texts in that of then.
    again = await reader.get(f"{link}?lang=zh-CN")
    table = credit(cost_table=True).disclosure[-1]
    assert "您给路途出行授权时读过并同意的内容" in again.words
    plain = re.sub(r"\s+", "", again.words)
    assert re.sub(r"\s+", "", table.text.en) in plain
    assert table.digest in again.words
    assert "2026年8月1日 09:00:00 开始显示，2026年8月1日 09:00:08 同意" in again.words
    assert "向您发送优惠和活动信息" in again.words
    assert {found.get("lang") for found in again.every("div")} == {None, "en"}
    await house.consents.revoke(consent.consent_id, "cus_lin", house.clock.now())
    assert table.digest in (await reader.get(link)).words
    other = browser()
    await other.sign_in(await other.get("/consents"), "zhao", "135790")
    assert (await other.http.get(link)).status_code == 404
    assert "Sign in" in (await browser().get(link)).words


class TestAtMidnight:
    """The rules of 1 August take over while pages are open."""

    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock(EVENING)

    @pytest.fixture
    def packages(self) -> tuple[PackageFile, ...]:
        return (credit(cost_table=True, seconds=0),)

    async def test_a_page_from_before_is_stale_and_its_successor_must_be_read(
        self, house: House, partner: Partner, browser: Browsers
    ) -> None:
        reader = browser()
        page = await shown(house, partner, reader)
        assert "data-seconds" not in page.response.text
        house.clock.advance(59)
        asked_before = await pressed(reader, page)
        house.clock.advance(1)
        stale = await pressed(reader, page)
        assert (stale.status, left(stale)) == (409, 8)
        assert "This has changed" in stale.words
        # What waits for its second factor is just as stale, and the code is not used up.
        waiting = Page(await reader.press(asked_before, "confirm", {"code": asked_before.code}))
        assert (waiting.status, "This has changed" in waiting.words) == (409, True)
        assert await house.consents.for_customer("cus_lin") == []
        denied = [row.text for row in await house.database.all(DENIALS)]
        assert len(denied) == 2
        assert all("CN-LOAN-07" in text and "disclosure.stale" in text for text in denied)

    async def test_the_evening_before_nothing_changes(
        self, house: House, partner: Partner, browser: Browsers
    ) -> None:
        reader = browser()
        page = await shown(house, partner, reader)
        house.clock.advance(59)
        assert back_at_the_partner(await reader.approve(page))


class TestWithoutTheTable:
    """A version from before the rule, which lacks what the law wants from 1 August."""

    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock(EVENING)

    @pytest.fixture
    def packages(self) -> tuple[PackageFile, ...]:
        return (credit(cost_table=False),)

    async def test_it_is_approved_in_july_and_only_declined_in_august(
        self, house: House, partner: Partner, browser: Browsers
    ) -> None:
        reader = browser()
        page = await shown(house, partner, reader)
        assert back_at_the_partner(await reader.approve(page))
        page = await shown(house, partner, reader)
        house.clock.advance(timedelta(minutes=2).total_seconds())
        stale = await pressed(reader, page)
        assert stale.status == 409
        assert "This package lacks a text that the law wants" in stale.words
        form = stale.form_with("deny")
        assert "approve" not in form.buttons
        forced = await reader.http.post(form.action, data=form.hidden | {"decision": "approve"})
        assert forced.status_code == 409
        assert len(await house.consents.for_customer("cus_lin")) == 1
        denied = await reader.press(stale, "deny")
        assert "error=access_denied" in denied.headers["location"]
