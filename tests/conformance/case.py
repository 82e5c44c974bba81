"""A clause as a request and the answer it must get."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.conformance.suite import Suite


@dataclass(frozen=True)
class Case:
    """One line of the table: where it is written, what is sent, what must come back.

    ``error`` is the OAuth error of a refusal, looked for in the JSON body or the challenge.
    """

    clause: str
    title: str
    send: Callable[[Suite], httpx.Response]
    status: int | tuple[int, ...]
    error: str = ""
    # What an accepted answer must say besides; returns what is wrong, or nothing.
    says: Callable[[httpx.Response], str] = lambda answer: ""

    def verdict(self, suite: Suite) -> str:
        """What is wrong with the server's answer, or nothing."""
        answer = self.send(suite)
        wanted = self.status if isinstance(self.status, tuple) else (self.status,)
        if answer.status_code not in wanted:
            return f"{answer.status_code} instead of {wanted}: {answer.text[:300]}"
        challenge = answer.headers.get("www-authenticate", "")
        if self.error and not (
            f'"error":"{self.error}"' in answer.text.replace(" ", "")
            or f'error="{self.error}"' in challenge
        ):
            return f"not {self.error}: {answer.text[:300]} {challenge}"
        if answer.status_code >= 500 or "Traceback" in answer.text:
            return f"the server failed: {answer.text[:300]}"
        return self.says(answer)
