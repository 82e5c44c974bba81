"""The 120 requirements as a table: where each is written, what we do, and the test that shows it.

``python -m tests.conformance.requirements`` writes ``docs/reference/fapi.md``.
"""

import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = Path(__file__).with_name("requirements.toml")
PAGE: Final = ROOT / "docs/reference/fapi.md"
SECTIONS: Final = {
    "A": "Transport and endpoints",
    "B": "Metadata and clients",
    "C": "Client authentication",
    "D": "Pushed requests and the authorization endpoint",
    "E": "Codes, tokens, refresh",
    "F": "DPoP and certificate-bound tokens",
    "G": "Resource server",
    "H": "Message signing",
    "I": "CIBA",
    "J": "Rich authorization requests, grant management, registration",
    "K": "Attacker model",
}
_LEGEND: Final = """# FAPI 2.0, requirement by requirement

What implementers of a FAPI 2.0 authorization or resource server commonly miss, and what this one
does about each. Generated from `tests/conformance/requirements.toml` by
`python -m tests.conformance.requirements`; a test fails when a row has no verdict, when its test
does not exist, or when this page is out of date.

- **tested**: the named test fails when the check is switched off. `python -m tests.mutation` does
  that to every row, one at a time, and prints what it saw.
- **answered**: a matter of design or deployment that no test of ours can switch off; the answer
  says why.
- **later**: not part of this version.

SP = FAPI 2.0 Security Profile, AM = Attacker Model, MS = Message Signing, FC = FAPI-CIBA,
GM = Grant Management, OIDCC = OpenID Connect Core, CIBA and JARM by their names, RFCs by number.
"""


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the check of a row is switched off: in one file, one text for another."""

    file: str
    find: str
    replace: str


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One requirement."""

    number: int
    section: str
    clause: str
    does: str
    verdict: Literal["tested", "answered", "later"]
    test: str = ""
    off: tuple[Switch, ...] = ()


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    row: tuple[Row, ...]


def rows() -> tuple[Row, ...]:
    """Every row, as the file has them."""
    return msgspec.toml.decode(TABLE.read_bytes(), type=_Table).row


def page() -> str:
    """The reference page."""
    found = rows()
    counts = {
        verdict: sum(row.verdict == verdict for row in found)
        for verdict in ("tested", "answered", "later")
    }
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    parts = [_LEGEND, f"\n{len(found)} requirements: {told}.\n"]
    for letter, title in SECTIONS.items():
        parts.append(f"\n## {letter}. {title}\n\n| # | clause | what we do | test | verdict |\n")
        parts.append("|---|---|---|---|---|\n")
        parts.extend(
            f"| {row.number} | {row.clause} | {row.does} | {_test(row)} | {row.verdict} |\n"
            for row in found
            if row.section == letter
        )
    return "".join(parts)


def _test(row: Row) -> str:
    if not row.test:
        return ""
    path, _, name = row.test.partition("::")
    return f"[`{name}`](../../{path})"


def main() -> None:
    """Writes the page, or with ``--check`` tells whether it is up to date."""
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.is_file() and PAGE.read_text() == page() else f"{PAGE} is old")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
