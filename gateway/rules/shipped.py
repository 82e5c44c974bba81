"""The packs that ship with the gateway, read from beside this file."""

from functools import cache
from importlib.resources import files

from gateway.rules.pack import RulePack, decode_pack


@cache
def shipped_packs() -> tuple[RulePack, ...]:
    """Every shipped pack; ``UnreadablePack`` stops the start."""
    folder = files("gateway.rules").joinpath("packs")
    return tuple(
        decode_pack(entry.read_bytes(), entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )
