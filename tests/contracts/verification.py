"""Verifies a partner's Pact file against a running gateway, and says what breaks for whom."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pact import Verifier

from tests.contracts.bank import Bank
from tests.contracts.consumers import FOLDER
from tests.contracts.consumers.speech import PROVIDER
from tests.contracts.relay import MESSAGES_PATH, Relay, Signer, relaying
from tests.contracts.stages import Stages

HOST = "127.0.0.1"
# A stage may need a customer's whole way through the bank's pages, on a busy machine.
_PATIENCE_MILLISECONDS = 30_000
STANDARD_VOICE = "standard-webhooks"


@dataclass(frozen=True)
class Verdict:
    """What a verification found: how much was looked at, and a line for every broken promise."""

    verified: tuple[str, ...]
    broken: tuple[str, ...]
    faults: tuple[str, ...]


class Bench:
    """One partner's pact beside one running gateway; keeps its stages between verifications."""

    def __init__(self, bank: Bank, partner: str, pact: Path | None = None) -> None:
        speaks = partner == "lantu"
        sender = bank.lantu if speaks else bank.wayfare
        self._issuer = bank.house.issuer
        self._signer = Signer(sender, bank.dialect_key if speaks else None)
        self._stages = Stages(bank, sender, partner if speaks else STANDARD_VOICE)
        self._pact = pact or FOLDER / partner

    def verify(self, rename: tuple[str, str] | None = None, only: str = "") -> Verdict:
        """Plays the pact; ``rename`` renames a member of every answer and message on its way.

        ``only`` is a regular expression for the descriptions of the interactions to play.
        """
        with self._relaying() as relay:
            relay.rename = rename
            verifier = self._verifier(relay)
            if only:
                verifier.filter(description=only)
            try:
                verifier.verify()
            except RuntimeError:
                # The verifier raises when anything is broken; what it was stands in its results.
                return _verdict(verifier.results, relay.unset)
            return _verdict(verifier.results, relay.unset)

    def _relaying(self) -> AbstractContextManager[Relay]:
        return relaying(self._issuer, self._signer, self._stages.set, self._stages.told)

    def _verifier(self, relay: Relay) -> Verifier:
        return (
            Verifier(PROVIDER, host=HOST)
            .add_transport(url=f"http://{HOST}:{relay.port}")
            .add_transport(protocol="message", port=relay.port, path=MESSAGES_PATH, scheme="http")
            .add_source(self._pact)
            .state_handler(relay.states_url, body=True)
            .set_request_timeout(_PATIENCE_MILLISECONDS)
            .set_coloured_output(enabled=False)
            .set_error_on_empty_pact(enabled=True)
        )


def _verdict(results: dict[str, Any], unset: list[str]) -> Verdict:
    played = results["interactionResults"]
    broken = [line for one in played if one["result"] != "OK" for line in _lines(one)]
    return Verdict(tuple(one["description"] for one in played), tuple(broken), tuple(unset))


def _lines(played: dict[str, Any]) -> Iterator[str]:
    """Partner, interaction and what is wrong with it, such as the member that is missing."""
    place = f"{played['consumer']}: {played['description']}"
    mismatch = played.get("mismatch", {})
    for found in mismatch.get("mismatches", [mismatch]):
        where = found.get("path") or found.get("key") or ""
        said = found.get("mismatch") or found.get("message") or str(found)
        yield f"{place}: {where} {said}".replace("  ", " ")
