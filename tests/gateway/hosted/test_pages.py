"""Every page: both languages, strict headers, no script needed, and errors that help."""

import re
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from typing import get_args

import pytest

from contracts import errors
from gateway.hosted import pages
from gateway.hosted.factor_store import Purpose
from gateway.hosted.texts import load_texts
from gateway.onboarding.service import SCOPES
from gateway.products.service import load_packages
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import Partner

Browsers = Callable[..., Reader]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ALL = {"component": "commuter-wallet.sweep"}
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def texts_in_use() -> str:
    """Everything that may name a text: the templates and the code of the room."""
    room = files("gateway.hosted")
    templates = "".join(file.read_text() for file in room.joinpath("templates").iterdir())
    code = "".join(file.read_text() for file in room.iterdir() if file.name.endswith(".py"))
    return templates + code


async def tour(house: House, partner: Partner, reader: Reader) -> AsyncIterator[Page]:
    """Every page there is, in the order a customer meets them."""
    page = await reader.get(await house.entrance(partner))
    yield page
    fields = {"customer": "lin", "passcode": "000000"}
    yield Page(await reader.press(page, "sign-in", fields))
    page = await reader.sign_in(page)
    yield page
    page = await reader.follow(await reader.press(page, "approve", ALL))
    yield page
    yield Page(await reader.press(page, "confirm", {"code": "000000"}))
    await reader.confirm(page)
    yield await reader.follow(await reader.press(page, "confirm"))
    consents = await reader.get("/consents")
    yield consents
    (consent,) = await house.consents.for_customer("cus_lin")
    yield await reader.get(f"/consents/{consent.consent_id}/narrow")
    yield await reader.get(f"/consents/{consent.consent_id}/texts")
    yield await reader.follow(await reader.press(consents, f"pause-{consent.consent_id}"))
    passkeys = await reader.get("/passkeys")
    yield passkeys
    adding = await reader.follow(await reader.press(passkeys, "add-passkey"))
    yield adding
    yield await reader.follow(await reader.confirm(adding))
    revoke = await reader.get(f"/consents/{consent.consent_id}/revoke")
    yield revoke
    yield await reader.follow(await reader.press(revoke, "revoke"))
    yield await reader.get("/referrals/lin_1")
    yield await reader.get("/oauth/authorize?client_id=x&request_uri=y")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_whole_strict_and_readable_without_script(
    house: House, partner: Partner, browser: Browsers, language: str
) -> None:
    count = 0
    async for page in tour(house, partner, browser(language)):
        count += 1
        assert page.open == []
        assert page.every("html")[0]["lang"] == language
        assert len(page.every("h1")) == 1
        ids = [found["id"] for _, found in page.elements if "id" in found]
        assert len(ids) == len(set(ids))
        labelled = {label.get("for") for label in page.every("label")}
        for field in page.every("input"):
            if field["type"] not in ("hidden", "checkbox"):
                assert field["id"] in labelled
        for tag, found in page.elements:
            assert not {"style", "onclick", "onload", "onsubmit"} & set(found), tag
        assert all(script.get("src", "").startswith("/assets/") for script in page.every("script"))
        assert all(form.hidden.get("csrf") for form in page.forms)
        check_headers(page)
    assert count == 17


def check_headers(page: Page) -> None:
    headers = page.response.headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    may_return = any(form.action.startswith(("/consent?", "/confirm?flow=")) for form in page.forms)
    expected = "'self' https://travel.example" if may_return else "'self'"
    assert policy["form-action"] == expected
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert not [name for name in headers if name.startswith("access-control")]


async def test_english_pages_hold_no_chinese_but_the_switch_and_the_error_twin(
    house: House, partner: Partner, browser: Browsers
) -> None:
    async for page in tour(house, partner, browser()):
        if page.status != 400:
            assert CHINESE.sub("", page.words.replace("中文", "")) == page.words.replace("中文", "")


