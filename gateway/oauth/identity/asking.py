"""The parameters that ask how the customer is to authenticate, read strictly."""

import re
from collections.abc import Mapping
from typing import Final

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.oauth.identity.assurance import ACR_VALUES, known
from gateway.oauth.identity.claims import parse_claims
from gateway.oauth.identity.needs import Needs

# `select_account` asks who is there, and so does the sign-in page; accounts are not made here.
PROMPTS: Final = ("none", "login", "consent", "select_account")
HINT_LONGEST: Final = 256
ACR_VALUES_LONGEST: Final = 1024
_SECONDS = re.compile(r"0|[1-9][0-9]{0,8}")


def read_needs(
    parameters: Mapping[str, str], metadata: ClientMetadata, hinted: str | None = None
) -> Needs:
    """What a pushed request asks, with what the client's registration asks where it is silent.

    ``hinted`` is the verified subject of an `id_token_hint`. Raises ``OAuthRefused``, or
    ``UnmetAuthenticationRequirements`` for what this bank can never reach.
    """
    max_age = read_max_age(parameters)
    return Needs(
        acr_values=read_acr_values(parameters, metadata),
        max_age=metadata.default_max_age if max_age is None else max_age,
        prompt=read_prompt(parameters),
        login_hint=read_login_hint(parameters),
        subjects=_subjects(parse_claims(parameters.get("claims")).subjects, hinted),
    )


def read_prompt(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """`prompt`: known values, `none` only by itself (OpenID Connect Core section 3.1.2.1)."""
    asked = tuple(parameters.get("prompt", "").split())
    if not set(asked) <= set(PROMPTS):
        raise errors.OAuthRefused("The prompt must be of: " + ", ".join(PROMPTS) + ".")
    if "none" in asked and len(asked) > 1:
        raise errors.OAuthRefused("The prompt none stands by itself.")
    return asked


def read_max_age(parameters: Mapping[str, str]) -> int | None:
    """`max_age`: whole seconds, zero included."""
    asked = parameters.get("max_age")
    if asked is None:
        return None
    if not _SECONDS.fullmatch(asked):
        raise errors.OAuthRefused("The max_age is not a whole number of seconds.")
    return int(asked)


def read_login_hint(parameters: Mapping[str, str]) -> str | None:
    """`login_hint`: a short text for the sign-in field."""
    hint = parameters.get("login_hint")
    if hint is not None and (len(hint) > HINT_LONGEST or not hint.isprintable()):
        raise errors.OAuthRefused(f"The login_hint is not a text of {HINT_LONGEST} at most.")
    return hint


def read_acr_values(parameters: Mapping[str, str], metadata: ClientMetadata) -> tuple[str, ...]:
    """The known classes asked for, best liked first; none where any will do.

    The `claims` parameter says more than `acr_values`, and both more than the registration.
    Classes that the bank does not know are wishes and passed over, unless they are essential
    (OpenID Connect Core section 5.5.1.1).
    """
    text = parameters.get("acr_values", "")
    if len(text) > ACR_VALUES_LONGEST:
        raise errors.OAuthRefused(f"The acr_values are longer than {ACR_VALUES_LONGEST}.")
    asked = parse_claims(parameters.get("claims")).acr
    if asked is not None and asked.values:
        reachable = known(asked.values)
        if asked.essential and not reachable:
            raise errors.UnmetAuthenticationRequirements(
                "The acr must be of: " + ", ".join(ACR_VALUES) + "."
            )
        return reachable
    return known(text.split()) or known(metadata.default_acr_values)


def _subjects(claimed: tuple[str, ...], hinted: str | None) -> tuple[str, ...]:
    """Whoever is acceptable to both the claims and the hint."""
    if hinted is None:
        return claimed
    if claimed and hinted not in claimed:
        raise errors.OAuthRefused("The claims and the id_token_hint name two customers.")
    return (hinted,)
