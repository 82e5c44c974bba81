"""An operator's misspelt member is refused with what was meant; nothing is dropped in silence."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.onboarding.metadata import decode, decode_amendment
from gateway.onboarding.service import decode_registration
from tests.gateway.onboarding.documents import wish

REGISTRATION: dict[str, Any] = msgspec.to_builtins(wish()) | {"metadata": {}}


@pytest.mark.parametrize(
    ("members", "field", "says"),
    [
        ({"marc": "W"}, "marc", "did you mean `mark`"),
        ({"jwks_uri": "https://a.example/"}, "jwks_uri", "belongs in metadata"),
        ({"xyzzy": 1}, "xyzzy", "take it out"),
        (
            {"metadata": {"tls_client_auth_subject": "CN=a"}},
            "metadata.tls_client_auth_subject",
            "did you mean `tls_client_auth_subject_dn`",
        ),
        ({"metadata": {"introspection": "all"}}, "metadata.introspection", "stands beside"),
        ({"metadata": {"client_id": "mine"}}, "metadata.client_id", "never changes"),
        ({"metadata": {"x" * 70: 1}}, "metadata." + "x" * 64, "take it out"),
    ],
)
def test_an_unknown_member_of_a_registration(
    members: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(errors.InvalidField, match=says) as refusal:
        decode_registration(REGISTRATION | members)
    assert refusal.value.extras["field"] == field


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("redirect_uri", "did you mean `redirect_uris`"),
        ("client_id", "never changes"),
        ("partner_id", "never changes its partner"),
        ("status", "tessera client suspend"),
        ("version", "--from-version"),
        ("metadata", "members of metadata alone"),
        ("partner_name", "beside it"),
    ],
)
def test_an_unknown_member_of_an_amendment(name: str, says: str) -> None:
    with pytest.raises(errors.InvalidField, match=says):
        decode_amendment({name: "x"})


@given(st.text(max_size=100))
def test_no_name_passes_but_those_of_the_contract(name: str) -> None:
    if name in ClientMetadata.__struct_fields__:
        return
    with pytest.raises(errors.InvalidField) as refusal:
        decode_amendment({name: None})
    assert "\n" not in refusal.value.detail


def test_a_software_statements_client_may_say_what_nobody_here_knows() -> None:
    """RFC 7591 section 2: the server ignores members that it does not know."""
    assert decode({"redirect_uri": "x"}) == ClientMetadata()
