"""One fault or attack on the line for every step: proof that the demo notices, not just passes.

``DEMO_SABOTAGE=<number or name of a step>`` puts that step's spoiler on the line. The steps do not
know of it; the demo must end red and name the step.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from wire import Ask, Reply, Spoiler

# Every transformation is one that happens on real lines: bits flip, caches answer, parameters are
# dropped or rewritten, and messages are played to the wrong party.


def _form(name: str, change: Callable[[str], str]) -> Callable[[Ask], Ask]:
    def spoil(ask: Ask) -> Ask:
        pairs = parse_qsl(ask.body.decode(), keep_blank_values=True)
        changed = [(key, change(value) if key == name else value) for key, value in pairs]
        return replace(ask, body=urlencode(changed).encode())

    return spoil


def _content(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Ask], Ask]:
    def spoil(ask: Ask) -> Ask:
        return replace(ask, body=json.dumps(change(json.loads(ask.body))).encode())

    return spoil


def _header(name: str, value: str | None) -> Callable[[Ask], Ask]:
    def spoil(ask: Ask) -> Ask:
        kept = {key: text for key, text in ask.headers.items() if key != name}
        return replace(ask, headers=kept if value is None else kept | {name: value})

    return spoil


def _address(old: str, new: str) -> Callable[[Ask], Ask]:
    return lambda ask: replace(ask, url=ask.url.replace(old, new))


def _words(old: str, new: str) -> Callable[[Reply], Reply]:
    return lambda reply: replace(reply, body=reply.body.replace(old.encode(), new.encode()))


def _answer(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Reply], Reply]:
    def spoil(reply: Reply) -> Reply:
        return replace(reply, body=json.dumps(change(json.loads(reply.body))).encode())

    return spoil


def _let_pass(reply: Reply) -> Reply:
    return replace(reply, status=200, body=b"{}")


def _foreign_issuer(reply: Reply) -> Reply:
    location = reply.headers.get("location", "")
    head, _, _ = location.partition("iss=")
    elsewhere = f"{head}iss={quote('https://bank.example', safe='')}"
    return replace(reply, headers=reply.headers | {"location": elsewhere})


def _other(text: str) -> str:
    """The text with its first character changed, as a flipped bit would."""
    return ("B" if text[:1] == "A" else "A") + text[1:]


def _resigned(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{_other(signature)}"


def _without_first_account(order: dict[str, Any]) -> dict[str, Any]:
    for line in order["lines"]:
        if line.pop("account_id", None):
            break
    return order


_GATEWAY = "gateway.do"
_ONE_FEN = {"minor_units": 1, "currency": "CNY"}

SPOILERS = {
    "metadata": Spoiler(
        "the metadata is another bank's",
        reply=_answer(lambda found: found | {"issuer": "https://bank.example"}),
    ),
    "client-token": Spoiler(
        "the client assertion's signature is wrong", ask=_form("client_assertion", _resigned)
    ),
    "packages": Spoiler(
        "another scenario is asked for than ours", ask=_address("travel_app", "elderly_care")
    ),
    "package": Spoiler("the English words are lost on the way", reply=_words('"en":', '"xx":')),
    "endpoint": Spoiler(
        "the address leads into the bank's own network",
        where='{"url"',
        ask=_content(lambda sent: sent | {"url": "https://169.254.169.254/latest"}),
    ),
    "push": Spoiler(
        "a cap above the package's own limit is asked for",
        ask=_form(
            "authorization_details", lambda text: text.replace("5000", "500000").replace(" ", "")
        ),
    ),
    "sign-in": Spoiler(
        "the passcode is wrong", where="passcode=", ask=_form("passcode", lambda _: "000001")
    ),
    "consent": Spoiler("the page shows a higher cap", reply=_words("50.00", "500.00")),
    "approve": Spoiler(
        "the page to confirm shows a higher cap", where="/confirm", reply=_words("50.00", "500.00")
    ),
    "confirm": Spoiler("the answer comes from another issuer", reply=_foreign_issuer),
    "exchange": Spoiler(
        "somebody else redeems the code", ask=_form("code_verifier", lambda text: "x" * len(text))
    ),
    "order": Spoiler(
        "a version that was never published",
        ask=_content(lambda sent: sent | {"version": "9.9.9"}),
    ),
    "replay": Spoiler(
        "the retry carries another key", ask=_header("Idempotency-Key", "order-another-key")
    ),
    "order-lines": Spoiler("an account is missing", reply=_answer(_without_first_account)),
    "event": Spoiler(
        "the event is changed on its way",
        where='"order.active"',
        inbound=True,
        reply=_words('"sequence":', '"sequence":1'),
    ),
    "capabilities": Spoiler("the request has no DPoP proof", ask=_header("DPoP", None)),
    "debit": Spoiler(
        "the amount is a fraction of a fen",
        ask=_content(
            lambda sent: sent | {"instructed_amount": {"minor_units": 300.5, "currency": "CNY"}}
        ),
    ),
    "above-cap": Spoiler(
        "the amount is within the cap after all",
        ask=_content(lambda sent: sent | {"instructed_amount": _ONE_FEN}),
    ),
    "revoke": Spoiler(
        "the form does not come from the bank's page",
        where="/revoke\ncsrf=",
        ask=_form("csrf", _other),
    ),
    "refused": Spoiler("something in between answers from its memory", reply=_let_pass),
    "lantu-packages": Spoiler(
        "the request's signature is wrong", where=_GATEWAY, ask=_address("sign=", "sign=AAAA")
    ),
    "lantu-package": Spoiler(
        "a limit is changed after the bank has signed", reply=_words('"50.00"', '"90.00"')
    ),
    "lantu-endpoint": Spoiler(
        "the voice is another partner's",
        where='"voice"',
        ask=_content(lambda sent: sent | {"voice": "nobody"}),
    ),
    "lantu-grant": Spoiler(
        "the code arrives at another partner's verifier",
        where="code_verifier",
        ask=_form("code_verifier", lambda text: "x" * len(text)),
    ),
    "lantu-handle": Spoiler(
        "the handle is for another dialect",
        ask=_content(lambda sent: sent | {"dialect": "nobody"}),
    ),
    "lantu-order": Spoiler(
        "the content is changed after signing",
        ask=_form("biz_content", lambda text: text.replace("1.0.0", "1.0.1")),
    ),
    "lantu-order-lines": Spoiler(
        "the answer is changed after signing", reply=_words('"ACTIVE"', '"ACTIVE "')
    ),
    "lantu-notification": Spoiler(
        "the form is changed on its way",
        where="ORDER_ACTIVE",
        inbound=True,
        reply=_words("sequence=", "sequence=1"),
    ),
    "lantu-capabilities": Spoiler(
        "the request is not signed", ask=_address("&sign=", "&unsigned=")
    ),
    "lantu-debit": Spoiler(
        "the amount is changed after signing",
        ask=_form("biz_content", lambda text: text.replace('"3.00"', '"0.03"')),
    ),
    "lantu-above-cap": Spoiler(
        "the refusal is turned into a success", reply=_words('"40004"', '"10000"')
    ),
    "handle-at-native": Spoiler("somebody lets the handle pass", reply=_let_pass),
    "token-in-dialect": Spoiler(
        "the token is dropped on its way", ask=_form("auth_token", lambda _: "")
    ),
    "compare": Spoiler(
        "one partner's books say that the ride was declined",
        where='"decision"',
        inbound=True,
        reply=_words("settled", "declined"),
    ),
}  # fmt: skip
