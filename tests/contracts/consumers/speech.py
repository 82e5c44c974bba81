"""The few words in which a partner's expectations are said with pact-python."""

from typing import Any

from pact import Pact, generate, match
from pact.interaction import HttpInteraction

PROVIDER = "tessera"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PROBLEM = "application/problem+json"
INTERACTION_HEADER = "x-fapi-interaction-id"
_INTERACTION_ID = "93bac548-d2de-4546-b106-880a5018460d"

# The stages on which the interactions play; tests/contracts/stages.py says what each means.
OWN_TOKEN = "the partner has a token of its own"
ENDPOINT = "the partner has a webhook endpoint"
ON_SALE = "what the partner asks for is on sale"
APPROVED = "a customer has approved what the partner asked"
AGREED = "a customer has agreed to the commuter wallet"
PLACED = "the partner has placed an order"
ACTIVE = "a customer holds an active commuter wallet"
ENDED = "a customer has taken a consent back"
TOLD = "the partner has been told of an active order"

# The message of every partner that is told of events.
ORDER_ACTIVE = "an order that has become active"


def new_pact(partner: str) -> Pact:
    """An empty pact of the partner with us."""
    return Pact(partner, PROVIDER).with_specification("V4")


def known(example: str, expression: str) -> Any:
    """What the bank knows only once the stage is set: ``${name}`` is what the stage answered."""
    return match.like(example, generator=generate.provider_state(expression))


def words(zh: str, en: str) -> dict[str, Any]:
    """A text that is shown in both languages."""
    return {"zh-CN": match.str(zh), "en": match.str(en)}


def asked(
    pact: Pact, title: str, state: str, method: str, path: Any, headers: dict[str, Any]
) -> HttpInteraction:
    """A request that carries an interaction id."""
    return (
        pact.upon_receiving(title)
        .given(state)
        .with_request(method, path)
        .with_headers({INTERACTION_HEADER: _INTERACTION_ID} | headers)
    )


def called(
    pact: Pact,
    title: str,
    state: str,
    method: str,
    path: Any,
    headers: dict[str, Any] | None = None,
) -> HttpInteraction:
    """A native call with a token; the proof for it is fresh and therefore not in the pact."""
    token = {"Authorization": known("DPoP token", "DPoP ${access_token}")}
    return asked(pact, title, state, method, path, token | (headers or {}))


def answered(
    interaction: HttpInteraction,
    status: int,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """What must come back, with the interaction id of the call; other members do not matter."""
    interaction.will_respond_with(status).with_headers(
        {INTERACTION_HEADER: _INTERACTION_ID} | (headers or {})
    )
    if body is not None:
        interaction.with_body(body, JSON)


def refused(interaction: HttpInteraction, status: int, body: dict[str, Any]) -> None:
    """What a problem document must say."""
    interaction.will_respond_with(status).with_header(INTERACTION_HEADER, _INTERACTION_ID)
    interaction.with_body(body, PROBLEM)
