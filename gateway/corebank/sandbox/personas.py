"""Personas: invented customers with known passcodes, one for every branch worth trying."""

from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from gateway.corebank.port import KycLevel, Tier

Fen = Annotated[int, msgspec.Meta(ge=0)]


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One invented customer; ``bound_holder_zh`` is set where another owns the bound account.

    ``segment``, ``score`` and ``on_list`` are what the bank thinks of them and tells nobody.
    """

    login: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    passcode: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]
    name_zh: str
    name_en: str
    story_zh: str
    story_en: str
    kyc_level: KycLevel
    age: Annotated[int, msgspec.Meta(ge=0, le=120)]
    bound_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16,19}$")]
    bound_class: Tier
    bound_balance: Fen
    bound_holder_zh: str | None = None
    open_t2: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    segment: Literal["mass", "preferred", "private"] = "mass"
    score: Annotated[int, msgspec.Meta(ge=300, le=900)] = 650
    on_list: bool = False

    @property
    def customer_id(self) -> str:
        """The same on every database, so that stories can be told twice."""
        return f"cus_{self.login}"


class PersonaFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as written."""

    persona: tuple[Persona, ...]


def load_personas() -> tuple[Persona, ...]:
    """The personas that ship with the sandbox."""
    text = files("gateway.corebank.sandbox").joinpath("personas.toml").read_bytes()
    return msgspec.toml.decode(text, type=PersonaFile).persona
