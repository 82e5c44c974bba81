"""What differs between machines: read once from ``TESSERA_*``, a stranger among them an error."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from gateway.kit.addresses import is_loopback

PREFIX = "TESSERA_"
_TESTS = "TESSERA_TEST_"


class SettingsInvalid(Exception):
    """The environment does not describe a gateway that may start."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field per ``TESSERA_*`` variable; the docstring of each is in the README's table."""

    mode: Literal["live", "sandbox"]
    issuer: Annotated[str, msgspec.Meta(max_length=200)]
    database_url: Annotated[str, msgspec.Meta(min_length=1)]
    home: str = ".tessera"
    key_file: str = ""
    audit_heads: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8400
    processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    outbound_allow: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: Literal["on", "off"] = "on"
    work: Literal["on", "off"] = "on"

    @property
    def sandbox(self) -> bool:
        """Whether personas, loopback addresses and the sandbox bank are allowed."""
        return self.mode == "sandbox"

    @property
    def key_path(self) -> Path:
        """The file with the vault's keys, one a line, first one seals."""
        return Path(self.key_file or Path(self.home) / "vault.key")

    @property
    def audit_heads_path(self) -> Path:
        """The file outside the database that receives signed audit heads."""
        return Path(self.audit_heads or Path(self.home) / "audit-heads.jsonl")

    @property
    def outbound(self) -> tuple[str, ...]:
        """Each ``host:port`` that the operator lets the gateway call although it is private."""
        return tuple(_host_port(item) for item in self.outbound_allow.split(",") if item.strip())


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in the environment; raises ``SettingsInvalid`` saying what to change."""
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(_TESTS)
    }
    known = [field.name for field in msgspec.structs.fields(Settings)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
            raise SettingsInvalid(f"{PREFIX}{name.upper()} is not a setting.{hint}")
    try:
        settings = msgspec.convert(given, Settings, strict=False)
        settings.outbound  # noqa: B018 - decides whether the list is well-formed
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsInvalid(_in_words(str(error))) from None
    _check_issuer(settings)
    if settings.processes > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsInvalid(
            "The embedded store serves one process: set TESSERA_PROCESSES=1, or give "
            "TESSERA_DATABASE_URL a PostgreSQL address."
        )
    return settings


def _check_issuer(settings: Settings) -> None:
    parts = urlsplit(settings.issuer)
    if parts.query or parts.fragment or parts.path or not parts.hostname:
        raise SettingsInvalid(
            "TESSERA_ISSUER is scheme, host and port only: no path, slash at its end, query or "
            "fragment."
        )
    if parts.scheme == "https":
        return
    loopback = parts.scheme == "http" and is_loopback(parts.hostname)
    if not (loopback and settings.sandbox):
        raise SettingsInvalid(
            "TESSERA_ISSUER must be https. Plain http on a loopback address is for "
            "TESSERA_MODE=sandbox only."
        )


def _host_port(item: str) -> str:
    host, _, port = item.strip().rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("TESSERA_OUTBOUND_ALLOW is a list of host:port, separated by commas.")
    return f"{host.lower()}:{port}"


def _in_words(message: str) -> str:
    for field in msgspec.structs.fields(Settings):
        message = message.replace(f"`{field.name}`", f"{PREFIX}{field.name.upper()}")
        message = message.replace(f"`$.{field.name}`", f"{PREFIX}{field.name.upper()}")
    return message.replace("Object missing required field", "Missing setting")
