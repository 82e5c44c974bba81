"""What a customer would have read on the bank's page, for tests that grant a consent themselves."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.consents.service import ShownText
from gateway.hosted.reading import texts_shown
from gateway.kit.clock import bank_day
from gateway.products.service import Catalogue, DisclosureRules

# Longer than any text of ours has to be read.
_A_MINUTE = timedelta(minutes=1)


def texts_read(
    catalogue: Catalogue,
    disclosures: DisclosureRules,
    entries: Iterable[Mapping[str, Any]],
    at: datetime,
    *,
    shown_at: datetime | None = None,
) -> tuple[ShownText, ...]:
    """The texts of the entries' components, on the page for a minute unless told since when."""
    components: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        if "component" in entry:
            key = (str(entry["package"]), str(entry["version"]))
            components.setdefault(key, set()).add(str(entry["component"]))
    found: list[ShownText] = []
    for key, named in components.items():
        package = catalogue.find(*key)
        if package is None:
            continue
        reading = disclosures.reading(package, named, on=bank_day(at))
        found += texts_shown(package, reading, "en", shown_at or at - _A_MINUTE)
    return tuple(found)
