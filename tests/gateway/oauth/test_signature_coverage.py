"""Whose signature a call is judged by, and that the idempotency key is part of what is signed."""

from typing import Any

import httpx

from tests.flows import message_signing
from tests.gateway.oauth.signed_calls import BODY, PATH, URL, Caller, refused, write_to


async def test_the_idempotency_key_is_the_one_that_was_signed(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    """Under another key the same order would be another order."""
    added = await write_to(bank, caller.signed() | {"Idempotency-Key": "another"})
    assert refused(added) == "signature.invalid"
    assert "idempotency-key" in added.json()["detail"]
    assert '"idempotency-key"' in added.headers["accept-signature"]

    usual: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "body": BODY,
        "key": caller.partner.key,
        "created": caller.partner.now,
    }
    signed = message_signing.signed(caller.headers() | {"Idempotency-Key": "mine"}, **usual)
    changed = await write_to(bank, signed | {"Idempotency-Key": "another"})
    assert refused(changed) == "signature.invalid"
    signed = message_signing.signed(caller.headers() | {"Idempotency-Key": "mine"}, **usual)
    assert (await write_to(bank, signed)).status_code == 200


async def test_signatures_for_others_alone_are_none(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    theirs = {"Signature-Input": 'proxy=("@method");tag="proxy"', "Signature": "proxy=:AA==:"}
    read = await bank.get(PATH, headers=caller.headers("GET") | theirs)
    assert read.status_code == 200, read.text
    # Who did not sign for us gets no signed answer, and its A2 write is unsigned.
    assert "signature" not in read.headers
    answer = await write_to(bank, caller.headers() | theirs)
    assert refused(answer) == "signature.invalid"
    assert "must be signed" in answer.json()["detail"]
