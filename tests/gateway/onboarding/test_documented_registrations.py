"""Every registration that the operators' page shows is one that the register takes."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.onboarding.service import Onboarding, decode_registration
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.oauth.partner import new_key

_PAGE = Path(__file__).parents[3] / "docs" / "operating" / "partners.md"
_SHOWN: list[dict[str, Any]] = [
    msgspec.json.decode(block)
    for block in re.findall(r"^```json\n(.*?)^```", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
]


def test_the_page_shows_a_client_of_each_kind() -> None:
    documents = [document.get("metadata", {}) for document in _SHOWN]
    assert [one.get("token_endpoint_auth_method") for one in documents] == [
        None,
        None,
        "tls_client_auth",
    ]
    assert [one.get("require_signed_request_object") for one in documents] == [None, True, None]


@pytest.mark.parametrize("shown", _SHOWN, ids=["keys", "signed", "certificate"])
async def test_what_is_shown_can_be_registered(
    shown: dict[str, Any], database: Database, clock: SetClock
) -> None:
    onboarding = Onboarding(database, Audit(load_book()), Vault.fresh(), sandbox=False)
    document = dict(shown)
    if "metadata" not in shown:
        document["jwks"] = {"keys": [new_key().as_dict(private=False)]}
    registered = await onboarding.register(
        decode_registration(document), operator="test", at=clock.now()
    )
    # Nothing that the page asks for is passed over as unknown.
    assert shown.get("metadata", {}).items() <= registered.metadata.items()
    assert registered.redirect_uris == shown["redirect_uris"]
