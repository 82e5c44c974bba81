"""Key sets at addresses: one minute fresh, five seconds apart, ten minutes to spare."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.http import Sender
from gateway.kit.jose import PublicKey
from gateway.onboarding.jwks import UnreadableSet, read_set
from gateway.onboarding.key_sets import KeySets
from tests.conftest import SetClock
from tests.gateway.onboarding import documents as loopback
from tests.gateway.onboarding.documents import Documents, fresh, jwks, public


def kids(keys: tuple[PublicKey, ...]) -> list[str | None]:
    return [key.kid for key in keys]


class Asker:
    """One client's set, asked for by `kid`."""

    def __init__(self, sets: KeySets, url: str, clock: SetClock) -> None:
        self.sets, self.url, self.clock = sets, url, clock

    async def __call__(self, kid: str | None = None) -> list[str | None]:
        at: datetime = self.clock.now()
        wanted = None if kid is None else lambda keys: kid in kids(keys)
        return kids(await self.sets.keys("client cli_1", self.url, at, wanted))


@pytest.fixture
def ask(sender: Sender, documents: Documents, clock: SetClock) -> Asker:
    return Asker(KeySets(sender), documents.url("/jwks"), clock)


async def test_a_set_is_fetched_once_a_minute(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    for seconds in (0, 30, 29.9):
        clock.advance(seconds)
        assert await ask("a") == ["a"]
    assert len(documents.asked) == 1
    clock.advance(0.1)
    assert await ask("a") == ["a"]
    assert len(documents.asked) == 2


async def test_a_key_that_left_its_set_is_dead_within_a_minute(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="old")))
    assert await ask("old") == ["old"]
    documents.put("/jwks", jwks(fresh(kid="new")))
    clock.advance(60)
    assert await ask("old") == ["new"]


async def test_a_new_key_is_found_at_once_by_its_kid(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    old, new = fresh(kid="old"), fresh(kid="new")
    documents.put("/jwks", jwks(old))
    await ask("old")
    documents.put("/jwks", jwks(old, new))
    clock.advance(5)
    assert await ask("new") == ["old", "new"]


async def test_whatever_kids_are_named_an_address_is_asked_once_in_five_seconds(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    await ask("a")
    for number in range(100):
        clock.advance(0.1)
        assert await ask(f"invented-{number}") == ["a"]
    # Ten seconds: the first fetch, and one at each five seconds after it.
    assert len(documents.asked) == 3


async def test_an_address_that_fails_is_asked_no_more_often(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", b"", status=503)
    for _ in range(100):
        assert await ask("a") == []
        clock.advance(0.1)
    assert len(documents.asked) == 2


async def test_many_at_once_share_one_fetch(documents: Documents, ask: Asker) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    documents.gate.clear()
    askers = [asyncio.create_task(ask("a")) for _ in range(200)]
    await documents.arrived.wait()
    # One that gives up takes the fetch from nobody.
    askers[0].cancel()
    documents.gate.set()
    answers = await asyncio.gather(*askers[1:])
    assert answers == [["a"]] * 199
    assert len(documents.asked) == 1


async def test_the_last_good_set_serves_ten_minutes_longer(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    assert await ask("a") == ["a"]
    del documents.held["/jwks"]
    clock.advance(60 + 10 * 60 - 0.1)
    assert await ask("a") == ["a"]
    clock.advance(0.1)
    assert await ask("a") == []
    # And comes back with its address.
    documents.put("/jwks", jwks(fresh(kid="b")))
    clock.advance(5)
    assert await ask("b") == ["b"]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"not json", 200),
        (b'{"keys": [], "keys": []}', 200),
        (b"[]", 200),
        ({"keys": {}}, 200),
        ({"keys": [{}] * 33}, 200),
        (b'{"keys": [' + b" " * 70_000 + b"]}", 200),
        ({"keys": []}, 302),
        ({"keys": []}, 404),
    ],
)
async def test_what_is_no_set_leaves_the_last_good_one(
    documents: Documents, ask: Asker, clock: SetClock, document: Any, status: int
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    await ask("a")
    documents.put("/jwks", document, status=status)
    documents.put("/elsewhere", jwks(fresh(kid="redirected")))
    clock.advance(60)
    assert await ask("a") == ["a"]
    # A redirect is not followed.
    assert documents.asked == ["/jwks", "/jwks"]


async def test_an_empty_set_takes_every_key_away(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    await ask("a")
    documents.put("/jwks", {"keys": []})
    clock.advance(60)
    assert await ask("a") == []


async def test_a_new_address_forgets_the_keys_of_the_old_one(
    documents: Documents, ask: Asker, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    await ask("a")
    ask.url = documents.put("/moved", jwks(fresh(kid="b")))
    assert await ask() == ["b"]


async def test_an_address_off_the_open_internet_is_not_called(
    documents: Documents, clock: SetClock
) -> None:
    documents.put("/jwks", jwks(fresh(kid="a")))
    strict = loopback.Sender()
    ask = Asker(KeySets(strict), documents.url("/jwks"), clock)
    assert await ask("a") == []
    assert documents.asked == []
    await strict.close()


def test_keys_that_cannot_verify_here_are_passed_over() -> None:
    fit = fresh(kid="fit")
    document = {
        "keys": [
            public(fresh(kid="enc"), use="enc"),
            public(fresh("PS256", kid="rs"), alg="RS256"),
            fresh(kid="private").as_dict(private=True),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
            public(fit),
            # A reference is never followed (SP 5.4.2): the key is what is written here.
            public(fresh(kid="referring"), x5u="https://elsewhere.example/x5u"),
        ]
    }
    assert kids(read_set(msgspec.json.encode(document))) == ["fit", "referring"]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_set_or_unreadable(body: bytes) -> None:
    try:
        assert isinstance(read_set(body), tuple)
    except UnreadableSet as refusal:
        assert str(refusal)
