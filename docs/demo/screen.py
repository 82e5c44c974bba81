"""What a person reads while the demo runs: coloured on a terminal, plain text in a pipe."""

import os
import sys
import textwrap
from typing import TextIO

from wire import Exchange

LINE = 90
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36", "yellow": "33"}


class Screen:
    """Prints chapters, steps and outcomes; NO_COLOR (no-color.org) and pipes get no colour."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._coloured = (
            stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        if hasattr(stream, "reconfigure"):
            # A terminal without Chinese letters shows question marks instead of ending the demo.
            stream.reconfigure(errors="replace")

    def line(self, text: str = "", style: str = "") -> None:
        """One line, at once, so that a reader of the pipe sees it when it happens."""
        print(self._styled(text, style), file=self._stream, flush=True)

    def chapter(self, title: str) -> None:
        """The heading of a part of the story."""
        self.line()
        self.line(title, "bold")

    def step(
        self, number: int, title: str, exchanges: list[Exchange], milliseconds: float, failed: bool
    ) -> None:
        """A step with everything that was asked and came back."""
        mark = self._styled("x", "red") if failed else self._styled("ok", "green")
        heading = f"{number:3}. {title}"
        took = f"{milliseconds:,.0f} ms"
        self.line()
        self.line(f"{self._styled(heading, 'bold')}  [{mark}, {took}]")
        for exchange in exchanges:
            self._fold("->", [exchange.asked, *exchange.asked_fields], "cyan")
            if exchange.reply.status:
                status = f"{exchange.reply.status} in {exchange.milliseconds:,.0f} ms"
                self._fold("<-", [status, *exchange.told], "")

    def failure(self, number: int, name: str, title: str, reason: str) -> None:
        """Why the demo ends here; the last line names the step."""
        self.line()
        self.line(f"demo: step {number} ({name}) failed: {title}", "red")
        self.line(f"demo: step {number} ({name}): {reason}", "red")

    def _fold(self, arrow: str, parts: list[str], style: str) -> None:
        first, *others = _packed(parts)
        self.line(f"     {arrow} {self._styled(first, style)}")
        for line in others:
            self.line(f"        {self._styled(line, 'dim')}")

    def _styled(self, text: str, style: str) -> str:
        if not self._coloured or not style:
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _packed(parts: list[str]) -> list[str]:
    """The parts on as few lines as they need; one that needs several has them to itself."""
    lines: list[str] = []
    is_open = False
    for number, part in enumerate(parts):
        # What was asked or answered stands apart from its fields.
        between = "  " if number == 1 else "; "
        if is_open and len(lines[-1]) + len(between) + len(part) <= LINE:
            lines[-1] += between + part
            continue
        wrapped = textwrap.wrap(part, LINE, break_on_hyphens=False)
        lines += wrapped
        is_open = len(wrapped) == 1
    return lines
