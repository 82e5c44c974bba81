"""Publication: a version is compiled, stored for good, and from then on never changes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.products import store
from gateway.products.compiler.check import Context, Problem, compile_package, compile_terms
from gateway.products.component_types import ComponentTypes
from gateway.products.package_files import PackageFile, decode_package
from gateway.products.standing import PartnerRegister
from gateway.products.terms_files import TermsFile

# Who published what ships with the gateway.
SHIPPED = "shipped"


class PublishedChanged(Exception):
    """A version that was published before says something else now; the sentence says what to do."""

    def __init__(self, code: str, version: str) -> None:
        super().__init__(
            f"{code} {version} was published before and says something else now. A published"
            " version never changes: restore it, and write what is new as a new version in a new"
            " file."
        )


class NotPublishable(Exception):
    """The compiler, or the register of partners, objects; ``problems`` say to what."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{name} cannot be published: {len(problems)} problems.")
        self.problems = tuple(problems)


class Publication:
    """Publishes and withdraws versions and stores partners' terms, for named operators."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        register: PartnerRegister,
        context: Callable[[], Context],
    ) -> None:
        """``context`` tells the tables, the rules and the bank's day at the moment."""
        self._database = database
        self._audit = audit
        self._register = register
        self._context = context

    async def record_shipped(
        self, shipped: Sequence[tuple[PackageFile, str]], at: datetime
    ) -> None:
        """Publishes what ships as published and is not stored yet.

        Raises ``PublishedChanged`` where a stored version says something else, and
        ``NotPublishable`` for a new one that does not compile; then the gateway must not start.
        """
        for package, text in shipped:
            if package.status != "published" or await self._stands(package):
                continue
            self._check(package)
            try:
                await self._store(package, text, SHIPPED, "system", at)
            except errors.Conflict:
                # Another process was starting at the same time.
                await self._stands(package)

    async def publish(
        self, package: PackageFile, text: str, *, operator: str, at: datetime
    ) -> bool:
        """Publishes a version; ``False`` when this very content was published before.

        Raises ``InvalidField`` for a draft, ``PublishedChanged`` for a version with other content,
        and ``NotPublishable`` with everything that the compiler found.
        """
        if package.status != "published":
            raise errors.InvalidField(
                'It is a draft: write status = "published" when it is ready.', field="status"
            )
        if await self._stands(package):
            return False
        problems = compile_package(package, self._context())
        if problems:
            await self._note_refusal(package, problems, operator, at)
            raise NotPublishable(_name(package), problems)
        try:
            await self._store(package, text, operator, f"operator:{operator}", at)
        except errors.Conflict:
            return not await self._stands(package)
        return True

    async def withdraw(
        self, code: str, version: str, reason: str, *, operator: str, at: datetime
    ) -> None:
        """Ends the sale of a version; orders that stand go on, and its texts stay readable.

        Raises ``NotFound`` for a version that is not published or was withdrawn before.
        """
        unit = Unit("package.withdraw", locks=(f"{code} {version}",))
        unit.add(
            store.WITHDRAW,
            otherwise=errors.NotFound("There is no such version on sale."),
            code=code,
            version=version,
            at=at,
            by=operator,
            because=reason,
        )
        self._audit.append(
            unit,
            action="package.withdraw",
            actor=f"operator:{operator}",
            resource=f"{code} {version}",
            decision="allow",
            detail={"reason": reason},
            at=at,
        )
        await self._database.commit(unit)

    async def agree(self, terms: TermsFile, text: str, *, operator: str, at: datetime) -> bool:
        """Puts a partner's terms in force; ``False`` when this very revision is already.

        Raises ``NotFound`` for an unknown partner or version, ``Conflict`` for a revision that is
        not newer, and ``NotPublishable`` for what the compiler finds or the register does not say.
        """
        package = await self._published(terms.package, terms.version)
        problems = [
            *await self._unproved(terms),
            *compile_terms(terms, package, self._context()),
        ]
        if problems:
            raise NotPublishable(f"The terms of {terms.partner}", problems)
        standing = await self._newest_terms(terms)
        if standing is not None and (standing.revision, standing.digest) == (
            terms.revision,
            terms.digest,
        ):
            return False
        unit = Unit("package.terms", locks=(f"{terms.partner} {terms.package} {terms.version}",))
        unit.add(
            store.INSERT_TERMS,
            otherwise=errors.Conflict(
                "A revision that is as new or newer is in force: give the terms a higher revision."
            ),
            partner_id=terms.partner,
            package=terms.package,
            version=terms.version,
            revision=terms.revision,
            digest=terms.digest,
            body=text,
            stored_at=at,
            stored_by=operator,
        )
        self._audit.append(
            unit,
            action="package.terms",
            actor=f"operator:{operator}",
            partner_id=terms.partner,
            resource=f"{terms.package} {terms.version}",
            decision="allow",
            rules=rules_of(package, self._context().types),
            detail={"revision": terms.revision, "digest": terms.digest},
            at=at,
        )
        await self._database.commit(unit)
        return True

    async def versions(self) -> list[store.VersionRow]:
        """Every version that was ever published."""
        return await self._database.all(store.ALL_VERSIONS)

    async def terms(self) -> list[store.TermsRow]:
        """The terms in force, of every partner."""
        return await self._database.all(store.NEWEST_TERMS)

    async def text(self, code: str, version: str) -> str:
        """A version as it was published, in TOML; ``NotFound`` for one that was not."""
        row = await self._database.find(store.FIND_BODY, code=code, version=version)
        if row is None:
            raise errors.NotFound("There is no such published version.")
        return row.body

    async def _published(self, code: str, version: str) -> PackageFile:
        return decode_package((await self.text(code, version)).encode(), f"{code} {version}")

    async def _stands(self, package: PackageFile) -> bool:
        """Whether it is published; raises ``PublishedChanged`` where other content is."""
        row = await self._database.find(
            store.FIND_VERSION, code=package.code, version=package.version
        )
        if row is not None and row.digest != package.digest:
            raise PublishedChanged(package.code, package.version)
        return row is not None

    def _check(self, package: PackageFile) -> None:
        problems = compile_package(package, self._context())
        if problems:
            raise NotPublishable(_name(package), problems)

    async def _store(
        self, package: PackageFile, text: str, by: str, actor: str, at: datetime
    ) -> None:
        unit = Unit("package.publish", locks=(_name(package),))
        unit.add(
            store.INSERT_VERSION,
            otherwise=errors.Conflict,
            code=package.code,
            version=package.version,
            digest=package.digest,
            body=text,
            published_at=at,
            published_by=by,
        )
        self._note(unit, package, "allow", rules_of(package, self._context().types), {}, actor, at)
        await self._database.commit(unit)

    async def _note_refusal(
        self, package: PackageFile, problems: Sequence[Problem], operator: str, at: datetime
    ) -> None:
        unit = Unit("package.refuse")
        rules = tuple(sorted({problem.rule for problem in problems}))
        detail = {"paths": [problem.path for problem in problems]}
        self._note(unit, package, "deny", rules, detail, f"operator:{operator}", at)
        await self._database.commit(unit)

    def _note(
        self,
        unit: Unit,
        package: PackageFile,
        decision: str,
        rules: tuple[str, ...],
        detail: dict[str, Any],
        actor: str,
        at: datetime,
    ) -> None:
        self._audit.append(
            unit,
            action="package.publish",
            actor=actor,
            resource=_name(package),
            decision=decision,
            rules=rules,
            detail={"digest": package.digest, **detail},
            at=at,
        )

    async def _newest_terms(self, terms: TermsFile) -> store.TermsRow | None:
        place = (terms.partner, terms.package, terms.version)
        rows = await self.terms()
        return next(
            (row for row in rows if (row.partner_id, row.package, row.version) == place), None
        )

    async def _unproved(self, terms: TermsFile) -> list[Problem]:
        """What the terms rely on and the register does not say."""
        standing = await self._register.standing(terms.partner)
        if standing is None:
            raise errors.NotFound("There is no such partner.")
        return _beyond(terms, standing.licences_on(self._context().today), standing.listed)


