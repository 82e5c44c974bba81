"""What a partner asks a customer for: an entry per component, from the package document."""

from typing import Any

from plot import claim, fen, yuan

DETAIL_TYPE = "urn:tessera:package-order"
SCENARIO = "travel_app"
PACKAGE_CODE = "commuter-wallet"
CUSTOMER_SCOPE = "order.write order.read account.limits.read account.balance.read payment.initiate"
TOP_UP_FEN = 5_000
RIDE_CAP_FEN = 5_000
DAY_CAP_FEN = 20_000
RIDE_FEN = 300
LANGUAGES = ("zh-CN", "en")


def details(package: dict[str, Any]) -> list[dict[str, Any]]:
    """The ``authorization_details`` (RFC 9396) for the package, never above its own limits."""
    entries = []
    for component in package["components"]:
        entry = {
            "type": DETAIL_TYPE,
            "package": package["code"],
            "version": package["version"],
            "component": component["component"],
            "actions": component["actions"],
        }
        if component["type"] == "account_t3":
            entry["top_up"] = fen(_within(component, "balance", TOP_UP_FEN))
        if "mandate" in component["actions"]:
            entry["per_debit_cap"] = fen(_within(component, "each", RIDE_CAP_FEN))
            entry["daily_cap"] = fen(_within(component, "day", DAY_CAP_FEN))
        entries.append(entry)
    return entries


def described(entries: list[dict[str, Any]]) -> list[str]:
    """The entries in few words, for the screen."""
    shown = []
    for entry in entries:
        amounts = [
            f"{name} {yuan(entry[name])}"
            for name in ("top_up", "per_debit_cap", "daily_cap")
            if name in entry
        ]
        shown.append(" ".join([entry["component"], "/".join(entry["actions"]), *amounts]))
    return shown


def check_package(package: dict[str, Any]) -> list[str]:
    """Everything that a partner must be able to tell a customer is there, in both languages.

    Returns the telling fields.
    """
    components = package["components"]
    claim(package["code"] == PACKAGE_CODE, f"the package is {package['code']}")
    claim(len(components) >= 3, "the package has too few components")
    claim(bool(package["prices"]), "the package names no price")
    claim(bool(package["disclosures"]), "the package has no disclosure")
    claim(bool(package["never_shared"]), "the package does not say what is never shared")
    texts = [package["title"]]
    texts += [component[name] for component in components for name in ("title", "summary")]
    texts += [limit["title"] for component in components for limit in component["limits"]]
    texts += [price["title"] for price in package["prices"]]
    texts += [disclosure["text"] for disclosure in package["disclosures"]]
    for text in texts:
        claim(all(text.get(tag) for tag in LANGUAGES), f"a text lacks a language: {text}")
    told = [f"version {package['version']}", "/".join(package["title"][tag] for tag in LANGUAGES)]
    for component in components:
        bounds = [
            f"{limit['code']} {yuan(limit['amount'])} ({limit['rule']})"
            for limit in component["limits"]
        ]
        need = "required" if component["required"] else "optional"
        told.append(
            f"{component['component']}: {component['type']}, {component['boundary']}, {need}"
            + (f", at most {', '.join(bounds)}" if bounds else "")
        )
    told.append(
        "prices: " + ", ".join(f"{p['code']} {yuan(p['amount'])}" for p in package["prices"])
    )
    told.append("disclosures: " + ", ".join(text["code"] for text in package["disclosures"]))
    return told


def _within(component: dict[str, Any], period: str, wanted_fen: int) -> int:
    bounds: list[int] = [
        limit["amount"]["minor_units"] for limit in component["limits"] if limit["period"] == period
    ]
    return min([wanted_fen, *bounds])
