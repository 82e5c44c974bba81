"""Fetching documents through the one sender: bounded, never redirected, never half."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import partial

import pytest

from gateway.kit import http
from gateway.kit.http import ForbiddenAddress, Unreachable
from tests.gateway.onboarding.documents import Documents, serving

# Loading the trust store takes 20 ms; the tests share one.
Sender = partial(http.Sender, tls=ssl.create_default_context())
LIMIT_BYTES = 100


@pytest.fixture
async def documents() -> AsyncIterator[Documents]:
    async with serving() as held:
        yield held


@pytest.fixture
async def sender(documents: Documents) -> AsyncIterator[http.Sender]:
    opened = Sender(listed=[documents.place], body_limit_bytes=LIMIT_BYTES)
    yield opened
    await opened.close()


async def test_a_document_is_fetched_whole(documents: Documents, sender: http.Sender) -> None:
    url = documents.put("/d?x=1", b"x" * LIMIT_BYTES, kind="application/json")
    answer = await sender.get(url, 2.0)
    assert (answer.status, answer.body) == (200, b"x" * LIMIT_BYTES)
    assert answer.headers["content-type"] == "application/json"


async def test_a_document_beyond_the_limit_is_none(
    documents: Documents, sender: http.Sender
) -> None:
    url = documents.put("/d", b"x" * (LIMIT_BYTES + 1))
    with pytest.raises(Unreachable, match="longer"):
        await sender.get(url, 2.0)
    # And does not spoil the connection for the next.
    assert (await sender.get(documents.put("/e", b"e"), 2.0)).body == b"e"


async def test_a_redirect_is_an_answer(documents: Documents, sender: http.Sender) -> None:
    documents.put("/elsewhere", b"treasure")
    answer = await sender.get(documents.put("/d", b"", status=302), 2.0)
    assert answer.status == 302
    assert documents.asked == ["/d"]


async def test_a_broken_or_silent_server_is_unreachable(
    documents: Documents, sender: http.Sender
) -> None:
    with pytest.raises(Unreachable):
        await sender.get(documents.url("/nothing"), 2.0)
    documents.gate.clear()
    with pytest.raises(Unreachable, match="in time"):
        await asyncio.wait_for(sender.get(documents.put("/d", b"d"), 0.05), 2.0)


async def test_the_address_policy_is_that_of_posting(documents: Documents) -> None:
    strict = Sender()
    for url in (documents.url("/d"), f"https://{documents.place}/d", "https://[::1]/", "file:///d"):
        with pytest.raises(ForbiddenAddress):
            await strict.get(url, 2.0)
    assert documents.asked == []
    await strict.close()
