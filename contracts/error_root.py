"""The root of the tree of errors, and its largest branch; ``contracts.errors`` draws it whole."""

from typing import Any, ClassVar


class GatewayError(Exception):
    """Something the gateway answers with; ``detail`` is public, the cause stays in the journal."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "The gateway failed; nothing you sent can mend it"
    oauth: ClassVar[str] = "server_error"
    next_action: ClassVar[str] = "retry_later"

    def __init__(self, detail: str = "", **extras: Any) -> None:
        """``extras`` become members of the problem document and must be JSON-able."""
        super().__init__(detail)
        self.detail = detail
        self.extras = extras
        self.headers: dict[str, str] = {}

    def with_headers(self, **headers: str) -> "GatewayError":
        """The same error carrying response headers; underscores in names become hyphens."""
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self


class Refused(GatewayError):
    status = 400
    code = "request.invalid"
    title = "The request cannot be accepted as sent"
    oauth = "invalid_request"
    next_action = "correct_request"
