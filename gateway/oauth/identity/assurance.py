"""Authentication context classes: how surely the bank knew the customer, from least to most."""

from collections.abc import Iterable, Sequence
from typing import Final

# One proof: the passcode. Two of different kinds: the passcode and a passkey or one-time code.
ONE_FACTOR: Final = "urn:tessera:acr:one-factor"
TWO_FACTOR: Final = "urn:tessera:acr:two-factor"
ACR_VALUES: Final = (ONE_FACTOR, TWO_FACTOR)


def factors(acr: str) -> int:
    """How many factors a class stands for; none for a class that the bank does not know."""
    return ACR_VALUES.index(acr) + 1 if acr in ACR_VALUES else 0


def with_factors(count: int) -> str | None:
    """The class of so many factors; ``None`` where none is asked for.

    More than the bank has is held to the most it has.
    """
    return ACR_VALUES[min(count, len(ACR_VALUES)) - 1] if count > 0 else None


def known(values: Iterable[str]) -> tuple[str, ...]:
    """The classes among ``values`` that the bank knows, in the order they were asked."""
    return tuple(value for value in values if value in ACR_VALUES)


def reported(held: str, asked: Sequence[str]) -> str:
    """The class to tell a client that asked for some (OpenID Connect Core section 5.5.1.1).

    The one that was reached when it is among them or nothing was asked; else the surest one
    asked for that it contains, because the client must find a value it named.
    """
    if not asked or held in asked:
        return held
    contained = [acr for acr in known(asked) if factors(acr) <= factors(held)]
    return max(contained, key=factors, default=held)
