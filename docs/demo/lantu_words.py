"""Lantu's words beside the native ones, so that both partners' books can be compared."""

from typing import Any

from plot import fen

BOUNDARIES = {"EMBEDDED": "EMBED", "REFERRED": "REFER", "LICENSED": "LICENSED"}


def spoken_ledger(
    order: dict[str, Any],
    capabilities: dict[str, Any],
    payment: dict[str, Any],
    refusal: dict[str, Any],
) -> dict[str, Any]:
    """What the dialect told of a sale, in the form that both partners are compared in."""
    lines = sorted(order["line_list"], key=lambda each: str(each["component_code"]))
    return {
        "decision": order["order_status"].lower(),
        "lines": [
            [
                line["component_code"],
                line["component_type"],
                line["line_status"].lower(),
                line.get("top_up_amount") or "",
            ]
            for line in lines
        ],
        "tier": capabilities["account_tier"],
        "next debit": capabilities["next_debit_amount"],
        "ride": [payment["total_amount"], payment["trade_status"] == "TRADE_SUCCESS"],
        "refusal": [refusal["sub_code"] == "ACQ.LIMIT_PER_DEBIT", refusal["headroom_amount"]],
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
