"""What the commands for partners and trusted issuers do, over the opened rooms."""

from datetime import date
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.onboarding import RiskAssessment
from gateway.cli.operations import opened
from gateway.kit.clock import bank_day
from gateway.onboarding.service import HeldLicence, PartnerStanding
from gateway.settings import Settings


async def assess(
    settings: Settings, partner_id: str, reference: str, last_day: date, operator: str
) -> str:
    """Records a risk assessment made today; returns until when it stands, in RFC 3339.

    Raises ``InvalidField`` and ``NotFound``.
    """
    async with opened(settings) as built:
        at = built.clock.now()
        # A last day in the past ends at once what an earlier assessment allowed.
        made_on = min(bank_day(at), last_day)
        members = {"reference": reference, "assessed_on": made_on, "expires_on": last_day}
        try:
            assessment = msgspec.convert(members, RiskAssessment)
        except msgspec.ValidationError as error:
            raise errors.InvalidField(str(error), field="reference") from None
        until = await built.onboarding.assess(partner_id, assessment, operator=operator, at=at)
    return until.isoformat()


async def license_partner(
    settings: Settings, partner_id: str, members: dict[str, Any], operator: str
) -> PartnerStanding:
    """Records a licence; see ``Standings.license``. Raises ``InvalidField`` and ``NotFound``."""
    try:
        held = msgspec.convert(members, HeldLicence)
    except msgspec.ValidationError as error:
        raise errors.InvalidField(str(error)) from None
    async with opened(settings) as built:
        return await built.onboarding.standings.license(
            partner_id, held, operator=operator, at=built.clock.now()
        )


async def enlist(
    settings: Settings, partner_id: str, listed: bool, operator: str
) -> PartnerStanding:
    """Puts a partner on the bank's list or takes it off; see ``Standings.enlist``."""
    async with opened(settings) as built:
        return await built.onboarding.standings.enlist(
            partner_id, listed, operator=operator, at=built.clock.now()
        )


async def listed(settings: Settings) -> list[str]:
    """The partners on the bank's list."""
    async with opened(settings) as built:
        return list(await built.onboarding.standings.listed())


async def partners(settings: Settings) -> list[Any]:
    """Every partner that was ever registered, with its status."""
    async with opened(settings) as built:
        return list(await built.onboarding.suspensions.partners())


async def trust(
    settings: Settings,
    issuer: str,
    document: dict[str, Any] | None,
    jwks_uri: str | None,
    partner_id: str | None,
    operator: str,
) -> Any:
    """Trusts an issuer of software statements; see ``TrustedIssuers.trust``."""
    async with opened(settings) as built:
        return await built.onboarding.issuers.trust(
            issuer,
            document=document,
            jwks_uri=jwks_uri,
            partner_id=partner_id,
            operator=operator,
            at=built.clock.now(),
        )


async def issuers(settings: Settings) -> list[Any]:
    """Every issuer that was ever trusted."""
    async with opened(settings) as built:
        return list(await built.onboarding.issuers.all())


async def revoke(settings: Settings, issuer: str, operator: str) -> None:
    """Trusts an issuer no more; see ``TrustedIssuers.revoke``."""
    async with opened(settings) as built:
        await built.onboarding.issuers.revoke(issuer, operator=operator, at=built.clock.now())
