"""Every check shows that it can fail: one sound package, one edit, one place and one rule."""

import pytest

from tests.gateway.products.compiler.conftest import CREDIT, PURSE, problems_of

Edit = tuple[str, str]


def added(tables: str) -> Edit:
    """An edit that puts further tables before the prices."""
    return "[[price]]", f"{tables}\n[[price]]"


def part(code: str, boundary: str, *lines: str) -> Edit:
    """An edit that adds a component of a type."""
    return added(
        "\n".join(
            (
                '[[component]]\nid = "more"',
                f'type = "{code}"\nboundary = "{boundary}"',
                'actions = ["refer"]',
                'title = { zh-CN = "更多", en = "More" }',
                'summary = { zh-CN = "更多", en = "More" }',
                *(lines or ("required = false",)),
            )
        )
    )


SPOKEN_OF: Edit = ('components = ["purse", "ride"]', 'components = ["purse", "ride", "more"]')
CHOICE = """
[[disclosure]]
code = "choice"
version = "1"
kind = "freedom_of_choice"
components = ["more"]
text = { zh-CN = "您可以自由选择。", en = "You are free to choose." }
[[disclosure]]
code = "insurer"
version = "1"
kind = "insurer_terms"
components = ["more"]
text = { zh-CN = "保险人与条款。", en = "The insurer and its terms." }
"""
HEALTH: Edit = ('"identity_number"]', '"identity_number", "health_answers"]')


def insurance(boundary: str, *lines: str) -> list[Edit]:
    """Edits that add insurance with everything that goes with it."""
    add = part("travel_accident_insurance", boundary, *lines)
    return [(add[0], add[1].replace("\n[[price]]", f"\n{CHOICE}[[price]]")), SPOKEN_OF, HEALTH]


LICENSED = 'required = false\nlicence = "insurance_intermediary"'


def tile(*lines: str) -> Edit:
    """An edit that adds a tile for the purse."""
    usual = 'title = { zh-CN = "钱包", en = "Purse" }\ntext = { zh-CN = "乘车", en = "Ride" }'
    return added("\n".join(('[[tile]]\ncode = "t"\ncomponents = ["purse"]', *(lines or (usual,)))))


SAYS = 'title = { zh-CN = "钱包", en = "Purse" }\ntext = { zh-CN = "%s", en = "%s" }'


def limit(*lines: str) -> Edit:
    """An edit that gives the ride pass another limit."""
    head = '[[component.limit]]\ncode = "more"\ntitle = { zh-CN = "更多", en = "More" }'
    return added("\n".join((head, *lines)))


@pytest.mark.parametrize(
    "edits",
    [
        insurance("LICENSED", LICENSED),
        insurance("REFER"),
        [tile(SAYS % ("不保本的理财", "Not risk-free"))],
        [
            tile(
                SAYS % ("乘车", "Ride"),
                'benchmark = { zh-CN = "3%", en = "3%" }',
                'warning = { zh-CN = "业绩基准不是预期收益", en = "It is not an expected return" }',
            )
        ],
        [added('[[cooling_off]]\ndays = 7\nkind = "contractual"')],
        [added('[[cooling_off]]\ndays = 15\nkind = "statutory"\nrule = "CN-INS-02"')],
        [("age_min = 16", "age_min = 99\nparty = 'business'\nage_max = 1")],
    ],
)
def test_what_is_allowed_is_no_problem(edits: list[Edit]) -> None:
    assert problems_of(PURSE, *edits) == []


