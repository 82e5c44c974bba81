"""Terms: what one partner's shelf changes about one version of a package."""

from typing import Annotated

import msgspec

from contracts.v1.names import Id, PackageCode, PackageVersion
from gateway.products.digests import digest_of
from gateway.products.package_files import UnreadablePackage
from gateway.products.words import Entry, Fen, Name, Rate


class LimitTerm(Entry, frozen=True):
    """A bound for this partner, never looser than the package's own."""

    component: Id
    code: Name
    minor_units: Fen | None = None
    count: int | None = None
    rate: Rate | None = None


class PriceTerm(Entry, frozen=True):
    """A price for this partner's customers."""

    code: Name
    minor_units: Fen | None = None
    rate: Rate | None = None


class PlanTerm(Entry, frozen=True):
    """A plan's rate for this partner's customers; the cost ceiling holds for it too."""

    code: Name
    rate_monthly: Rate | None = None
    rate_annual: Rate | None = None


class TermsFile(Entry, frozen=True, tag_field="kind", tag="terms"):
    """One partner's terms as written.

    ``licences`` and ``listed`` are what the terms rely on: the check takes them as given, and
    publication refuses terms that rely on what the register of partners does not say.
    ``embed`` names LICENSED components that this partner offers inside its own app.
    """

    partner: Id
    package: PackageCode
    version: PackageVersion
    revision: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    licences: tuple[Name, ...] = ()
    listed: bool = False
    visible: bool = True
    embed: tuple[Id, ...] = ()
    # Components of the package that this partner does not show at all.
    withheld: tuple[Id, ...] = ()
    limit: tuple[LimitTerm, ...] = ()
    price: tuple[PriceTerm, ...] = ()
    plan: tuple[PlanTerm, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over everything the terms say, whatever their layout and comments."""
        return digest_of(self)


def decode_terms(text: bytes, source: str) -> TermsFile:
    """Terms from TOML; ``UnreadablePackage`` names ``source`` and the path of what is wrong."""
    try:
        return msgspec.toml.decode(text, type=TermsFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadablePackage(f"{source}: {error}") from error
