"""The program ``tessera`` and its commands; every refusal is one line that says what to do."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from contracts import errors
from contracts.v1.onboarding import Registration
from gateway import settings as settings_file
from gateway.cli import operations, server
from gateway.database import DatabaseInUse
from gateway.database.deployment import WrongDeployment
from gateway.database.migrate import NotMigrated, check, migrate
from gateway.kit.journal import configure
from gateway.kit.vault import VaultLocked
from gateway.settings import Settings, SettingsInvalid

_REFUSALS = (DatabaseInUse, WrongDeployment, NotMigrated, SettingsInvalid, VaultLocked, OSError)


def _settings() -> Settings:
    try:
        found = settings_file.read(os.environ)
    except SettingsInvalid as error:
        _stop(str(error))
    configure(found.log_level, plain=sys.stderr.isatty())
    return found


def _stop(reason: str) -> NoReturn:
    click.echo(f"tessera: {reason}", err=True)
    sys.exit(2)


def _attempt(work: Callable[[], Any]) -> Any:
    """Runs a command's work; what an operator can mend becomes one line and exit status 2."""
    try:
        return work()
    except errors.GatewayError as error:
        field = f" ({error.extras['field']})" if "field" in error.extras else ""
        _stop(f"{error.title}. {error.detail}{field}")
    except _REFUSALS as error:
        _stop(str(error))


def _print(document: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tessera-gateway")
def main() -> None:
    """Tessera: an open-banking partner gateway. Settings are TESSERA_* (see the README)."""


@main.command()
def serve() -> None:
    """Run the gateway until it is told to stop."""
    settings = _settings()
    _attempt(lambda: check(settings.database_url))
    _attempt(lambda: server.serve(settings))


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema."""
    settings = _settings()
    revision = _attempt(lambda: migrate(settings.database_url))
    click.echo(f"the database is at revision {revision}")


@main.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of this version."""
    click.echo(operations.openapi_document().decode(), nl=False)


@main.group()
def partner() -> None:
    """Register partners and end their keys."""


@partner.command()
@click.argument("registration", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JWK set file that takes the place of the registration's jwks.",
)
@click.option("--operator", default="console", help="Who does this, for the audit.")
def register(registration: Path, jwks: Path | None, operator: str) -> None:
    """Register a partner from a JSON file and print its client as JSON."""
    settings = _settings()

    def work() -> Any:
        document = _decode(registration, dict[str, Any])
        if jwks is not None:
            document["jwks"] = _decode(jwks, dict[str, Any])
        try:
            wanted = msgspec.convert(document, Registration)
        except msgspec.ValidationError as error:
            raise errors.InvalidField(f"{registration}: {error}") from None
        return asyncio.run(operations.register(settings, wanted, operator))

    _print(_attempt(work))


@partner.command("retire-key")
@click.argument("client_id")
@click.argument("thumbprint")
@click.option("--operator", default="console", help="Who does this, for the audit.")
def retire_key(client_id: str, thumbprint: str, operator: str) -> None:
    """End a public key of a client at once."""
    settings = _settings()
    _attempt(lambda: asyncio.run(operations.retire_key(settings, client_id, thumbprint, operator)))
    click.echo(f"retired {thumbprint}")


@main.group()
def keys() -> None:
    """The server's own signing keys."""


@keys.command()
@click.option("--operator", default="console", help="Who does this, for the audit.")
def rotate(operator: str) -> None:
    """Put the next signing key into use and publish the one after it."""
    settings = _settings()
    kid = _attempt(lambda: asyncio.run(operations.rotate(settings, operator)))
    click.echo(f"signing with {kid}")


@main.group()
def sandbox() -> None:
    """What only a sandbox has."""


@sandbox.command()
@click.option("--count", default=1, type=click.IntRange(1, 100), help="How many, one a line.")
def persona(count: int) -> None:
    """Make fresh identified customers and print how to sign in, one JSON document a line."""
    settings = _settings()
    if not settings.sandbox:
        _stop("personas are for TESSERA_MODE=sandbox only")
    for one in _attempt(lambda: asyncio.run(operations.fresh_personas(settings, count))):
        click.echo(msgspec.json.encode(one).decode())


@sandbox.command()
def personas() -> None:
    """Print the seeded customers and how to sign in."""
    settings = _settings()
    if not settings.sandbox:
        _stop("personas are for TESSERA_MODE=sandbox only")
    _print(_attempt(lambda: asyncio.run(operations.personas(settings))))


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The server's public keys, kept by the auditor; without it the database's are used.",
)
def verify(jwks: Path | None) -> None:
    """Check every audit record against the hash chain and its signed heads, offline."""
    settings = _settings()
    trusted = _attempt(lambda: _decode(jwks, dict[str, Any])) if jwks else None
    lines, intact = _attempt(lambda: asyncio.run(operations.verify_audit(settings, trusted)))
    for line in lines:
        click.echo(line)
    if not intact:
        sys.exit(1)


def _decode(path: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise errors.MalformedBody(f"{path}: {error}") from None
