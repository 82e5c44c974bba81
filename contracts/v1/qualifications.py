"""Qualifications: whether a package can be taken, which lines of it, and what is still missing.

Asking changes nothing but the bank's own record that it was asked, so it takes no
``Idempotency-Key``: whoever hears no answer asks again. What is answered is no approval; the bank
decides on the order alone, and it says what it looked at there to nobody.
"""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Id, LocalisedText, Moment, PackageCode, PackageVersion
from contracts.v1.orders import ReasonFamily

Outcome = Literal["available", "available_after", "not_available"]
MissingCode = Literal[
    "identity.sign_in",
    "identity.not_verified",
    "identity.level_too_low",
    "identity.step_up",
    "identity.in_person",
    "identity.bound_account",
    "identity.business",
    "order.declined",
    "scenario.not_served",
    "limit.reached",
    "amount.not_allowed",
    "order.exists",
    "component.referred",
    "component.unavailable",
]
NextAction = Literal[
    "sign_in",
    "verify_identity",
    "visit_branch",
    "bind_account",
    "refer_customer",
    "ask_bank",
    "correct_amount",
    "use_existing_order",
    "offer_without_component",
    "offer_other_package",
]
Place = Literal["bank_page", "branch", "partner"]


class QualificationContext(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the partner is about to offer the package for; nothing about a person belongs here.

    ``amount`` is what the customer would pay with it.
    """

    scenario: Annotated[Code, msgspec.Meta(examples=["travel_app"])] | None = None
    amount: Money | None = None


class QualificationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks about the version on sale, or ``version``, with the required components.

    ``components`` names the optional ones that are wanted; without it all of them are.
    """

    version: PackageVersion | None = None
    components: Annotated[list[Id], msgspec.Meta(max_length=32)] | None = None
    context: QualificationContext = QualificationContext()


class Missing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that stands between the customer and the line, and who does what about it where.

    ``least`` and ``most`` are the bounds of an amount that the package publishes, not a person's.
    """

    code: MissingCode
    reason_family: ReasonFamily
    next_action: NextAction
    at: Place
    text: LocalisedText
    least: Money | None = None
    most: Money | None = None


class QualifiedLine(msgspec.Struct, frozen=True):
    """One component as this partner sells it; ``outcome`` counts what the package misses, too."""

    component: Id
    required: bool
    boundary: Literal["EMBED", "REFER"]
    outcome: Outcome
    missing: list[Missing]


class Condition(msgspec.Struct, frozen=True):
    """Something that the package asks of everybody, and who finds out once it is ordered."""

    code: Code
    text: LocalisedText
    checked_by: Literal["bank", "customer", "partner"]


class Qualification(msgspec.Struct, frozen=True):
    """The answer, for ``about``: anybody, or the customer whose token was used.

    ``missing`` concerns the whole package. ``rule_pack`` is the version of the rules that decided;
    from ``valid_until`` on, ask again.
    """

    package: PackageCode
    version: PackageVersion
    about: Literal["anybody", "customer"]
    outcome: Outcome
    missing: list[Missing]
    lines: list[QualifiedLine]
    conditions: list[Condition]
    rule_pack: Annotated[str, msgspec.Meta(max_length=32, examples=["2026.08"])]
    valid_until: Moment
