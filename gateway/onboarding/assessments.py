"""Risk assessments: until when a partner may reach what is a customer's own (CN-API-02)."""

from datetime import datetime, time, timedelta
from typing import Final

from contracts import errors
from contracts.v1.onboarding import RiskAssessment
from gateway.database import Unit
from gateway.kit.clock import BANK_ZONE, bank_day
from gateway.kit.ids import new_id
from gateway.onboarding import store

SANDBOX_DAYS: Final = 365
# Bounds a slip of the pen; an assessment is renewed long before.
_DAYS_MOST: Final = 3660


def sandbox_assessment(at: datetime) -> RiskAssessment:
    """What a sandbox records by itself, so that a developer starts at once."""
    today = bank_day(at)
    return RiskAssessment("sandbox", today, today + timedelta(days=SANDBOX_DAYS))


def stands_until(assessment: RiskAssessment) -> datetime:
    """The first instant at which the assessment stands no more: the end of its last bank day."""
    return datetime.combine(assessment.expires_on + timedelta(days=1), time.min, BANK_ZONE)


def check(assessment: RiskAssessment, at: datetime) -> None:
    """Raises ``InvalidField`` unless it was made by now, and for a number of days that can be."""
    if assessment.assessed_on > bank_day(at):
        raise errors.InvalidField(
            "The assessment is from the future.", field="risk_assessment.assessed_on"
        )
    days = (assessment.expires_on - assessment.assessed_on).days
    if not 0 <= days <= _DAYS_MOST:
        raise errors.InvalidField(
            f"An assessment stands for at most {_DAYS_MOST} days, from the day it was made.",
            field="risk_assessment.expires_on",
        )


def add(
    unit: Unit, partner_id: str, assessment: RiskAssessment, *, recorded_by: str, at: datetime
) -> None:
    """Records the assessment; the newest one decides, also when it stands for a shorter time."""
    unit.add(
        store.SET_ASSESSED,
        otherwise=errors.NotFound("There is no such partner."),
        partner_id=partner_id,
        assessed_until=stands_until(assessment),
    )
    unit.add(
        store.INSERT_ASSESSMENT,
        assessment_id=new_id("ras"),
        partner_id=partner_id,
        reference=assessment.reference,
        assessed_on=assessment.assessed_on.isoformat(),
        expires_on=assessment.expires_on.isoformat(),
        recorded_by=recorded_by,
        created_at=at,
    )