async def test_the_switch_stays_on_the_page_and_is_remembered(
    house: House, partner: Partner, browser: Browsers
) -> None:
    reader = browser()
    page = await reader.sign_in(await reader.get(await house.entrance(partner)))
    (switch,) = [a["href"] for a in page.every("a") if a.get("hreflang") == "zh-CN"]
    chinese = await reader.get(switch)
    assert "路途出行请求您的同意" in chinese.words
    assert "¥50.00" in chinese.words
    assert (await reader.get("/consents")).every("html")[0]["lang"] == "zh-CN"


@pytest.mark.parametrize(
    ("accepted", "locales", "language"),
    [
        ("en-GB,en;q=0.9,zh;q=0.5", None, "en"),
        ("fr;q=0.9, zh-Hans-CN;q=0.8, en;q=0.1", None, "zh-CN"),
        ("", None, "zh-CN"),
        ("en", "fr zh-CN", "zh-CN"),
        ("*;q=x,,;", None, "zh-CN"),
    ],
)
async def test_the_language_follows_the_partner_then_the_browser_then_the_bank(
    house: House,
    partner: Partner,
    browser: Browsers,
    accepted: str,
    locales: str | None,
    language: str,
) -> None:
    entrance = await house.entrance(partner, ui_locales=locales)
    page = await browser(accepted).get(entrance)
    assert page.every("html")[0]["lang"] == language


@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=x&request_uri=y",
        "client_id=x",
        "client_id=x&client_id=y&request_uri=z",
        "request_uri=%ff",
        "client_id=x&request_uri=%00",
        f"client_id={HOSTILE}&request_uri={HOSTILE}&redirect_uri=https://evil.example&state=s",
        "&".join(f"a{number}=1" for number in range(65)),
    ],
)
async def test_a_bad_entrance_is_a_page_in_both_languages_and_never_a_redirect(
    browser: Browsers, query: str
) -> None:
    answer = await browser().http.get(f"/oauth/authorize?{query}")
    page = Page(answer)
    assert 400 <= page.status < 500
    assert {section["lang"] for section in page.every("section")} == {"en", "zh-CN"}
    assert "script>alert" not in answer.text
    assert "evil.example" not in answer.text


async def test_anothers_request_is_one_that_does_not_exist(
    house: House, partner: Partner, browser: Browsers
) -> None:
    other = await house.register(partner_name="Harbour")
    entrance = await house.entrance(partner)
    stolen = entrance.replace(partner.client_id, other.client_id)
    page = await browser().get(stolen)
    assert page.status == 400
    assert "can no longer be used" in page.words
    assert "Harbour" not in page.words


async def test_a_hostile_name_in_the_register_stays_text(house: House, browser: Browsers) -> None:
    partner = await house.register(partner_name=HOSTILE, partner_name_zh=HOSTILE, mark="<")
    answer = (await browser().get(await house.entrance(partner))).response
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


