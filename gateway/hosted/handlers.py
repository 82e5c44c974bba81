"""What every handler of the room declares: public, outside the contract, forms of bounded size."""

from typing import Any, Final

from gateway.hosted.forms import FORM_LIMIT_BYTES

PAGE: Final[dict[str, Any]] = {"opt": {"public": True}, "include_in_schema": False}
FORM: Final[dict[str, Any]] = PAGE | {
    "status_code": 200,
    "request_max_body_size": FORM_LIMIT_BYTES,
}