def rules_of(package: PackageFile, types: ComponentTypes) -> tuple[str, ...]:
    """Every rule that decides about the package: of its families, its limits and its periods."""
    found = {span.rule for span in package.cooling_off if span.rule is not None}
    for part in package.component:
        found |= {limit.rule for limit in part.limit}
        if types.find(part.type) is None:
            continue
        family = types.family(part.type)
        found |= {family.boundary_rule, family.commission_rule}
        found |= {needed.rule for needed in family.disclosure}
        found |= {needed.rule for needed in family.consent}
    return tuple(sorted(found))


def _beyond(terms: TermsFile, licences: frozenset[str], listed: bool) -> list[Problem]:
    problems = [
        Problem(
            f"$.licences[{place}]",
            "CN-INS-01",
            f"The register does not say that {terms.partner} holds {name} today.",
            f"Record it first: tessera partner licence {terms.partner} {name}.",
        )
        for place, name in enumerate(terms.licences)
        if name not in licences
    ]
    if terms.listed and not listed:
        problems.append(
            Problem(
                "$.listed",
                "CN-LOAN-05",
                f"{terms.partner} is not on the bank's published list.",
                f"Put it on the list first: tessera partner enlist {terms.partner}.",
            )
        )
    return problems


def _name(package: PackageFile) -> str:
    return f"{package.code} {package.version}"
