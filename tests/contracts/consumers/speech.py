"""The few words in which a partner's expectations are said with pact-python."""

from typing import Any

from pact import Pact, generate, match
from pact.interaction import HttpInteraction

PROVIDER = "tessera"
FORM = "application/x-www-form-urlencoded"
INTERACTION_HEADER = "x-fapi-interaction-id"
_INTERACTION_ID = "93bac548-d2de-4546-b106-880a5018460d"


def new_pact(partner: str) -> Pact:
    """An empty pact of the partner with us."""
    return Pact(partner, PROVIDER).with_specification("V4")


def known(example: str, expression: str) -> Any:
    """What the bank knows only once the stage is set: ``${name}`` is what the state answered."""
    return match.like(example, generator=generate.provider_state(expression))


def money(minor_units: int) -> dict[str, Any]:
    """An amount whose minor units are read, in the one currency there is."""
    return {"minor_units": match.int(minor_units), "currency": "CNY"}


def words(zh: str, en: str) -> dict[str, Any]:
    """A text that is shown in both languages."""
    return {"zh-CN": match.str(zh), "en": match.str(en)}


def called(
    pact: Pact, title: str, state: str, method: str, path: Any, **headers: str
) -> HttpInteraction:
    """A native call with a token; the proof for it is fresh and therefore not in the pact."""
    return (
        pact.upon_receiving(title)
        .given(state)
        .with_request(method, path)
        .with_header("Authorization", known("DPoP token", "DPoP ${access_token}"))
        .with_header(INTERACTION_HEADER, _INTERACTION_ID)
        .with_headers({name.replace("_", "-"): value for name, value in headers.items()})
    )


def answered(
    interaction: HttpInteraction, status: int, body: dict[str, Any], **headers: str
) -> HttpInteraction:
    """The JSON that must come back, with our interaction id; strangers in it do not matter."""
    return (
        interaction.will_respond_with(status)
        .with_header(INTERACTION_HEADER, _INTERACTION_ID)
        .with_headers({name.replace("_", "-"): value for name, value in headers.items()})
        .with_body(body, "application/json")
    )


def formed(interaction: HttpInteraction, form: dict[str, Any]) -> HttpInteraction:
    """The interaction with a form as its request's body."""
    return interaction.with_body(form, FORM)
