"""The pages that a problem document's ``type`` points to, one per error code, as plain text."""

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from contracts import errors

_HEADERS = [("cache-control", "public, max-age=300"), ("x-frame-options", "DENY")]


def problem_page_routes() -> list[HTTPRouteHandler]:
    """The page of each code, made from the tree of errors itself."""
    pages = {kind.code: _page(kind) for kind in errors.tree() if "code" in vars(kind)}

    @get("/docs/errors/{code:str}", opt={"public": True}, include_in_schema=False)
    async def read_problem_page(code: FromPath[str]) -> ASGIResponse:
        """What a code means and what helps; a code that nobody uses has no page."""
        page = pages.get(code)
        if page is None:
            raise errors.NotFound
        return ASGIResponse(body=page, headers=_HEADERS, media_type="text/plain; charset=utf-8")

    return [read_problem_page]


def _page(kind: type[errors.GatewayError]) -> bytes:
    family = kind.__mro__[1]
    lines = [
        kind.code,
        "=" * len(kind.code),
        "",
        f"{kind.title}.",
        "",
        f"HTTP status   {kind.status}",
        f"OAuth error   {kind.oauth}",
        f"Next action   {kind.next_action}",
    ]
    if issubclass(family, errors.GatewayError):
        lines.append(f"Kind of       {family.code}")
    return ("\n".join(lines) + "\n").encode()
