"""Lantu's words beside the native ones, so that both partners' books can be compared."""

from typing import Any

from plot import fen

TRADES = {"TRADE_SUCCESS": "settled"}
REFUSALS = {"ACQ.LIMIT_PER_DEBIT": "limit.per_debit"}
REPAYMENTS = {
    "FIXED_FEE": "flat_fee",
    "EQUAL_INSTALLMENT": "equal_instalment",
    "EQUAL_PRINCIPAL": "equal_principal",
}
PAID = {"ONCE": "once", "MONTHLY": "month", "EACH": "each"}
BOUNDARIES = {"EMBEDDED": "EMBED", "REFERRED": "REFER", "LICENSED": "LICENSED"}


def spoken_ledger(
    order: dict[str, Any],
    events: dict[int, str],
    capabilities: dict[str, Any],
    payment: dict[str, Any],
    refusal: dict[str, Any],
) -> dict[str, str]:
    """What the dialect told of a sale, in the form that both partners are compared in."""
    out = capabilities["headroom"]["out_limit"]
    lines = {
        line["component_code"]: " ".join(
            [
                line["component_type"],
                line["line_status"].lower(),
                line.get("top_up_amount") or "",
            ]
        ).strip()
        for line in order["line_list"]
    }
    return lines | {
        "decision": order["order_status"].lower(),
        "events": ", ".join(
            events[number].lower().replace("_", ".", 1) for number in sorted(events)
        ),
        "purse can": f"{capabilities['account_tier']}, pay {capabilities['next_debit_amount']} now,"
        f" {out['today_amount']} today, {out['year_amount']} this year",
        "first ride": f"{payment['total_amount']} {TRADES[payment['trade_status']]}",
        "above the cap": f"{REFUSALS[refusal['sub_code']]}, {refusal['headroom_amount']} would do",
    }


def in_native_words(answer: dict[str, Any]) -> dict[str, Any]:
    """The dialect's package document with the native contract's names and amounts."""
    return {
        "code": answer["package_code"],
        "version": answer["package_version"],
        "title": answer["title"],
        "scenarios": answer["scenario_list"],
        "digest": answer["digest"],
        "components": [_component(found) for found in answer["component_list"]],
        "prices": [
            {
                "code": price["price_code"],
                "title": price["title"],
                "payer": price["payer"],
                **_sum(price),
                **_same(price, of="rate_of"),
            }
            for price in answer["price_list"]
        ],
        **_promises(answer),
        "scopes": answer["scope_list"],
        "shared_with_partner": answer["shared_list"],
        "never_shared": answer["never_shared_list"],
    }


def _promises(answer: dict[str, Any]) -> dict[str, Any]:
    """What customers read, repay, agree to and may take back, and what the partner earns."""
    return {
        "disclosures": [
            {
                "code": text["disclosure_code"],
                "version": text["disclosure_version"],
                "kind": text["disclosure_kind"],
                "components": text["component_list"],
                "read_seconds": text["read_seconds"],
                "text": text["text"],
                "digest": text["digest"],
            }
            for text in answer["disclosure_list"]
        ],
        "plans": [_plan(found) for found in answer["plan_list"]],
        "consents": [
            {
                "kind": asked["consent_kind"],
                "purpose": asked["purpose"],
                "required": asked["required"],
                "components": asked["component_list"],
            }
            for asked in answer["consent_list"]
        ],
        "cooling_off": [
            {
                "days": span["day_count"],
                "kind": span["cooling_off_kind"].lower(),
                "components": span["component_list"],
                **_same(span, rule="rule"),
            }
            for span in answer["cooling_off_list"]
        ],
        "commissions": [
            {
                "components": paid["component_list"],
                "basis": paid["commission_basis"],
                "period": PAID[paid["paid_period"]],
                "hold_days": paid["hold_day_count"],
                **_sum(paid),
                **_same(paid, qualifying_event="qualifying_event"),
            }
            for paid in answer["commission_list"]
        ],
    }


def _component(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "component": found["component_code"],
        "type": found["component_type"],
        "boundary": BOUNDARIES[found["sales_boundary"]],
        "required": found["required"],
        "title": found["title"],
        "summary": found["summary"],
        "actions": found["action_list"],
        "limits": [
            {
                "code": limit["limit_code"],
                "title": limit["title"],
                "rule": limit["rule"],
                "period": limit["period"].lower(),
                **({"sense": "least"} if limit.get("sense") == "AT_LEAST" else {}),
                **_sum(limit),
                **_same(limit, count="count", unit="unit"),
            }
            for limit in found["limit_list"]
        ],
    }


def _plan(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": found["plan_code"],
        "component": found["component_code"],
        "method": REPAYMENTS[found["repayment_method"]],
        "terms": found["term_count"],
        "principal_min": _money(found["principal_min"]),
        "principal_max": _money(found["principal_max"]),
        "apr": found["annual_rate_irr"],
        "effective_rate": found["annual_rate_effective"],
        **_same(
            found,
            rate_monthly="rate_monthly",
            rate_annual="rate_annual",
            free_terms="free_term_count",
        ),
    }


def _sum(found: dict[str, Any]) -> dict[str, Any]:
    """An amount, a rate, or both: whichever the document has."""
    amount = {"amount": _money(found["amount"])} if "amount" in found else {}
    return amount | _same(found, rate="rate")


def _same(found: dict[str, Any], **names: str) -> dict[str, Any]:
    """Members that may be absent, under their native names."""
    return {native: found[said] for native, said in names.items() if said in found}


def _money(text: str) -> dict[str, Any]:
    number, _, currency = text.partition(" ")
    whole, _, part = number.partition(".")
    return fen(int(whole) * 100 + int(part or "0")) | ({"currency": currency} if currency else {})
