"""The commands for clients: look at them, change what they registered, add keys to theirs."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from contracts import errors
from gateway.cli import client_operations
from gateway.cli.console import JSON_FILE, acting, attempt, decode, operated, read_settings, show
from gateway.cli.suspensions import status_commands
from gateway.onboarding.service import decode_amendment


@click.group()
def client() -> None:
    """Look at clients, change, suspend and end them, however they were registered."""


for command in status_commands("client"):
    client.add_command(command)


@client.command("show")
@click.argument("client_id", metavar="CLIENT")
def show_client(client_id: str) -> None:
    """Print a client's metadata and keys as they are in force, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(client_operations.client(settings, client_id))))


@client.command("list")
def list_clients() -> None:
    """Print every client with its status and its partner's, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(client_operations.clients(settings))))


@client.command("set")
@click.argument("client_id", metavar="CLIENT")
@click.argument("document", metavar="FILE", type=JSON_FILE)
@click.option("--jwks", type=JSON_FILE, help="A JWK set that takes the place of the file's jwks.")
@click.option(
    "--from-version",
    required=True,
    type=click.IntRange(min=1),
    help="The version that the file was made from, as `client show` printed it.",
)
@operated
def set_client(
    client_id: str, document: Path, jwks: Path | None, from_version: int, operator: str
) -> None:
    """Put the metadata in FILE in the place of the client's, keys by value and all.

    FILE is what `client show` prints as metadata, with your change made to it.
    """
    settings, name = acting(operator)

    def work() -> tuple[list[str], Any]:
        members = decode(document, dict[str, Any])
        if jwks is not None:
            members["jwks"] = decode(jwks, dict[str, Any])
        try:
            wanted = decode_amendment(members)
        except msgspec.ValidationError as error:
            raise errors.InvalidField(f"{document}: {error}.") from None
        replace = client_operations.replace
        return asyncio.run(replace(settings, client_id, wanted, from_version, name))

    changed, shown = attempt(work)
    click.echo(f"changed: {', '.join(changed) if changed else 'nothing'}", err=True)
    show(shown)


@client.command("add-key")
@click.argument("client_id", metavar="CLIENT")
@click.option("--jwks", required=True, type=JSON_FILE, help="A JWK set with the new public keys.")
@operated
def add_key(client_id: str, jwks: Path, operator: str) -> None:
    """Add public keys to a client's; the old ones stay good until `partner retire-key`."""
    settings, name = acting(operator)

    def work() -> list[str]:
        document = decode(jwks, dict[str, Any])
        return asyncio.run(client_operations.add_keys(settings, client_id, document, name))

    for thumbprint in attempt(work):
        click.echo(f"added {thumbprint}")
