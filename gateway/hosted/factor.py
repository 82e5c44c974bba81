"""How surely the bank knows a person: what was proved, and how much an approval needs."""

from typing import Final

import msgspec

from gateway.oauth.service import ONE_FACTOR, TWO_FACTOR, AuthorizationRequest
from gateway.onboarding.service import level_of

__all__ = ["BY_CODE", "BY_PASSCODE", "ONE_FACTOR", "TWO_FACTOR", "Confirmed", "by_passkey"]


class Confirmed(msgspec.Struct, frozen=True):
    """The class of what was proved, and the methods used (RFC 8176)."""

    acr: str
    amr: tuple[str, ...]


BY_PASSCODE: Final = Confirmed(ONE_FACTOR, ("pin",))
BY_CODE: Final = Confirmed(TWO_FACTOR, ("pin", "otp", "mfa"))


def by_passkey(method: str) -> Confirmed:
    """Passcode and passkey: ``hwk`` or ``swk`` by where the key lives, and the person present."""
    return Confirmed(TWO_FACTOR, ("pin", method, "user", "mfa"))


def needs_two_factors(request: AuthorizationRequest) -> bool:
    """CN-API-04, EU-SCA-03: a customer's own data and acts, or a client that asks for it."""
    return (
        bool(request.authorization_details)
        or any(level_of(scope) == "A2" for scope in request.scope)
        or request.required_acr == TWO_FACTOR
        or not request.needs.is_sure_enough(ONE_FACTOR)
    )