async def test_a_failure_of_ours_is_a_page_with_a_reference_and_no_detail(
    house: House, partner: Partner, browser: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    reader = browser()
    page = await reader.get(await house.entrance(partner))
    monkeypatch.setattr(house.bank, "sign_in", broken)
    answer = Page(await reader.press(page, "sign-in", {"customer": "lin", "passcode": "1"}))
    assert answer.status == 500
    assert "Something failed on the bank’s side" in answer.words
    assert "secret detail" not in answer.response.text


async def test_a_silent_bank_is_a_page_that_says_what_to_do(
    house: House, browser: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        raise errors.CoreBankUnavailable

    reader = browser()
    page = await reader.get("/sign-in")
    monkeypatch.setattr(house.bank, "sign_in", silent)
    answer = Page(await reader.press(page, "sign-in", {"customer": "lin", "passcode": "1"}))
    assert (answer.status, answer.response.headers["retry-after"]) == (503, "1")
    assert "Wait a moment and try again" in answer.words


async def test_other_bodies_than_forms_and_large_ones_are_refused_with_a_page(
    browser: Browsers,
) -> None:
    reader = browser()
    await reader.get("/sign-in")
    assert (await reader.http.post("/sign-in", json={"customer": "lin"})).status_code == 415
    large = await reader.http.post("/sign-in", data={"customer": "x" * 20_000})
    assert large.status_code == 413
    assert "text/html" in large.headers["content-type"]


async def test_files_are_ours_and_kept_for_a_year(browser: Browsers) -> None:
    reader = browser()
    page = await reader.get("/sign-in")
    addresses = [link["href"] for link in page.every("link")] + [
        script["src"] for script in page.every("script")
    ]
    assert len(addresses) == 3
    for address in addresses:
        answer = await reader.http.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    style = (await reader.http.get(addresses[1])).text
    assert "url(" not in style
    assert "@import" not in style


def test_an_address_without_a_spelling_in_csp_widens_to_its_scheme() -> None:
    room = pages.Pages(load_texts(), issuer="http://127.0.0.1:8400", live=False)
    for address, source in (
        ("http://127.0.0.1:9000/cb?x=1", "http://127.0.0.1:9000"),
        ("http://[::1]:9000/cb", "http:"),
        ("https://a;sandbox/cb", "https:"),
    ):
        shown = room.page("done", "en", here="/done", returns_to=address, answered=True)
        assert f"form-action 'self' {source};" in shown.headers["content-security-policy"]


def test_no_text_is_unused_and_none_is_missing(texts_in_use: str) -> None:
    dynamic = {"asked", "action", "boundary", "scope", "message", "news", "unit", "method"}
    told_by_the_catalogue = {"data", "disclosure"}
    purposes = {purpose.replace(".", "_") for purpose in get_args(Purpose)}
    known = {words for _, words in pages.ERROR_WORDS} | {"failed"}
    for key in sorted(load_texts().keys()):
        section, _, name = key.partition(".")
        if section in dynamic | told_by_the_catalogue:
            continue
        if section == "error" and "_" in name and name != "go_on":
            assert name.rpartition("_")[0] in known, key
        elif section == "confirm" and name.endswith(("_title", "_lead")):
            assert name.rpartition("_")[0] in purposes, key
        elif section == "consents" and name in ("active", "paused", "expired"):
            assert 'f"consents.{status}"' in texts_in_use
        elif section == "consents" and name.startswith("revoked_"):
            assert 'f"consents.revoked_{' in texts_in_use
        else:
            assert f'"{key}"' in texts_in_use or f"'{key}'" in texts_in_use, key


def test_chinese_texts_have_chinese_punctuation() -> None:
    texts = load_texts()
    for key in sorted(texts.keys()):
        text = texts.say("zh-CN", key)
        if CHINESE.search(text):
            assert not re.search(r"[,;:!?()\"']|\.(?![0-9])", text), key


def test_every_purpose_of_a_confirmation_has_its_words() -> None:
    keys = load_texts().keys()
    for purpose in get_args(Purpose):
        name = purpose.replace(".", "_")
        assert {f"confirm.{name}_title", f"confirm.{name}_lead", f"message.{name}"} <= keys


def test_every_word_of_every_package_has_a_text() -> None:
    keys = load_texts().keys()
    for package in load_packages():
        wanted = {f"data.{kind}" for kind in package.data.to_partner + package.data.never}
        wanted |= {f"disclosure.{text.kind}" for text in package.disclosure}
        wanted |= {f"method.{plan.method}" for plan in package.plan}
        for part in package.offered:
            wanted |= {f"action.{action}" for action in part.actions}
            wanted |= {f"unit.{limit.unit}" for limit in part.limit if limit.count is not None}
            wanted.add(f"boundary.{part.boundary}")
        assert wanted <= keys, (package.code, wanted - keys)
    assert {f"scope.{scope}" for scope in SCOPES} <= keys
