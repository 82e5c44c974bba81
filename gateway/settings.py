"""What differs between machines: read once from ``TESSERA_*``, a stranger among them an error."""

import difflib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from gateway.kit.addresses import is_loopback

PREFIX = "TESSERA_"
_TESTS = "TESSERA_TEST_"
# Who a command acts as: a name as people and pipelines have them, fit for the audit trail.
OPERATOR_NAME = "[A-Za-z][A-Za-z0-9._@-]{0,63}"


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
    rules: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8400
    tls_certificate: str = ""
    tls_key: str = ""
    mtls_issuer: Annotated[str, msgspec.Meta(max_length=200)] = ""
    terminators: str = ""
    terminator_secret_file: str = ""
    dpop_nonces: Literal["required", "offered"] = "required"
    processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    outbound_allow: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: Literal["on", "off"] = "on"
    work: Literal["on", "off"] = "on"
    operator: Annotated[str, msgspec.Meta(pattern=f"^({OPERATOR_NAME})?$")] = ""

    @property
    def sandbox(self) -> bool:
        """Whether personas, loopback addresses and the sandbox bank are allowed."""
        return self.mode == "sandbox"

    @property
    def key_path(self) -> Path:
        """The file with the keys that wrap every sealed secret's own key."""
        return Path(self.key_file or Path(self.home) / "vault.key")

    @property
    def audit_heads_path(self) -> Path:
        """The file outside the database that receives signed audit heads."""
        return Path(self.audit_heads or Path(self.home) / "audit-heads.jsonl")

    @property
    def rules_path(self) -> Path:
        """The folder with the rule packs that were loaded beside the shipped ones."""
        return Path(self.rules or Path(self.home) / "rules")

    @property
    def outbound(self) -> tuple[str, ...]:
        """Each ``host:port`` that the operator lets the gateway call although it is private."""
        return tuple(_host_port(item) for item in self.outbound_allow.split(",") if item.strip())

    @property
    def terminator_addresses(self) -> tuple[str, ...]:
        """The addresses of the TLS terminators that may hand in a client's certificate."""
        return tuple(_ip(item) for item in self.terminators.split(",") if item.strip())


def rules_folder(environment: Mapping[str, str]) -> Path:
    """``Settings.rules_path`` for what needs no other setting, such as checking a file."""
    home = environment.get(f"{PREFIX}HOME") or ".tessera"
    return Path(environment.get(f"{PREFIX}RULES") or Path(home) / "rules")


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
        settings.terminator_addresses  # noqa: B018 - likewise
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsInvalid(_in_words(str(error))) from None
    _check_issuer(settings)
    _check_mutual_tls(settings)
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise SettingsInvalid(
            "TESSERA_TLS_CERTIFICATE and TESSERA_TLS_KEY go together: give both PEM files, or "
            "neither where a proxy terminates TLS."
        )
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


def _check_mutual_tls(settings: Settings) -> None:
    together = (settings.mtls_issuer, settings.terminators, settings.terminator_secret_file)
    if not any(together):
        return
    if not all(together):
        raise SettingsInvalid(
            "TESSERA_MTLS_ISSUER, TESSERA_TERMINATORS and TESSERA_TERMINATOR_SECRET_FILE go "
            "together: give all three, or none where no client uses mutual TLS."
        )
    if not settings.terminator_addresses:
        raise SettingsInvalid("TESSERA_TERMINATORS must name at least one address.")
    parts = urlsplit(settings.mtls_issuer)
    if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise SettingsInvalid(
            "TESSERA_MTLS_ISSUER is https, host and port only: no path, slash at its end, query or "
            "fragment."
        )
    if parts.netloc.lower() == urlsplit(settings.issuer).netloc.lower():
        raise SettingsInvalid(
            "TESSERA_MTLS_ISSUER must be another host or port than TESSERA_ISSUER: browsers would "
            "be asked for certificates there."
        )


def _ip(item: str) -> str:
    try:
        return str(ipaddress.ip_address(item.strip()))
    except ValueError:
        raise ValueError(
            "TESSERA_TERMINATORS is a list of IP addresses, separated by commas."
        ) from None


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