@pytest.mark.parametrize(
    ("edits", "path", "rule"),
    [
        # Links
        ([added('[[benefit]]\ncode = "b"\ncomponent = "x"\ntitle = { zh-CN = "券", en = "C" }')],
         "$.benefit[0].component", "TS-CATALOGUE-01"),
        ([('components = ["ride"]\npurpose', 'components = ["ride", "x"]\npurpose')],
         "$.consent[2].components", "TS-CATALOGUE-01"),
        ([tile(), ("[[commission]]", tile()[1].removesuffix("[[price]]") + "[[commission]]")],
         "$.tile", "TS-CATALOGUE-01"),
        ([("valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_until = 2025-12-31")],
         "$.valid_until", "TS-CATALOGUE-01"),
        # Boundaries
        ([('type = "account_t3"', 'type = "account_t9"')],
         "$.component[0].type", "TS-CATALOGUE-01"),
        (insurance("EMBED"), "$.component[2].boundary", "CN-INS-01"),
        (insurance("LICENSED", 'required = false\nlicence = "fund_sales"'),
         "$.component[2].licence", "CN-INS-01"),
        (insurance("REFER", LICENSED), "$.component[2].licence", "TS-CATALOGUE-01"),
        ([('boundary = "EMBED"\nrequired = false', 'boundary = "LICENSED"\nrequired = false')],
         "$.component[1].licence", "TS-CATALOGUE-01"),
        (insurance("REFER", "required = true"), "$.component[2].required", "CN-FCP-02"),
        # Commissions
        ([("minor_units = 300", "minor_units = 300\nrate = '0.1'")],
         "$.commission[0]", "TS-COMMISSION-01"),
        ([('basis = "flat_per_activation"', 'basis = "none"')],
         "$.commission[0]", "TS-COMMISSION-01"),
        ([("minor_units = 300", "minor_units = 300\nclawback = '1.01'")],
         "$.commission[0].clawback", "TS-COMMISSION-01"),
        ([('components = ["purse"]\nbasis', 'components = ["purse", "purse"]\nbasis')],
         "$.commission[0].components", "TS-COMMISSION-01"),
        # Disclosures
        ([('kind = "account_tiers"', 'kind = "mandate_terms"')], "$.disclosure", "CN-FCP-02"),
        # The text is there, and speaks of another part.
        ([('kind = "mandate_terms"\ncomponents = ["ride"]',
           'kind = "mandate_terms"\ncomponents = ["purse"]')], "$.disclosure", "CN-FCP-02"),
        ([('kind = "data_sharing"', 'kind = "account_tiers"')], "$.disclosure", "CN-PIPL-03"),
        # Consents
        ([('kind = "autodebit"', 'kind = "credit_query"')], "$.consent", "TS-MANDATE-01"),
        ([('kind = "autodebit"\ncomponents = ["ride"]',
           'kind = "autodebit"\ncomponents = ["purse"]')], "$.consent", "TS-MANDATE-01"),
        ([('kind = "service"', 'kind = "sensitive"')], "$.consent", "CN-PIPL-01"),
        ([('kind = "share_to_partner"', 'kind = "sensitive"')], "$.consent", "CN-PIPL-03"),
        ([added('[[consent]]\nkind = "marketing"\nrequired = true\n'
                'purpose = { zh-CN = "优惠", en = "Offers" }')],
         "$.consent[0].required", "CN-PIPL-01"),
        ([added('[[consent]]\nkind = "biometric"\nrequired = true\n'
                'purpose = { zh-CN = "人脸", en = "Face" }')],
         "$.consent[0].required", "CN-PIPL-05"),
        ([added('[[consent]]\nkind = "all"\npurpose = { zh-CN = "全", en = "All" }')],
         "$.consent[0].kind", "TS-CATALOGUE-01"),
        # Scopes
        ([('"payment.initiate"]', '"payment.initiate", "everything"]')],
         "$.scopes[5]", "TS-CATALOGUE-01"),
        ([('"payment.initiate"]', '"payment.initiate", "instalment.read"]')],
         "$.scopes[5]", "CN-PIPL-01"),
        ([('"payment.initiate"]', '"payment.initiate", "benefit.read"]')],
         "$.scopes[5]", "CN-PIPL-01"),
        # Kinds of data
        ([('"ride_outcome"]', '"ride_outcome", "mood"]')],
         "$.data.to_partner[2]", "TS-CATALOGUE-01"),
        ([('"ride_outcome"]', '"ride_outcome", "passcode"]')],
         "$.data.to_partner[2]", "CN-PFI-02"),
        ([('"ride_outcome"]', '"ride_outcome"]\nfrom_partner = ["one_time_code"]')],
         "$.data.from_partner[0]", "CN-API-10"),
        ([('"ride_outcome"]', '"ride_outcome"]\nfrom_partner = ["diagnosis"]')],
         "$.data.from_partner[0]", "CN-PIPL-05"),
        ([('"identity_number"]', '"identity_number", "ride_outcome"]')],
         "$.data.never", "CN-PIPL-01"),
        ([('"full_account_number", "identity_number"', '"full_account_number"')],
         "$.data.never", "CN-PIPL-01"),
        # Limits
        ([("minor_units = 5_000\n", "minor_units = 5_001\n")],
         "$.component[1].limit[0]", "TS-MANDATE-01"),
        ([("minor_units = 5_000\n", "")], "$.component[1].limit[0]", "TS-CATALOGUE-01"),
        ([("minor_units = 5_000\n", 'count = 5_000\nunit = "days"\n')],
         "$.component[1].limit[0]", "TS-MANDATE-01"),
        ([("minor_units = 5_000\n", 'minor_units = 5_000\ncurrency = "USD"\n')],
         "$.component[1].limit[0]", "TS-MANDATE-01"),
        ([limit("count = 1", 'period = "each"\nrule = "CN-ACC-99"\nparameter = "x"')],
         "$.component[1].limit[2].rule", "CN-ACC-99"),
        ([limit("count = 1", 'period = "each"\nrule = "CN-ACC-03"\nparameter = "legs"')],
         "$.component[1].limit[2].rule", "CN-ACC-03"),
        ([limit('rate = "0.29"\nsense = "least"', 'period = "each"',
                'rule = "CN-LOAN-04"\nparameter = "share_min"')],
         "$.component[1].limit[2]", "CN-LOAN-04"),
        ([('code = "balance"', 'code = "most"')], "$.component[0].limit", "CN-ACC-04"),
        ([('period = "balance"', 'period = "day"')], "$.component[0].limit", "CN-ACC-04"),
        # Costs
        ([added('[[plan]]\ncode = "p"\ncomponent = "purse"\nmethod = "flat_fee"\nterms = 1\n'
                'principal_min = 1\nprincipal_max = 1\nrate_monthly = "0.01"')],
         "$.plan[0].component", "TS-CATALOGUE-01"),
        # Tiles
        ([('draws_on = "purse"', 'draws_on = "purse"\npreselected = true')],
         "$.component[1].preselected", "CN-FCP-02"),
        ([tile(SAYS % ("乘车", "Ride"), 'preselected = ["ride"]')],
         "$.tile[0].preselected", "CN-FCP-02"),
        ([tile(SAYS % ("本产品保本", "Purse"))], "$.tile[0].text", "CN-MKT-01"),
        ([tile(SAYS % ("不保本,但保收益", "Purse"))], "$.tile[0].text", "CN-MKT-01"),
        ([tile(SAYS % ("乘车", "A Risk-Free way to ride"))], "$.tile[0].text", "CN-MKT-01"),
        ([tile(SAYS % ("可转定期存款", "Purse"))], "$.tile[0].text", "CN-DEP-01"),
        ([('en = "For small spending."', 'en = "With a Term Deposit inside."')],
         "$.component[0].summary", "CN-DEP-01"),
        ([tile(SAYS % ("乘车", "Ride"), 'benchmark = { zh-CN = "3%", en = "3%" }')],
         "$.tile[0].warning", "CN-WM-04"),
        ([tile(SAYS % ("乘车", "Ride"), 'benchmark = { zh-CN = "3%", en = "3%" }',
               'warning = { zh-CN = "不是预期收益", en = "It may differ" }')],
         "$.tile[0].warning", "CN-WM-04"),
        # Eligibility
        ([("age_min = 16", "age_min = 15")], "$.eligibility.age_min", "TS-AGE-01"),
        ([("age_min = 16", "age_min = 16\nage_max = 15")],
         "$.eligibility.age_max", "TS-CATALOGUE-01"),
        # Cooling off
        ([added('[[cooling_off]]\ndays = 0\nkind = "contractual"')],
         "$.cooling_off[0].days", "TS-CATALOGUE-01"),
        ([added('[[cooling_off]]\ndays = 7\nkind = "statutory"')],
         "$.cooling_off[0].rule", "TS-CATALOGUE-01"),
        ([added('[[cooling_off]]\ndays = 14\nkind = "statutory"\nrule = "CN-INS-02"')],
         "$.cooling_off[0].days", "CN-INS-02"),
        ([added('[[cooling_off]]\ndays = 14\nkind = "statutory"\nrule = "CN-FCP-02"')],
         "$.cooling_off[0].rule", "TS-CATALOGUE-01"),
    ],
)  # fmt: skip
def test_a_package_is_refused_where_and_why(edits: list[Edit], path: str, rule: str) -> None:
    assert (path, rule) in problems_of(PURSE, *edits)


