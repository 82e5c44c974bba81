"""The commands for keys: the server's signing keys, and the KEKs that secrets at rest rest on."""

import asyncio
import sys

import click

from gateway.cli import key_operations
from gateway.cli.console import acting, attempt, operated, read_settings, show


@click.group()
def keys() -> None:
    """The server's signing keys, and the keys that seal secrets at rest."""


@keys.command("list")
def list_keys() -> None:
    """Print every key with its status and age, and no secret, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(key_operations.list_keys(settings))))


@keys.command()
@operated
def init(operator: str) -> None:
    """Make the key file of a new deployment; keep a copy where the database's backups are not."""
    settings, name = acting(operator)
    kek_id = attempt(lambda: asyncio.run(key_operations.init(settings, name)))
    click.echo(f"made {settings.key_path} with {kek_id}")


@keys.command()
@operated
def rotate(operator: str) -> None:
    """Put the next signing key into use and publish the one after it."""
    settings, name = acting(operator)
    kid = attempt(lambda: asyncio.run(key_operations.rotate_signing(settings, name)))
    click.echo(f"signing with {kid}")


@keys.command("rotate-nonces")
@operated
def rotate_nonces(operator: str) -> None:
    """Put a new key for DPoP nonces into use; nonces that are out stay good for their time."""
    settings, name = acting(operator)
    attempt(lambda: asyncio.run(key_operations.rotate_nonces(settings, name)))
    click.echo("a new nonce key is in, and used once every process has read it")


@keys.command()
@operated
def rewrap(operator: str) -> None:
    """Put all sealed secrets under a new key; run it again if it was interrupted."""
    settings, name = acting(operator)
    ended = attempt(lambda: asyncio.run(key_operations.rewrap(settings, name)))
    click.echo(f"{'new key' if ended.is_new else 'went on with'} {ended.kek_id}")
    click.echo(f"rewrapped {ended.rewrapped}")
    for kek_id, number in ended.left.items():
        click.echo(f"left under {kek_id}: {number}")
    _end_with(ended.locked)


@keys.command("retire-kek")
@click.argument("kek_id")
@operated
def retire_kek(kek_id: str, operator: str) -> None:
    """Destroy an older key that seals nothing any more."""
    settings, name = acting(operator)
    attempt(lambda: asyncio.run(key_operations.retire_kek(settings, kek_id, name)))
    click.echo(f"retired {kek_id}; keep copies of it as long as older backups of the database")


@keys.command()
def verify() -> None:
    """Open every sealed secret once and say which key each is under; changes nothing."""
    settings = read_settings()
    checked = attempt(lambda: asyncio.run(key_operations.verify(settings)))
    click.echo(f"opened {checked.done}")
    for kek_id, number in checked.by_kek.items():
        click.echo(f"under {kek_id}: {number}")
    _end_with(checked.locked)


def _end_with(locked: list[str]) -> None:
    for one in locked:
        click.echo(f"locked: {one}", err=True)
    if locked:
        sys.exit(1)
