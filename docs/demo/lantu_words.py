"""Lantu's words beside the native ones, so that both partners' books can be compared."""

from typing import Any

from plot import fen

TRADES = {"TRADE_SUCCESS": "settled"}
REFUSALS = {"ACQ.LIMIT_PER_DEBIT": "limit.per_debit"}
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
                "amount": _money(price["amount"]),
            }
            for price in answer["price_list"]
        ],
        "disclosures": [
            {
                "code": text["disclosure_code"],
                "version": text["disclosure_version"],
                "text": text["text"],
                "digest": text["digest"],
            }
            for text in answer["disclosure_list"]
        ],
        "scopes": answer["scope_list"],
        "shared_with_partner": answer["shared_list"],
        "never_shared": answer["never_shared_list"],
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
                "amount": _money(limit["amount"]),
                "rule": limit["rule"],
                "period": limit["period"].lower(),
            }
            for limit in found["limit_list"]
        ],
    }


def _money(text: str) -> dict[str, Any]:
    whole, _, part = text.partition(".")
    return fen(int(whole) * 100 + int(part or "0"))
