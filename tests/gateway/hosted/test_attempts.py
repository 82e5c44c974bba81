"""Strangers at the sign-in: how often they may try, and how little of it is written."""

from collections.abc import Callable

import msgspec
import pytest

from contracts import errors
from gateway.database import Query
from gateway.hosted.attempts import SignInAttempts, network_of
from tests.conftest import SetClock
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader

Browsers = Callable[..., Reader]


class Count(msgspec.Struct):
    number: int


RECORDS = Query(
    "select count(*) as number from audit_record where action = 'customer.sign_in'", Count
)
COUNTED = Query("select count(*) as number from customer_lockout", Count)
SESSIONS = Query("select count(*) as number from hosted_session", Count)


def refused(attempts: SignInAttempts, login: str, clock: SetClock, **whence: str) -> str | None:
    try:
        attempts.admit(login, clock.now(), **whence)
    except errors.TooManyRequests as error:
        return error.headers["Retry-After"]
    return None


def test_a_login_is_tried_ten_times_a_minute(clock: SetClock) -> None:
    attempts = SignInAttempts()
    for _ in range(10):
        assert refused(attempts, "lin", clock) is None
    assert refused(attempts, "lin", clock) == "6"
    assert refused(attempts, "zhao", clock) is None
    clock.advance(6)
    assert refused(attempts, "lin", clock) is None
    assert refused(attempts, "lin", clock) == "6"
    clock.advance(60)
    assert [refused(attempts, "lin", clock) for _ in range(11)].count(None) == 10


def test_everybody_together_is_bounded_and_so_is_the_memory(clock: SetClock) -> None:
    attempts = SignInAttempts()
    answers = [refused(attempts, f"stranger-{number}", clock) for number in range(4000)]
    assert answers.count(None) == 3000
    assert answers[-1] == "1"
    assert len(attempts) == 3000
    clock.advance(60)
    assert refused(attempts, "lin", clock) is None
    assert len(attempts) == 1


def test_hammering_one_login_takes_nothing_from_the_others(clock: SetClock) -> None:
    attempts = SignInAttempts()
    for _ in range(1000):
        refused(attempts, "lin", clock)
    answers = [refused(attempts, f"other-{number}", clock) for number in range(290)]
    assert answers == [None] * 290


@pytest.mark.parametrize(("kind", "most"), [("browser", 20), ("network", 300)])
def test_junk_from_one_place_does_not_stop_another(clock: SetClock, kind: str, most: int) -> None:
    """Twenty junk logins a second for ten minutes, and an honest customer every second."""
    attempts, admitted = SignInAttempts(), 0
    for second in range(600):
        for number in range(20):
            junk = refused(attempts, f"junk-{second}-{number}", clock, **{kind: "crowd"})
            admitted += junk is None
        assert refused(attempts, f"honest-{second}", clock, **{kind: f"own-{second}"}) is None
        clock.advance(1)
    assert admitted <= most * 11


async def test_junk_from_one_browser_is_told_to_wait_and_another_signs_in(
    house: House, browser: Browsers
) -> None:
    junk, honest = browser(), browser()
    # Both are the same app in a deployment; here each browser has its own, so one is shared.
    honest.http._transport = junk.http._transport
    page = await junk.get("/consents")
    answers = [
        await junk.press(page, "sign-in", {"customer": f"x{number}", "passcode": "000000"})
        for number in range(21)
    ]
    assert [answer.status_code for answer in answers] == [403] * 20 + [429]
    assert "My permissions" in (await honest.sign_in(await honest.get("/consents"))).words


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2606:4700:1:2:3:4:5:6", "2606:4700:1:2::/64"),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("::1", ""),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_only_a_public_address_is_somebodys_network(peer: str, network: str) -> None:
    assert network_of(peer) == network


@pytest.mark.parametrize("login", ["lin", "nobody"])
async def test_too_many_attempts_are_told_on_a_page_and_cost_nothing(
    house: House, browser: Browsers, login: str
) -> None:
    reader = browser()
    page = await reader.get("/consents")
    fields = {"customer": login, "passcode": "000000"}
    answers = [Page(await reader.press(page, "sign-in", fields)) for _ in range(10)]
    assert {answer.status for answer in answers} == {403}
    before = await house.database.find(RECORDS), await house.database.find(COUNTED)
    over = Page(await reader.press(page, "sign-in", fields))
    assert over.status == 429
    assert over.response.headers["retry-after"] == "6"
    assert "Wait a moment and try again" in over.words
    assert (await house.database.find(RECORDS), await house.database.find(COUNTED)) == before


async def test_unknown_logins_leave_no_record_and_known_ones_do(
    house: House, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.get("/consents")
    for login in ("nobody", "somebody", "x" * 200, ""):
        await reader.press(page, "sign-in", {"customer": login, "passcode": "000000"})
    assert await house.database.find(RECORDS) == Count(0)
    assert await house.database.find(SESSIONS) == Count(0)
    await reader.press(page, "sign-in", {"customer": "lin", "passcode": "000000"})
    assert await house.database.find(RECORDS) == Count(1)
