"""What a pushed request asks of the customer's authentication, and whether one meets it."""

from datetime import datetime, timedelta

import msgspec

from gateway.oauth.identity.assurance import factors


class Needs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The authentication asked for (OpenID Connect Core section 3.1.2.1, RFC 9470 section 5).

    ``acr_values`` are known classes, best liked first; ``subjects`` are the customers that the
    client will accept, by the names that its sector knows; empty where anybody will do.
    """

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    prompt: tuple[str, ...] = ()
    login_hint: str | None = None
    subjects: tuple[str, ...] = ()

    @property
    def required_acr(self) -> str | None:
        """The class that the pages aim at: the first one asked for."""
        return self.acr_values[0] if self.acr_values else None

    @property
    def asks_again(self) -> bool:
        """Whether the customer must sign in for this very request, signed in or not."""
        return self.max_age == 0 or not {"login", "select_account"}.isdisjoint(self.prompt)

    def accepts(self, subject: str) -> bool:
        """Whether the client takes this customer."""
        return not self.subjects or subject in self.subjects

    def is_sure_enough(self, acr: str) -> bool:
        """Whether a class reaches any that was asked for."""
        asked = [factors(value) for value in self.acr_values]
        return not asked or factors(acr) >= min(asked)

    def is_fresh(self, signed_in_at: datetime, *, pushed_at: datetime, at: datetime) -> bool:
        """Whether a sign-in is recent enough; one made for this request always is."""
        if signed_in_at >= pushed_at:
            return True
        if self.asks_again:
            return False
        return self.max_age is None or at - signed_in_at <= timedelta(seconds=self.max_age)
