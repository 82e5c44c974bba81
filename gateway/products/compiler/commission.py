"""Commission: on which basis a partner may be paid for which part, and by which licence."""

from collections.abc import Iterator
from decimal import Decimal

from gateway.products.compiler.problems import Context, Part, Problem, parts
from gateway.products.offer_files import CommissionEntry
from gateway.products.package_files import PackageFile

DESIGN = "TS-COMMISSION-01"
_FLAT = frozenset(("flat_per_activation", "technical_flat"))
_DRAWN = "service_fee_on_drawn"
_INTERVAL_RULE = "CN-LOAN-06"
_SAID = {
    "none": "nothing",
    "flat_per_activation": "a fixed fee for each activated account",
    "service_fee_on_drawn": "a share of the drawn principal",
    "mdr_share": "a share of the merchant discount",
    "licensed_commission": "a commission for licence holders",
    "technical_flat": "a fixed technical fee",
    "balance_share": "a share of balances",
    "borrower_fee": "a fee that the borrower pays",
}


def check_commissions(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Bases that the law forbids, licences that are missing, fees outside their interval."""
    known = {part.entry.id: part for part in parts(package, context)}
    earned: set[tuple[str, str | None]] = set()
    for index, entry in enumerate(package.commission):
        path = f"$.commission[{index}]"
        for name in entry.components:
            if name in known:
                yield from _basis(path, entry, known[name], context)
            if (name, entry.requires) in earned:
                yield Problem(
                    f"{path}.components",
                    DESIGN,
                    f"{name} is paid for twice on the same terms.",
                    "Keep one commission for each component and licence.",
                )
            earned.add((name, entry.requires))
        yield from _shape(path, entry)
        yield from _interval(path, entry)


def _basis(path: str, entry: CommissionEntry, part: Part, context: Context) -> Iterator[Problem]:
    allowed = {rule.basis: rule for rule in part.family.commission}
    rule = allowed.get(entry.basis)
    if rule is None:
        said = "; ".join(_SAID[basis] for basis in allowed)
        yield Problem(
            f"{path}.basis",
            part.family.commission_rule,
            f"{_SAID[entry.basis].capitalize()} may not be paid for {part.entry.id} "
            f"({part.type.title}).",
            f"Pay one of these instead: {said}.",
        )
        return
    if rule.requires is not None and entry.requires != rule.requires:
        yield Problem(
            f"{path}.requires",
            part.family.commission_rule,
            f"{_SAID[entry.basis].capitalize()} for {part.entry.id} may be paid to holders of "
            f"{rule.requires} alone.",
            f'Write requires = "{rule.requires}".',
        )
    elif (
        entry.requires is not None
        and context.licences is not None
        and entry.requires not in context.licences
    ):
        yield Problem(
            f"{path}.requires",
            part.family.commission_rule,
            f"{_SAID[entry.basis].capitalize()} for {part.entry.id} takes the licence "
            f"{entry.requires}, which this partner does not hold.",
            "Record the partner's licence first, or pay on a basis that takes none.",
        )


def _shape(path: str, entry: CommissionEntry) -> Iterator[Problem]:
    """A fixed fee is an amount and nothing else, a share is a rate and nothing else."""
    amount, rate = entry.minor_units is not None, entry.rate is not None
    if entry.basis == "none":
        right, mend = not amount and not rate, "Take the amount and the rate out."
    elif entry.basis in _FLAT:
        right, mend = amount and not rate, "Write minor_units and no rate."
    else:
        right, mend = rate and not amount, "Write rate and no minor_units."
    if not right:
        yield Problem(path, DESIGN, f"{_SAID[entry.basis].capitalize()} is not written so.", mend)
    if Decimal(entry.clawback) > 1:
        yield Problem(
            f"{path}.clawback",
            DESIGN,
            "More would be taken back than was paid.",
            'Write at most "1", which is all of it.',
        )


def _interval(path: str, entry: CommissionEntry) -> Iterator[Problem]:
    if entry.basis != _DRAWN or entry.rate is None:
        return
    if entry.cap_rate is None:
        yield Problem(
            f"{path}.cap_rate",
            _INTERVAL_RULE,
            "A service fee stays inside the interval that the bank publishes, and none is named.",
            "Write the upper end of the published interval as cap_rate.",
        )
    elif Decimal(entry.rate) > Decimal(entry.cap_rate):
        yield Problem(
            f"{path}.rate",
            _INTERVAL_RULE,
            f"The service fee of {entry.rate} is above the published interval, which ends at "
            f"{entry.cap_rate}.",
            "Lower the rate, or publish another interval first.",
        )
