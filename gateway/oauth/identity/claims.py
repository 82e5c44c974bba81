"""The `claims` parameter (OpenID Connect Core section 5.5): read strictly, kept sparingly."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.kit import jose
from gateway.oauth.identity.assurance import known

CLAIMS_LONGEST: Final = 4096
MEMBERS_MOST: Final = 32
VALUES_MOST: Final = 16
# What the userinfo endpoint tells beside `sub` when it was asked: facts of the sign-in. The bank
# hands out no name, no number and no address, so there is nothing else to ask for.
USERINFO_CLAIMS: Final = ("acr", "auth_time")


class KeptClaims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What outlives the parameter: the classes the client will find, and userinfo's extras."""

    acr: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()


def kept_claims(text: str | None) -> KeptClaims:
    """What a stored code or token remembers; nothing where it is older than the parameter."""
    return msgspec.json.decode(text, type=KeptClaims) if text else KeptClaims()


class ClaimRequest(msgspec.Struct, frozen=True):
    """One claim as it was asked for; ``values`` is empty where any value will do."""

    essential: bool = False
    values: tuple[str, ...] = ()


class ClaimsRequest(msgspec.Struct, frozen=True):
    """Both halves of the parameter; claims that nobody here offers are in it and mean nothing."""

    id_token: Mapping[str, ClaimRequest] = {}
    userinfo: Mapping[str, ClaimRequest] = {}

    @property
    def acr(self) -> ClaimRequest | None:
        """How the authentication's class is asked for, if it is."""
        return self.id_token.get("acr")

    @property
    def subjects(self) -> tuple[str, ...]:
        """The customers the client will accept (section 5.5.1); empty where anybody will do."""
        asked = self.id_token.get("sub")
        return () if asked is None else asked.values

    def kept(self) -> KeptClaims:
        """What the tokens of this request remember."""
        acr = () if self.acr is None else known(self.acr.values)
        return KeptClaims(acr, tuple(name for name in USERINFO_CLAIMS if name in self.userinfo))


def parse_claims(text: str | None) -> ClaimsRequest:
    """The parameter; an empty request where there is none.

    Raises ``OAuthRefused`` (`invalid_request`) for what is not strict JSON of section 5.5's shape:
    repeated members, wrong kinds, more than fits. Members and claims that are not understood are
    ignored, as the section asks.
    """
    if text is None:
        return ClaimsRequest()
    if len(text) > CLAIMS_LONGEST:
        raise _refused(f"are longer than {CLAIMS_LONGEST} characters")
    try:
        members = jose.strict_json_object(text.encode())
    except (jose.JoseRefused, UnicodeEncodeError):
        raise _refused("are not one strict JSON object") from None
    return ClaimsRequest(id_token=_half(members, "id_token"), userinfo=_half(members, "userinfo"))


def _half(members: Mapping[str, Any], name: str) -> dict[str, ClaimRequest]:
    half = members.get(name)
    if half is None:
        return {}
    if not isinstance(half, dict) or len(half) > MEMBERS_MOST:
        raise _refused(f"have a member {name} that is not an object of {MEMBERS_MOST} at most")
    return {claim: _request(claim, asked) for claim, asked in half.items()}


def _request(claim: str, asked: object) -> ClaimRequest:
    if asked is None:
        return ClaimRequest()
    if not isinstance(asked, dict):
        raise _refused("ask for a claim with something else than null or an object")
    essential = asked.get("essential", False)
    if not isinstance(essential, bool):
        raise _refused("have an essential that is not true or false")
    if "value" in asked and "values" in asked:
        raise _refused("have both value and values for one claim")
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    if not isinstance(values, list) or len(values) > VALUES_MOST:
        raise _refused(f"have values that are not an array of {VALUES_MOST} at most")
    if claim not in ("acr", "sub"):
        return ClaimRequest(essential)
    if not all(isinstance(value, str) for value in values):
        raise _refused("name a value of acr or sub that is not a string")
    return ClaimRequest(essential, tuple(values))


def _refused(why: str) -> errors.OAuthRefused:
    return errors.OAuthRefused(f"The claims {why}.")
