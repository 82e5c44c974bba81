"""The second factor: what the bank asks beside the passcode, and what that proves."""

from typing import Final, Protocol

import msgspec

TWO_FACTOR: Final = "urn:tessera:acr:two-factor"


class Confirmed(msgspec.Struct, frozen=True):
    """How surely the bank knows the person: the class and the methods used (RFC 8176)."""

    acr: str
    amr: tuple[str, ...]


class SecondFactor(Protocol):
    """Asks a signed-in customer for something other than what they know."""

    @property
    def simulated(self) -> bool:
        """Whether nothing is really asked, so that a live bank must not lean on it."""
        ...

    async def confirm(self, customer_id: str) -> Confirmed:
        """What was proved for this one approval; raises ``AccessDenied`` when nothing was."""
        ...


class SandboxSecondFactor:
    """Asks nothing and says so: ``sandbox`` among the methods stands in every record."""

    @property
    def simulated(self) -> bool:
        """Always."""
        return True

    async def confirm(self, customer_id: str) -> Confirmed:
        """The class that the package needs, with the simulation named among the methods."""
        return Confirmed(acr=TWO_FACTOR, amr=("pin", "sandbox"))
