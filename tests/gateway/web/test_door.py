"""The door: what it adds to every answer, and whom it believes about a client's certificate."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from litestar.types import Receive, Scope, Send

from gateway.web.door import Door
from gateway.web.terminators import (
    TERMINATORS_ALONE,
    Terminators,
    TerminatorSecretInvalid,
    at_mtls,
    client_cert,
    is_cert_verified,
)

SECRET = "s" * 40
PROVED = {
    "Tessera-Terminator": SECRET,
    "Client-Cert": ":AA==:",
    "Client-Cert-Chain": ":AQ==:",
    "Tessera-Certificate-Verified": "1",
}


class Echo:
    """Keeps what arrives behind the door."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = dict(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def names(self) -> set[bytes]:
        return {name for name, _ in self.scope["headers"]}


async def send(
    terminators: Terminators | None, headers: Any, peer: str = "10.0.0.7"
) -> tuple[Echo, httpx.Response]:
    echo = Echo()
    door = Door(echo, access_log=False, terminators=terminators)
    transport = httpx.ASGITransport(door, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="https://bank.example") as http:
        return echo, await http.get("/", headers=headers)


async def test_a_proved_terminator_is_believed_and_its_headers_go_no_further() -> None:
    for listed, peer in (("10.0.0.7", "10.0.0.7"), ("10.0.0.7", "::ffff:10.0.0.7"), ("::1", "::1")):
        echo, _ = await send(Terminators([listed], SECRET), PROVED, peer)
        assert at_mtls(echo.scope)
        assert client_cert(echo.scope) == [b":AA==:"]
        assert is_cert_verified(echo.scope)
        assert echo.names.isdisjoint(TERMINATORS_ALONE)


async def test_a_terminator_may_say_that_there_was_no_certificate() -> None:
    echo, _ = await send(Terminators(["10.0.0.7"], SECRET), {"Tessera-Terminator": SECRET})
    assert at_mtls(echo.scope)
    assert client_cert(echo.scope) == []


STRANGERS: list[tuple[str, Terminators | None, Any, str]] = [
    ("nobody is a terminator", None, PROVED, "10.0.0.7"),
    ("another address", Terminators(["10.0.0.7"], SECRET), PROVED, "10.0.0.8"),
    ("no address", Terminators(["10.0.0.7"], SECRET), PROVED, "not-an-address"),
    ("no secret", Terminators(["10.0.0.7"], SECRET), {"Client-Cert": ":AA==:"}, "10.0.0.7"),
    (
        "a wrong secret",
        Terminators(["10.0.0.7"], SECRET),
        PROVED | {"Tessera-Terminator": SECRET[:-1] + "t"},
        "10.0.0.7",
    ),
    (
        "the secret and another",
        Terminators(["10.0.0.7"], SECRET),
        [*PROVED.items(), ("Tessera-Terminator", "x")],
        "10.0.0.7",
    ),
    ("an empty secret is none", Terminators(["10.0.0.7"], ""), PROVED | {"Tessera-Terminator": ""},
     "10.0.0.7"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "terminators", "headers", "peer"), STRANGERS,
                         ids=[stranger[0] for stranger in STRANGERS])  # fmt: skip
async def test_from_anyone_else_the_headers_are_stripped(
    why: str, terminators: Terminators | None, headers: Any, peer: str
) -> None:
    echo, answer = await send(terminators, headers, peer)
    assert answer.status_code == 200
    assert not at_mtls(echo.scope)
    assert client_cert(echo.scope) == []
    assert not is_cert_verified(echo.scope)
    assert echo.names.isdisjoint(TERMINATORS_ALONE), why


async def test_a_wrong_secret_from_a_terminators_address_is_journalled_without_it() -> None:
    with structlog.testing.capture_logs() as lines:
        await send(Terminators(["10.0.0.7"], SECRET), {"Tessera-Terminator": "x" * 40})
    (line,) = lines
    assert (line["event"], line["peer"]) == ("terminator.wrong_secret", "10.0.0.7")
    assert "x" * 40 not in repr(line)


async def test_the_callers_interaction_id_comes_back_whatever_stands_beside_it() -> None:
    mine = str(uuid4())
    for headers in ({"x-fapi-interaction-id": mine}, PROVED | {"x-fapi-interaction-id": mine}):
        echo, answer = await send(None, headers)
        assert answer.headers["x-fapi-interaction-id"] == mine
        assert echo.scope["state"]["interaction_id"] == mine
    capitals = mine.upper()
    _, answer = await send(None, {"x-fapi-interaction-id": capitals})
    assert answer.headers["x-fapi-interaction-id"] == capitals


async def test_an_interaction_id_in_any_other_form_is_not_echoed() -> None:
    mine = str(uuid4())
    bare = mine.replace("-", "")
    for sent in (
        "",
        "no uuid",
        bare,
        f"{{{mine}}}",
        f"urn:uuid:{mine}",
        "-" * 20_000 + bare,
        f"{mine}-",
        f"{mine}\t",
        mine.replace("-", "_"),
        mine[:-1] + "g",
    ):
        echo, answer = await send(None, {"x-fapi-interaction-id": sent})
        minted = answer.headers["x-fapi-interaction-id"]
        assert minted not in (sent, mine), sent
        assert str(UUID(minted)) == minted == echo.scope["state"]["interaction_id"]


def test_the_secret_comes_from_a_file_of_one_good_line(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    assert isinstance(Terminators.from_file(["10.0.0.7"], file), Terminators)
    for bad in ("short", "", "with space" * 5, "s" * 300, "two\nlines" * 5, "é" * 40):
        file.write_text(bad)
        with pytest.raises(TerminatorSecretInvalid, match="secret") as refusal:
            Terminators.from_file(["10.0.0.7"], file)
        assert not bad or bad not in str(refusal.value)
    with pytest.raises(TerminatorSecretInvalid):
        Terminators.from_file(["10.0.0.7"], tmp_path / "missing")
