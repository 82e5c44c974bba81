"""The program ``tessera`` and its commands; every refusal is one line that says what to do."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.cli import operations, server
from gateway.cli.clients import client
from gateway.cli.console import acting, attempt, decode, operated, read_settings, show, stop
from gateway.cli.keys import keys
from gateway.cli.package_publication import COMMANDS as PUBLICATION
from gateway.cli.packages import package
from gateway.cli.partners import issuer, partner
from gateway.cli.rules import rules
from gateway.database.migrate import check


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tessera-gateway")
def main() -> None:
    """Tessera: an open-banking partner gateway. Settings are TESSERA_* (see the README)."""


for group in (keys, partner, client, issuer, package, rules):
    main.add_command(group)
for command in PUBLICATION:
    package.add_command(command)


@main.command()
def serve() -> None:
    """Run the gateway until it is told to stop."""
    settings = read_settings()
    attempt(lambda: check(settings.database_url))
    attempt(lambda: server.serve(settings))


@main.command()
@operated
def migrate(operator: str) -> None:
    """Bring the database to the newest schema."""
    settings, name = acting(operator)
    revision = attempt(lambda: operations.migrate(settings, name))
    click.echo(f"the database is at revision {revision}")


@main.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of this version."""
    click.echo(operations.openapi_document().decode(), nl=False)


@main.group()
def sandbox() -> None:
    """What only a sandbox has."""


@sandbox.command()
@click.option("--count", default=1, type=click.IntRange(1, 100), help="How many, one a line.")
@operated
def persona(count: int, operator: str) -> None:
    """Make fresh identified customers and print how to sign in, one JSON document a line."""
    settings, name = acting(operator)
    if not settings.sandbox:
        stop("personas are for TESSERA_MODE=sandbox only")
    for one in attempt(lambda: asyncio.run(operations.fresh_personas(settings, count, name))):
        click.echo(msgspec.json.encode(one).decode())


@sandbox.command()
def personas() -> None:
    """Print the shipped customers, whom a sandbox has once it served, and how to sign in."""
    if not read_settings().sandbox:
        stop("personas are for TESSERA_MODE=sandbox only")
    show(operations.personas())


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
    settings = read_settings()
    trusted = attempt(lambda: decode(jwks, dict[str, Any])) if jwks else None
    lines, intact = attempt(lambda: asyncio.run(operations.verify_audit(settings, trusted)))
    for line in lines:
        click.echo(line)
    if not intact:
        sys.exit(1)