@pytest.mark.parametrize(
    ("edits", "path", "rule"),
    [
        ([('rate = "0.0030"', 'rate = "0.0101"')], "$.commission[0].rate", "CN-LOAN-06"),
        ([('cap_rate = "0.0100"\n', "")], "$.commission[0].cap_rate", "CN-LOAN-06"),
        ([('basis = "service_fee_on_drawn"', 'basis = "borrower_fee"')],
         "$.commission[0].basis", "CN-LOAN-06"),
        ([("read_seconds = 8", "read_seconds = 7")],
         "$.disclosure[0].read_seconds", "CN-LOAN-07"),
        ([('kind = "credit_query"', 'kind = "sensitive"')], "$.consent", "CN-CRED-02"),
        ([(', "instalment.quote", "instalment.read"]', "]")], "$.scopes", "TS-CATALOGUE-01"),
        # The same fact through a bureau is right; told by the partner it is not.
        ([('from_partner = ["order_id", "amount"]',
           'from_partner = ["order_id", "device_risk_score"]')],
         "$.data.from_partner[1]", "CN-CRED-01"),
        ([("minor_units = 20_000_000", "minor_units = 20_000_001")],
         "$.component[0].limit[0]", "CN-LOAN-01"),
        ([('rate = "0.24"', 'rate = "0.2401"')], "$.component[0].limit[1]", "CN-LOAN-06"),
        ([('rate_monthly = "0.0110"', "")], "$.plan[0]", "CN-LOAN-06"),
        # The component's own ceiling is lower than the rule's, and the plan does not keep it.
        ([('rate = "0.24"', 'rate = "0.20"')], "$.plan[0]", "CN-LOAN-06"),
        # A fee at the draw makes a cheap plan dear.
        ([('title = { zh-CN = "提前结清手续费", en = "Fee for settling early" }\nminor_units = 0',
           'title = { zh-CN = "手续费", en = "Fee" }\nrate = "0.01"\nof = "drawn_principal"')],
         "$.plan[0]", "CN-LOAN-06"),
        # So does a least fee, for the least principal alone.
        ([('title = { zh-CN = "提前结清手续费", en = "Fee for settling early" }\nminor_units = 0',
           'title = { zh-CN = "手续费", en = "Fee" }\nminor_units = 5_000\ncomponent = "line"'),
          ("principal_max = 100_000", "principal_max = 100_000_000")],
         "$.plan[0]", "CN-LOAN-06"),
        ([('title = { zh-CN = "提前结清手续费", en = "Fee for settling early" }\nminor_units = 0',
           'title = { zh-CN = "手续费", en = "Fee" }\nminor_units = 100_000\ncomponent = "line"')],
         "$.plan[0]", "CN-LOAN-06"),
        ([("principal_min = 100_000", "principal_min = 0")],
         "$.plan[0].principal_min", "TS-CATALOGUE-01"),
        ([("principal_min = 100_000", "principal_min = 100_001")],
         "$.plan[0].principal_min", "TS-CATALOGUE-01"),
        ([('apr_min = "0.2353"\napr_max = "0.2353"', "")], "$.tile[0]", "CN-LOAN-09"),
        ([('apr_max = "0.2353"', 'apr_max = "0.2352"')], "$.tile[0].apr_max", "CN-LOAN-09"),
        ([('apr_min = "0.2353"', 'apr_min = "0.2354"')], "$.tile[0].apr_max", "CN-LOAN-09"),
        # Even a loan that is the whole package is not ticked beforehand.
        ([('required = true\nactions = ["open"]',
           'required = true\npreselected = true\nactions = ["open"]')],
         "$.component[0].preselected", "CN-FCP-02"),
        ([("age_min = 18", "age_min = 17")], "$.eligibility.age_min", "TS-AGE-01"),
    ],
)  # fmt: skip
def test_credit_is_refused_where_and_why(edits: list[Edit], path: str, rule: str) -> None:
    assert (path, rule) in problems_of(CREDIT, *edits)


