"""The quick decoding of form components equals the library's, and refuses what it must."""

from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import errors
from gateway.oauth.forms import decode_component

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))


@given(TEXT)
def test_whatever_a_library_encodes_comes_back(text: str) -> None:
    assert decode_component(quote_plus(text)) == text
    assert decode_component(quote(text, safe="")) == text


@given(st.text(st.sampled_from("ab =_?.~\t\r\n%0123456789ABCDEFabcdef+-"), max_size=40))
def test_it_equals_the_standard_library_on_every_whole_escape(text: str) -> None:
    try:
        expected = unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        expected = None
    try:
        assert decode_component(text) == expected
    except errors.OAuthRefused as refusal:
        broken = "percent" in refusal.detail or "NUL" in refusal.detail
        assert broken or expected is None


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "a%2", "%%41", "%00", "%ff", "%e4%b8"])
def test_broken_escapes_and_bytes_are_refused(text: str) -> None:
    with pytest.raises(errors.OAuthRefused):
        decode_component(text)
