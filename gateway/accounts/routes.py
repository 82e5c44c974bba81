"""Accounts over HTTP: what the next movement would be held to."""

from typing import Any

from litestar import Request, Router, get
from litestar.params import FromPath

from contracts.v1.accounts import AccountCapabilities
from gateway.accounts.service import Accounts


def account_routes(accounts: Accounts) -> Router:
    """The native routes of this room; the roof puts its guard before them."""

    @get(
        "/v1/accounts/{account_id:str}/capabilities",
        opt={"scope": "account.limits.read"},
        operation_id="read_account_capabilities",
        summary="Read what an account can do",
        tags=["Accounts"],
    )
    async def read_capabilities(
        request: Request[Any, Any, Any], account_id: FromPath[str]
    ) -> AccountCapabilities:
        """Tier and headroom now; an account under another consent answers as nonexistent."""
        return await accounts.capabilities(account_id, request.state.caller)

    return Router(path="/", route_handlers=[read_capabilities])
