"""Statements of published versions and of partners' terms, and the rows they answer."""

from datetime import datetime

import msgspec

from gateway.database import Query, Statement

INSERT_VERSION = Statement(
    "insert into package_version (code, version, digest, body, published_at, published_by)"
    " values (:code, :version, :digest, :body, :published_at, :published_by)"
)
WITHDRAW = Statement(
    "update package_version set withdrawn_at = :at, withdrawn_by = :by,"
    " withdrawn_because = :because"
    " where code = :code and version = :version and withdrawn_at is null"
)
# The newest revision decides, so an older one must not come after it.
INSERT_TERMS = Statement(
    "insert into package_terms (partner_id, package, version, revision, digest, body, stored_at,"
    " stored_by) select :partner_id, :package, :version, :revision, :digest, :body, :stored_at,"
    " :stored_by where not exists (select 1 from package_terms t where t.partner_id = :partner_id"
    " and t.package = :package and t.version = :version and t.revision >= :revision)"
)


class VersionRow(msgspec.Struct, frozen=True):
    """A published version without its text."""

    code: str
    version: str
    digest: str
    published_at: datetime
    published_by: str
    withdrawn_at: datetime | None
    withdrawn_because: str | None


class BodyRow(msgspec.Struct, frozen=True):
    """A file as it was published, in TOML."""

    body: str


class TermsRow(msgspec.Struct, frozen=True):
    """One revision of a partner's terms."""

    partner_id: str
    package: str
    version: str
    revision: int
    digest: str


ALL_VERSIONS = Query(
    "select code, version, digest, published_at, published_by, withdrawn_at, withdrawn_because"
    " from package_version order by code, published_at, version",
    VersionRow,
)
FIND_VERSION = Query(
    "select code, version, digest, published_at, published_by, withdrawn_at, withdrawn_because"
    " from package_version where code = :code and version = :version",
    VersionRow,
)
FIND_BODY = Query(
    "select body from package_version where code = :code and version = :version", BodyRow
)
NEWEST_TERMS = Query(
    "select partner_id, package, version, revision, digest from package_terms t"
    " where not exists (select 1 from package_terms n where n.partner_id = t.partner_id"
    " and n.package = t.package and n.version = t.version and n.revision > t.revision)"
    " order by partner_id, package, version",
    TermsRow,
)
FIND_TERMS = Query(
    "select body from package_terms where partner_id = :partner_id and package = :package"
    " and version = :version and revision = :revision",
    BodyRow,
)
