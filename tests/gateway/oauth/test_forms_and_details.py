"""Pure parts: forms read strictly, addresses compared, details never widened, the flow's table."""

import inspect
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import errors
from gateway.oauth import flow
from gateway.oauth.details import check_not_wider
from gateway.oauth.dpop import normalised
from gateway.oauth.forms import FORM_LIMIT_BYTES, MEDIA_TYPE, parse_form
from gateway.oauth.requests import Endpoint
from tests.gateway.oauth.partner import entry, fen

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=20))
def test_forms_are_read_as_the_library_writes_them(fields: dict[str, str]) -> None:
    body = urlencode(fields)
    expected = {name: value for name, value in parse_qsl(body) if value}
    assert parse_form(body.encode(), MEDIA_TYPE) == expected


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        form = parse_form(body, MEDIA_TYPE)
    except errors.OAuthRefused:
        return
    assert all(value and "\x00" not in value for value in form.values())


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"a=1&%61=2",
        b"a=&a=1",
        b"a=%00",
        b"%00=1",
        b"a=\x00",
        b"a=%ff",
        b"a=\xc3\xa9",
        b"&".join(b"p%d=1" % number for number in range(65)),
        b"&" * 5000,
    ],
)
def test_forms_that_are_refused(body: bytes) -> None:
    with pytest.raises(errors.OAuthRefused):
        parse_form(body, MEDIA_TYPE)


def test_a_form_is_of_its_type_and_size() -> None:
    assert parse_form(b"a=1&b=", f"{MEDIA_TYPE}; charset=UTF-8") == {"a": "1"}
    for media_type in ("", "application/json", "multipart/form-data; boundary=x"):
        with pytest.raises(errors.OAuthRefused):
            parse_form(b"a=1", media_type)
    with pytest.raises(errors.BodyTooLarge):
        parse_form(b"a=" + b"1" * FORM_LIMIT_BYTES, MEDIA_TYPE)


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://bank.example", "https://bank.example/"),
        ("HTTPS://Bank.Example:443/a?b#c", "https://bank.example/a"),
        ("http://127.0.0.1:80/a", "http://127.0.0.1/a"),
        ("http://127.0.0.1:8400/a", "http://127.0.0.1:8400/a"),
        ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
        ("https://bank.example/%7Ea%2fb", "https://bank.example/~a%2Fb"),
        ("https://user@bank.example/a", None),
        ("https:///a", None),
        ("https://bank.example:x/a", None),
        ("ftp://bank.example/a", None),
        ("/a", None),
        ("", None),
        ("https://bank.example/\u00e9", None),
        ("https://bank.example/a b", None),
        ("https://bank.example/a\n", None),
    ],
)
def test_addresses_are_compared_in_one_spelling(address: str, plain: str | None) -> None:
    assert normalised(address) == plain


ASKED = [entry("purse", "open", top_up=fen(100)), entry("vault", "open")]


@pytest.mark.parametrize(
    ("given_entries", "fits"),
    [
        (ASKED, True),
        (ASKED[::-1], True),
        (ASKED[:1], True),
        ([], True),
        ([entry("purse", "open", top_up=fen(99))], True),
        ([entry("purse", "open", top_up=fen(101))], False),
        ([entry("purse", "open", top_up=fen(-1))], False),
        ([entry("purse", "open")], False),
        ([entry("purse", "open", top_up=fen(1), more=1)], False),
        ([entry("purse", "open", top_up={"minor_units": True, "currency": "CNY"})], False),
        ([entry("purse", "open", top_up={"minor_units": 1.5, "currency": "CNY"})], False),
        ([*ASKED, ASKED[1]], False),
        ([entry("vault", "close")], False),
    ],
)
def test_nothing_given_is_wider_than_asked(given_entries: list[dict[str, Any]], fits: bool) -> None:
    if fits:
        check_not_wider(ASKED, given_entries)
        return
    with pytest.raises(errors.InvalidAuthorizationDetails):
        check_not_wider(ASKED, given_entries)


def test_every_check_cites_its_reason_and_serves_an_endpoint() -> None:
    for check, *columns in flow.ROWS:
        assert check.__name__.startswith("check_")
        assert inspect.getdoc(check), check
        assert any(columns), check
        assert len(columns) == len(get_args(Endpoint))
