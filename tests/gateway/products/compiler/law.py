"""The law as a table of its own, written from the instruments and never read by the compiler.

One line for each family: what it may be sold as, for whom, what a partner may earn with it, and the
rules that refuse anything else. ``earns`` lists bases beside ``none``; after a colon stands the
licence that a basis takes.
"""

from typing import NamedTuple

LICENCES = ("insurance_intermediary", "fund_sales", "acquiring_outsourcer_filing")
BASES = (
    *("none", "flat_per_activation", "service_fee_on_drawn", "mdr_share"),
    *("licensed_commission", "technical_flat", "balance_share", "borrower_fee"),
)
BOUNDARIES = ("EMBED", "LICENSED", "REFER", "BANK_ONLY")

_FAMILIES = """
may be sold / rule           | earns                               / rule              | types
anywhere                     | technical_flat flat_per_activation  / TS-COMMISSION-01  | account_t2 account_t3 account_t2_goal_pocket business_settlement_account
anywhere                     | technical_flat                      / TS-COMMISSION-01  | goal_pocket_demand nfc_or_qr_pass autodebit_mandate card_travel_mode return_sync tax_saving_calculator charging_benefit batch_payroll ledger_split payout_T0_T1
anywhere                     | technical_flat                      / TS-COMMISSION-01  | supervised_prepaid_account supervised_deposit supervised_rent visit_release seven_day_refund admission_deposit_guarantee settlement_sweep_repayment
anywhere                     | technical_flat service_fee_on_drawn / CN-LOAN-06        | revolving_consumer_credit instalment_plan small_purpose_credit secured_auto_loan sme_internet_loan
anywhere                     | technical_flat mdr_share:acquiring_outsourcer_filing / TS-COMMISSION-01 | aggregated_acceptance
insurance_intermediary / CN-INS-01 | technical_flat licensed_commission:insurance_intermediary / CN-INS-01 | travel_accident_insurance motor_insurance occupational_accident_insurance
refer / CN-WM-03             | technical_flat licensed_commission:fund_sales / CN-MKT-01 | money_fund_R1 wealth_R1_R2
refer / CN-FX-01             | technical_flat                      / TS-COMMISSION-01  | personal_fx_purchase
refer / CN-PEN-01            | technical_flat                      / TS-COMMISSION-01  | pension_fund_account
refer / CN-PIPL-03           | technical_flat                      / TS-COMMISSION-01  | tax_certificate
nowhere / CN-DEP-01          |                                     / CN-DEP-01         | term_deposit pension_products
"""  # noqa: E501


class Law(NamedTuple):
    """What holds for one component type."""

    widest: str
    licence: str | None
    boundary_rule: str
    earns: dict[str, str | None]
    commission_rule: str

    def sold(self, boundary: str) -> bool:
        """Whether a package may sell it with this boundary, whoever the partner is."""
        return BOUNDARIES.index(boundary) >= BOUNDARIES.index(self.widest)

    def embedded(self, licences: frozenset[str]) -> bool:
        """Whether a partner with these licences may have it in its own app."""
        return self.widest == "EMBED" or (self.widest == "LICENSED" and self.licence in licences)

    def earned(self, basis: str, licences: frozenset[str]) -> bool:
        """Whether a partner with these licences may be paid so."""
        if basis == "none":
            return True
        return basis in self.earns and self.earns[basis] in {None, *licences}


def law() -> dict[str, Law]:
    """Every component type of the twelve packages."""
    found = {}
    for line in _FAMILIES.strip().splitlines()[1:]:
        sold, earns, types = (cell.strip() for cell in line.split("|"))
        place, _, boundary_rule = (word.strip() for word in sold.partition("/"))
        bases, _, commission_rule = (word.strip() for word in earns.partition("/"))
        widest = {"anywhere": "EMBED", "refer": "REFER", "nowhere": "BANK_ONLY"}.get(place)
        for code in types.split():
            assert code not in found
            found[code] = Law(
                widest or "LICENSED",
                None if widest else place,
                boundary_rule,
                {basis: licence or None for basis, _, licence in _pairs(bases)},
                commission_rule,
            )
    return found


def _pairs(bases: str) -> list[tuple[str, str, str]]:
    return [basis.partition(":") for basis in bases.split()]
