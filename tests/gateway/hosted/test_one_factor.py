"""A session of one factor: what it opens for a customer who has a passkey, and what it does not."""

from collections.abc import Callable

import pytest

from tests.gateway.hosted.authenticator import Authenticator
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Reader
from tests.gateway.hosted.test_passkeys import answered, with_passkey
from tests.gateway.hosted.test_second_factor import confirm_page
from tests.gateway.oauth.partner import ISSUER, Partner

Browsers = Callable[..., Reader]


@pytest.mark.parametrize(
    ("language", "asked"),
    [("en", "Finish signing in with your passkey"), ("zh-CN", "用通行密钥完成登录")],
)
async def test_a_passcode_alone_opens_no_page_of_who_has_a_passkey(
    house: House, partner: Partner, browser: Browsers, language: str, asked: str
) -> None:
    owner, device = browser(), Authenticator(ISSUER)
    await with_passkey(owner, device)
    await answered(owner, await confirm_page(house, partner, owner), device)
    (consent,) = await house.consents.for_customer("cus_lin")
    thief = browser(language)
    await thief.sign_in(await thief.get("/sign-in"))
    own = f"/consents/{consent.consent_id}"
    for path in ("/consents", f"{own}/revoke", f"{own}/narrow", "/passkeys", "/passkeys/new"):
        shown = await thief.http.get(path)
        assert shown.status_code == 303, path
        assert shown.headers["location"].startswith("/confirm?c="), path
        page = await thief.get(path)
        assert asked in page.words and "Wayfare" not in page.words
    csrf = {"csrf": page.form_with("send-code").hidden["csrf"]}
    await house.consents.pause(consent.consent_id, "cus_lin", house.clock.now())
    for path, fields in (
        (f"{own}/resume", {}),
        (f"{own}/narrow", {"right": "order.write"}),
        ("/passkeys/add", {}),
        ("/passkeys/remove", {"passkey": "x"}),
        ("/passkeys/new", {"credential": "{}"}),
    ):
        sent = await thief.http.post(path, data=csrf | fields)
        assert sent.headers["location"].startswith("/confirm?c="), path
    (after,) = await house.consents.for_customer("cus_lin")
    assert (after.status, after.scope) == ("paused", consent.scope)


@pytest.mark.parametrize(("act", "status"), [("pause", "paused"), ("revoke", "revoked")])
async def test_taking_away_needs_the_session_alone_and_shows_nothing(
    house: House, partner: Partner, browser: Browsers, act: str, status: str
) -> None:
    owner, device = browser(), Authenticator(ISSUER)
    await with_passkey(owner, device)
    await answered(owner, await confirm_page(house, partner, owner), device)
    (consent,) = await house.consents.for_customer("cus_lin")
    other = browser()
    page = await other.sign_in(await other.get("/sign-in"))
    csrf = {"csrf": page.form_with("send-code").hidden["csrf"]}
    sent = await other.http.post(f"/consents/{consent.consent_id}/{act}", data=csrf)
    assert sent.status_code == 303
    assert "Wayfare" not in (await other.follow(sent)).words
    (after,) = await house.consents.for_customer("cus_lin")
    assert after.status == status


@pytest.mark.parametrize("by_code", [False, True])
async def test_the_second_factor_leads_back_to_the_page_that_was_wanted(
    house: House, partner: Partner, browser: Browsers, by_code: bool
) -> None:
    owner, device = browser(), Authenticator(ISSUER)
    await with_passkey(owner, device)
    await answered(owner, await confirm_page(house, partner, owner), device)
    (consent,) = await house.consents.for_customer("cus_lin")
    other = browser()
    await other.sign_in(await other.get("/sign-in"))
    wanted = f"/consents/{consent.consent_id}/narrow"
    page = await other.get(wanted)
    if by_code:
        sent = await other.confirm(await other.follow(await other.press(page, "send-code")))
    else:
        sent = await answered(other, page, device)
    assert sent.headers["location"] == wanted
    assert (await other.http.get(wanted)).status_code == 200
    paused = await other.press(await other.get("/consents"), f"pause-{consent.consent_id}")
    page = await other.follow(paused)
    resumed = await other.follow(await other.press(page, f"resume-{consent.consent_id}"))
    assert "You resumed what Wayfare is allowed" in resumed.words


async def test_no_path_of_a_thief_breaks_out_of_the_redirect(browser: Browsers) -> None:
    await with_passkey(browser(), Authenticator(ISSUER))
    reader = browser()
    await reader.sign_in(await reader.get("/sign-in"))
    for name in ("%0d%0aset-cookie:x", "%00", "%E4%B8%AD", "%2e%2e", "x" * 500):
        sent = await reader.http.get(f"/consents/{name}/narrow")
        assert sent.status_code in (303, 404) and "x" not in sent.cookies
        if sent.status_code == 303:
            assert sent.headers["location"].startswith("/confirm?c=")
