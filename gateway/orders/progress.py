"""Progress: what happens next to an order, decided from its lines alone and without any I/O."""

from collections.abc import Sequence

from msgspec.structs import replace

from contracts.v1.orders import LineReason
from gateway.orders import reasons
from gateway.orders.chapter import Chapter
from gateway.orders.steps import Kinds, Step, stands, wants_money
from gateway.orders.store import LineRow

_OPEN = ("pending", "activating")


class Progress:
    """Moves an order as far as it goes without the bank."""

    def __init__(self, kinds: Kinds, hosted_url: str) -> None:
        """``hosted_url`` is where the bank's own pages live; referrals lead there."""
        self._kinds = kinds
        self._hosted_url = hosted_url

    def advance(self, chapter: Chapter, *, may_start: bool = True) -> None:
        """Goes on until a line is on a step at the bank, or the order rests.

        Without ``may_start`` (the consent has ended) nothing new is started at the bank: required
        lines that are not in place cancel the order, optional ones are declined.
        """
        while True:
            undone = next((line for line in chapter.lines if line.status == "compensating"), None)
            if undone is not None:
                self._compensate(chapter, undone)
                return
            if chapter.order.status == "compensating":
                if not self._compensate_last(chapter):
                    chapter.move_order("cancelled")
                    return
                continue
            following = self._next(chapter.lines)
            if following is None:
                chapter.move_order("active")
                return
            line, step = following
            if not may_start:
                self.refuse(chapter, line, reasons.CONSENT_ENDED)
            elif step is None:
                self._refer(chapter, line)
            else:
                if line.status == "pending":
                    line = chapter.move_line(line, "activating")
                chapter.put(replace(line, step=step.name))
                return

    def settle(self, chapter: Chapter, line: LineRow) -> None:
        """Judges a line whose step is done: in place, on to its next step, or undone."""
        line = chapter.put(replace(line, step=None))
        if line.status == "compensating":
            chapter.move_line(line, "compensated")
        elif self._money(line) is None:
            chapter.move_line(line, "active")

    def refuse(self, chapter: Chapter, line: LineRow, reason: LineReason) -> None:
        """Records that a line will not be; what it has at the bank already is taken away again."""
        line = replace(line, step=None, reason_family=reason.reason_family, reason_code=reason.code)
        if line.status == "compensating":
            # Keep why the line was refused; that it could not be undone is for people to see.
            chapter.move_line(line, "failed")
            return
        cancels = line.need == "required" and chapter.order.status == "activating"
        if not stands(line):
            lost = reason.reason_family == "technical"
            chapter.move_line(line, "failed" if lost else "declined")
        elif cancels:
            # It is undone in its turn: what draws on its account goes first.
            chapter.put(line)
        else:
            chapter.move_line(line, "compensating")
        if cancels:
            chapter.move_order("compensating")

    def _next(self, lines: Sequence[LineRow]) -> tuple[LineRow, Step | None] | None:
        """The next line and its step; no step for a referral.

        Money moves last: a required line that is refused must find none to give back. Optional
        lines wait until everything required is in place.
        """
        required = [line for line in lines if line.need == "required" and line.status in _OPEN]
        optional = [line for line in lines if line.need == "optional" and line.status in _OPEN]
        for line in required:
            if not stands(line):
                return line, self._opening(line)
        for line in (*required, *optional):
            if not stands(line):
                return line, self._opening(line)
            money = self._money(line)
            if money is not None:
                return line, money
        return None

    def _opening(self, line: LineRow) -> Step | None:
        kind = self._kinds.kind(line)
        return None if kind is None else kind.opening

    def _money(self, line: LineRow) -> Step | None:
        kind = self._kinds.kind(line)
        return kind.money if kind is not None and wants_money(line) else None

    def _refer(self, chapter: Chapter, line: LineRow) -> None:
        # REFER: the customer goes on at the bank; nothing is priced or sold on the partner's side.
        refer_to = f"{self._hosted_url}/referrals/{line.line_id}"
        chapter.move_line(replace(line, refer_to=refer_to), "referred")

    def _compensate(self, chapter: Chapter, line: LineRow) -> None:
        kind = self._kinds.kind(line)
        if kind is not None:
            chapter.put(replace(line, step=kind.undoing.name))

    def _compensate_last(self, chapter: Chapter) -> bool:
        """Sets the last line that is not undone on its way; ``False`` when there is none."""
        for line in reversed(chapter.lines):
            if line.status in ("active", "activating"):
                chapter.move_line(replace(line, step=None), "compensating")
                return True
            if line.status in ("pending", "referred"):
                chapter.move_line(line, "compensated")
                return True
        return False