def test_credit_without_a_plan_has_no_known_cost() -> None:
    start, end = CREDIT.index("[[plan]]"), CREDIT.index("[[commission]]")
    assert problems_of(CREDIT[:start] + CREDIT[end:]) == [("$.plan", "CN-LOAN-06")]


def test_what_a_child_tells_takes_a_guardian() -> None:
    young = ("age_min = 16", "age_min = 13")
    assert ("$.eligibility.age_min", "CN-PIPL-05") in problems_of(PURSE, young)
    guardian = added(
        '[[consent]]\nkind = "sensitive"\nrequired = true\npurpose = { zh-CN = "监护人", en = "G" }'
    )
    assert problems_of(PURSE, young, guardian) == [("$.eligibility.age_min", "TS-AGE-01")]


def test_credit_takes_a_partner_that_is_on_the_list() -> None:
    assert problems_of(CREDIT, listed=True) == []
    assert problems_of(CREDIT, listed=False) == [("$.component[0]", "CN-LOAN-05")]
    assert problems_of(PURSE, listed=False) == []


def test_a_tile_shows_nothing_that_is_the_banks_alone() -> None:
    deposit = part("term_deposit", "BANK_ONLY")
    assert problems_of(PURSE, deposit, SPOKEN_OF) == []
    shown = tile(SAYS % ("乘车", "Ride"))
    both = deposit[0], shown[1].replace('["purse"]', '["more"]').replace("[[price]]", deposit[1])
    assert problems_of(PURSE, both, SPOKEN_OF) == [("$.tile[0].components", "CN-DEP-01")]
