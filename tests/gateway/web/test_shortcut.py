"""The short way answers what the framework would, word for word, and takes nothing else away."""

from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, post
from litestar.types import HTTPScope, Receive, Scope, Send

from contracts import errors
from gateway.web.answers import Answer, read_body
from gateway.web.errors import Voices
from gateway.web.shortcut import Endpoint, Shortcut

ISSUER = "https://bank.example"
PATH = "/oauth/echo"


async def echo(scope: HTTPScope, receive: Receive) -> Answer:
    body = await read_body(scope, receive, 100)
    if body == b"refused":
        refusal = errors.InvalidDpopProof('Not "this" proof.')
        raise refusal.with_headers(DPoP_Nonce="n1")
    if body == b"unavailable":
        raise errors.Unavailable("The database did not confirm the change.")
    if body == b"invalid":
        msgspec.json.decode(b'{"a": 1}', type=dict[str, str])
    if body == b"broken":
        raise RuntimeError("the database password is hunter2")
    return Answer(body, [(b"content-type", b"text/plain")], status_code=201)


class Counted:
    """The framework's app; counts what gets to it."""

    def __init__(self, endpoint: Endpoint, voices: Voices) -> None:
        @post(PATH)
        async def route(request: Request[Any, Any, Any]) -> Answer:
            return await endpoint(request.scope, request.receive)

        self.calls = 0
        self._app = Litestar(
            [route], exception_handlers={Exception: voices.answer}, openapi_config=None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await self._app(scope, receive, send)


class Asked:
    """A request with a fixed id, so that two answers to it can be compared."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"interaction_id": "93bac548-d2de-4546-b106-880a5018460d"}
        await self._app(scope, receive, send)


async def ask(app: Any, method: str, path: str, body: bytes, headers: Any) -> httpx.Response:
    transport = httpx.ASGITransport(Asked(app))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        return await http.request(method, path, content=body, headers=headers)


PLAIN = ("", "hello", "refused", "unavailable", "invalid", "broken", "x" * 101)
OTHER: dict[str, tuple[str, str, dict[str, str]]] = {
    "a GET": ("GET", PATH, {}),
    "a HEAD": ("HEAD", PATH, {}),
    "a PUT": ("PUT", PATH, {}),
    "what may be asked": ("OPTIONS", PATH, {}),
    "a slash behind the path": ("POST", PATH + "/", {}),
    "another path": ("POST", "/oauth/ech", {}),
    "a host that is none": ("POST", PATH, {"host": "bank.example/oauth"}),
    "a host for the framework to judge": ("POST", PATH, {"host": "bank_of_example"}),
}


async def both(method: str, path: str, body: bytes, headers: Any) -> tuple[Any, Any, int]:
    """The answer of the short way, that of the framework alone, and how often it was needed."""
    voices = Voices(ISSUER, "/oauth/")
    framework = Counted(echo, voices)
    short = await ask(Shortcut(framework, {PATH: echo}, voices), method, path, body, headers)
    needed = framework.calls
    long = await ask(framework, method, path, body, headers)
    return _told(short), _told(long), needed


def _told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


@pytest.mark.parametrize("body", PLAIN)
async def test_a_plain_post_is_answered_like_by_the_framework_without_it(body: str) -> None:
    short, long, needed = await both("POST", PATH + "?a=1", body.encode(), {})
    assert short == long
    assert needed == 0
    assert short[0] == {"": 201, "hello": 201, "unavailable": 503, "broken": 500}.get(
        body, 413 if len(body) > 100 else 400
    )


@pytest.mark.parametrize("name", OTHER)
async def test_whatever_else_comes_is_the_frameworks(name: str) -> None:
    method, path, headers = OTHER[name]
    short, long, needed = await both(method, path, b"hello", headers)
    assert short == long
    assert needed == 1


async def test_an_app_that_is_mounted_below_a_path_is_the_frameworks() -> None:
    voices = Voices(ISSUER, "/oauth/")
    framework = Counted(echo, voices)
    transport = httpx.ASGITransport(
        Asked(Shortcut(framework, {PATH: echo}, voices)), root_path="/below"
    )
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        await http.post(PATH, content=b"hello")
    assert framework.calls == 1
