"""The commands for partners, and for the issuers whose statements register clients."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from contracts import errors
from gateway.cli import operations, partner_operations
from gateway.cli.console import (
    JSON_FILE,
    acting,
    attempt,
    decode,
    operated,
    read_settings,
    show,
)
from gateway.cli.suspensions import status_commands
from gateway.onboarding.service import decode_registration

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def partner() -> None:
    """Register partners, record what is known of them, suspend and end them."""


@partner.command()
@click.argument("registration", metavar="FILE", type=JSON_FILE)
@click.option(
    "--jwks",
    type=JSON_FILE,
    help="A JWK set file that takes the place of the registration's jwks.",
)
@operated
def register(registration: Path, jwks: Path | None, operator: str) -> None:
    """Register a partner from a JSON file and print its client as JSON."""
    settings, name = acting(operator)

    def work() -> Any:
        document = decode(registration, dict[str, Any])
        if jwks is not None:
            document["jwks"] = decode(jwks, dict[str, Any])
        try:
            wanted = decode_registration(document)
        except msgspec.ValidationError as error:
            raise errors.InvalidField(f"{registration}: {error}.") from None
        return asyncio.run(operations.register(settings, wanted, name))

    show(attempt(work))


@partner.command()
@click.argument("partner_id", metavar="PARTNER")
@click.option("--reference", required=True, help="Where the bank keeps the assessment.")
@click.option("--until", required=True, type=_DAY, help="Its last day; a past one ends it now.")
@operated
def assess(partner_id: str, reference: str, until: datetime, operator: str) -> None:
    """Record the bank's risk assessment of a partner (CN-API-02); the newest one decides."""
    settings, name = acting(operator)
    work = partner_operations.assess
    stands = attempt(lambda: asyncio.run(work(settings, partner_id, reference, until.date(), name)))
    click.echo(f"assessed until {stands}")


@partner.command()
@click.argument("partner_id")
@click.argument("name")
@click.option("--until", required=True, type=_DAY, help="Its last day; a past one ends it now.")
@click.option("--reference", required=True, help="Where the bank keeps its proof.")
@operated
def licence(partner_id: str, name: str, until: datetime, reference: str, operator: str) -> None:
    """Record a licence of a partner, such as insurance_intermediary; it opens LICENSED parts."""
    settings, who = acting(operator)
    work = partner_operations.license_partner
    members = {"name": name, "until": until.date(), "reference": reference}
    show(attempt(lambda: asyncio.run(work(settings, partner_id, members, who))))


@partner.command()
@click.argument("partner_id")
@operated
def enlist(partner_id: str, operator: str) -> None:
    """Put a partner on the bank's published list of partners in credit (CN-LOAN-05)."""
    settings, name = acting(operator)
    work = partner_operations.enlist
    show(attempt(lambda: asyncio.run(work(settings, partner_id, True, name))))


@partner.command()
@click.argument("partner_id")
@operated
def delist(partner_id: str, operator: str) -> None:
    """Take a partner off that list: it sells no more credit, at once."""
    settings, name = acting(operator)
    work = partner_operations.enlist
    show(attempt(lambda: asyncio.run(work(settings, partner_id, False, name))))


@partner.command()
def listed() -> None:
    """Print the list: the partners that may have a part in credit, one a line."""
    settings = read_settings()
    for one in attempt(lambda: asyncio.run(partner_operations.listed(settings))):
        click.echo(one)


@partner.command("retire-key")
@click.argument("client_id", metavar="CLIENT")
@click.argument("thumbprint")
@operated
def retire_key(client_id: str, thumbprint: str, operator: str) -> None:
    """End a public key of a client at once; `client show` lists them."""
    settings, name = acting(operator)
    attempt(lambda: asyncio.run(operations.retire_key(settings, client_id, thumbprint, name)))
    click.echo(f"retired {thumbprint}")


@partner.command("list")
def list_partners() -> None:
    """Print every partner with its status, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(partner_operations.partners(settings))))


for command in status_commands("partner"):
    partner.add_command(command)


@click.group()
def issuer() -> None:
    """Say whose software statements register clients over HTTP (RFC 7591)."""


@issuer.command()
@click.argument("name")
@click.option("--jwks", type=JSON_FILE, help="A file with the issuer's public keys, a JWK set.")
@click.option("--jwks-uri", help="Where the issuer publishes its keys; instead of --jwks.")
@click.option(
    "--partner",
    "partner_id",
    help="The one partner it vouches for; without it a statement's org_id names the partner.",
)
@operated
def trust(
    name: str, jwks: Path | None, jwks_uri: str | None, partner_id: str | None, operator: str
) -> None:
    """Trust the issuer NAME (its statements' `iss`), or change how it is trusted."""
    settings, who = acting(operator)

    def work() -> Any:
        document = None if jwks is None else decode(jwks, dict[str, Any])
        return asyncio.run(
            partner_operations.trust(settings, name, document, jwks_uri, partner_id, who)
        )

    show(attempt(work))


@issuer.command("list")
def list_issuers() -> None:
    """Print every issuer with its keys and status, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(partner_operations.issuers(settings))))


@issuer.command()
@click.argument("name")
@operated
def revoke(name: str, operator: str) -> None:
    """Trust an issuer no more, at once; clients that it vouched for stay registered."""
    settings, who = acting(operator)
    attempt(lambda: asyncio.run(partner_operations.revoke(settings, name, who)))
    click.echo(f"revoked {name}")
