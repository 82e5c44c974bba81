"""Content-Digest against the texts that the RFCs hash, and what vouches for nothing."""

import base64
from typing import Any

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.content_digest import DigestRefused, check_content_digest, content_digest

BODY = b'{"hello": "world"}'
# RFC 9530 appendix B.1 and RFC 9421 appendix B.2 hash this very text.
SHA_256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
SHA_512 = (
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJ"
    "wew==:"
)


@pytest.mark.parametrize(
    "value", [SHA_256, SHA_512, f"{SHA_256}, {SHA_512}", f"md5=:AA==:,  {SHA_256};x=1"]
)
def test_a_digest_of_the_content_is_taken(value: str) -> None:
    assert content_digest(BODY) == SHA_256
    check_content_digest(value, BODY)
    with pytest.raises(DigestRefused, match="not that of the body"):
        check_content_digest(value, BODY + b" ")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha-256",
        "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE",
        'sha-256="X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="',
        "sha-256=::",
        "sha-256=(:AA==:)",
        "md5=:Sd/dVLAcvNLSq16eXua5uQ==:",
        f"{SHA_256}, {SHA_256}",
        f"{SHA_256}, sha-512=:AA==:",
        f"{SHA_256},",
        SHA_256 + ", x=" + "1" * 1100,
        "\u00e9",
    ],
)
def test_a_digest_that_vouches_for_nothing_is_refused(value: str) -> None:
    with pytest.raises(DigestRefused):
        check_content_digest(value, BODY)


@given(st.binary(max_size=64))
def test_every_content_has_the_digest_we_write(content: bytes) -> None:
    check_content_digest(content_digest(content), content)
    stated: Any = http_sf.parse(content_digest(content).encode(), tltype="dictionary")
    assert base64.b64encode(stated["sha-256"][0]).decode() in content_digest(content)
