"""What a sale must leave in a partner's books, and those books in a form to be compared."""

from typing import Any

import wish
from plot import claim, fen, yuan


def check_order(order: dict[str, Any], package: dict[str, Any]) -> None:
    """An active order: every required line active with its id, the referred one with its page."""
    claim(order["status"] == "active", f"the order is {order['status']}: {order['lines']}")
    components = {component["component"] for component in package["components"]}
    claim({line["component"] for line in order["lines"]} == components, "a component has no line")
    for line in order["lines"]:
        if line["type"].startswith("account_"):
            claim(line["status"] == "active" and "account_id" in line, f"no account: {line}")
        elif line["type"] == "nfc_or_qr_pass":
            claim(line["status"] == "active" and "mandate_id" in line, f"no mandate: {line}")
        else:
            claim(line["status"] == "referred" and "refer_to" in line, f"not referred: {line}")
    purse = line_of(order, "account_t3")
    claim(purse.get("topped_up") == fen(wish.TOP_UP_FEN), f"the purse was not topped up: {purse}")


def check_capabilities(found: dict[str, Any]) -> list[str]:
    """A tier-3 purse just topped up; returns the telling fields."""
    claim(found["tier"] == "T3", f"the purse is {found['tier']}")
    claim(found["status"] == "active", f"the purse is {found['status']}")
    debit = found["next_accepted"]["debit"]
    claim(debit == fen(wish.TOP_UP_FEN), f"the next debit may be {yuan(debit)}, not the balance")
    outgoing = found["headroom"]["outgoing"]
    claim(outgoing is not None, "a tier-3 account has a limit on money out")
    return [
        f"tier {found['tier']}",
        f"money out today {yuan(outgoing['today'])}",
        f"this year {yuan(outgoing['this_year'])}",
        f"next debit up to {yuan(debit)}",
        f"next top-up up to {yuan(found['next_accepted']['top_up'])}",
        f"rules {', '.join(found['rules'])}",
    ]


def line_of(order: dict[str, Any], component_type: str) -> dict[str, Any]:
    """The order's line of that type."""
    found: dict[str, Any] = next(line for line in order["lines"] if line["type"] == component_type)
    return found


def native_ledger(
    order: dict[str, Any],
    events: dict[int, str],
    capabilities: dict[str, Any],
    payment: dict[str, Any],
    refusal: dict[str, Any],
) -> dict[str, str]:
    """What the native contract told of a sale, in the form that both partners are compared in."""
    can, out = capabilities, capabilities["headroom"]["outgoing"]
    lines = {
        line["component"]: " ".join(
            [
                line["type"],
                line["status"],
                plain(line["topped_up"]) if line.get("topped_up") else "",
            ]
        ).strip()
        for line in order["lines"]
    }
    return lines | {
        "decision": order["status"],
        "events": ", ".join(events[number] for number in sorted(events)),
        "purse can": f"{can['tier']}, pay {plain(can['next_accepted']['debit'])} now,"
        f" {plain(out['today'])} today, {plain(out['this_year'])} this year",
        "first ride": f"{plain(payment['instructed_amount'])} {payment['status']}",
        "above the cap": f"{refusal['code']}, {plain(refusal['headroom'])} would do",
    }


def plain(money: dict[str, Any]) -> str:
    """An amount without separators, as the dialect writes it."""
    return yuan(money).replace(",", "")
