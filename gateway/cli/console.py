"""What every command shares: its settings, the operator it acts as, its refusals, how it prints."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec
import structlog

from contracts import errors
from gateway import settings as settings_file
from gateway.database import DatabaseInUse
from gateway.database.deployment import WrongDeployment
from gateway.database.migrate import NoDatabase, NotMigrated
from gateway.kit.journal import configure
from gateway.kit.vault import VaultLocked
from gateway.products.service import PublishedChanged, UnreadablePackage
from gateway.rules.service import NoPackInForce, UnreadablePack
from gateway.settings import OPERATOR_NAME, Settings, SettingsInvalid

_REFUSALS = (
    *(DatabaseInUse, NoDatabase, NotMigrated, WrongDeployment),
    *(SettingsInvalid, VaultLocked, OSError, NoPackInForce, UnreadablePack),
    *(UnreadablePackage, PublishedChanged),
)
# What these are called is about requests; an operator is told the detail alone.
_PLAIN = (errors.Conflict, errors.InvalidField, errors.MalformedBody, errors.NotFound)
JSON_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])

journal = structlog.get_logger("tessera.cli")


def read_settings() -> Settings:
    """The settings of the environment, and the journal set up by them; or the end."""
    try:
        found = settings_file.read(os.environ)
    except SettingsInvalid as error:
        stop(str(error))
    configure(found.log_level, plain=sys.stderr.isatty())
    return found


def operated(command: _Command) -> _Command:
    """Gives a command that changes anything its ``--operator``; it begins with ``acting``."""
    return click.option(
        "--operator",
        metavar="NAME",
        default="",
        help="Who does this, for the audit; without it TESSERA_OPERATOR says so.",
    )(command)


def acting(operator: str) -> tuple[Settings, str]:
    """The settings, and who acts: the option, else ``TESSERA_OPERATOR``; or the end."""
    settings = read_settings()
    name = operator or settings.operator
    if not name:
        stop("Say who does this: add --operator NAME, or set TESSERA_OPERATOR.")
    if not re.fullmatch(OPERATOR_NAME, name):
        stop("An operator's name is 1 to 64 letters, digits and . _ @ -, and begins with a letter.")
    words = " ".join(click.get_current_context().command_path.split()[1:])
    journal.info("command", words=words, operator=name)
    return settings, name


def stop(reason: str) -> NoReturn:
    """One line on standard error, and exit status 2."""
    click.echo(f"tessera: {reason}", err=True)
    sys.exit(2)


def attempt(work: Callable[[], Any]) -> Any:
    """Runs a command's work; what an operator can mend becomes one line and exit status 2."""
    try:
        return work()
    except errors.GatewayError as error:
        field = f"{error.extras['field']}: " if error.extras.get("field") else ""
        if error.detail and type(error) in _PLAIN:
            stop(f"{field}{error.detail}")
        stop(f"{field}{error.title}. {error.detail}")
    except _REFUSALS as error:
        stop(str(error))


def show(document: Any) -> None:
    """A document on standard output, as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def decode(path: Path, kind: Any) -> Any:
    """The JSON in a file; raises ``MalformedBody`` for anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise errors.MalformedBody(f"{path}: {error}") from None
