"""Signing in: passcodes, and how old a customer is; the pages count what failed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from gateway.corebank.port import BankCustomer, BoundAccount, CustomerFacts
from gateway.corebank.sandbox import store
from gateway.corebank.sandbox.office import BackOffice
from gateway.kit import ids

# Hashing is pure work: more threads than this would only wait for each other.
_HASHING_THREADS = 2


class PasscodeHash:
    """Argon2id in threads of its own, so that a rush of sign-ins holds up nothing else.

    The cost is the least that OWASP advises for Argon2id: 19 MiB, two passes, one lane, with 16
    bytes of salt; about 16 ms. Every hash carries its own parameters, so they may grow, and the
    time it takes is the same for every login.
    """

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="argon2")
        # What an unknown login is compared with; no passcode matches a secret nobody has.
        self.nobody = self._hasher.hash(ids.new_secret())

    async def hash(self, passcode: str) -> str:
        """How a passcode is kept."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, passcode)

    async def matches(self, kept: str, passcode: str) -> bool:
        """Whether the passcode is the one that was kept."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._verify, kept, passcode)

    def _verify(self, kept: str, passcode: str) -> bool:
        try:
            # A form can carry lone surrogates; they are wrong passcodes, not a crash.
            return self._hasher.verify(kept, passcode.encode("utf-8", "surrogatepass"))
        except (VerifyMismatchError, InvalidHashError):
            return False


class SignInDesk:
    """Lets customers in; an unknown login costs the same work as a known one."""

    def __init__(self, office: BackOffice, passcodes: PasscodeHash) -> None:
        self._office = office
        self._passcodes = passcodes

    async def sign_in(self, login: str, passcode: str) -> BankCustomer | None:
        """See ``CoreBank.sign_in``."""
        login_digest = ids.digest(login)
        row = await self._office.database.find(store.FIND_LOGIN, login_digest=login_digest)
        kept = self._passcodes.nobody if row is None else row.passcode_hash
        right = await self._passcodes.matches(kept, passcode)
        if row is None or not right or row.status != "active":
            return None
        return known(row, self._office.moment().day)

    async def login_owner(self, login: str) -> str | None:
        """See ``CoreBank.login_owner``."""
        row = await self._office.database.find(store.FIND_LOGIN, login_digest=ids.digest(login))
        return None if row is None else row.customer_id

    async def customer(self, customer_id: str) -> BankCustomer | None:
        """See ``CoreBank.customer``."""
        row = await self._office.database.find(store.FIND_CUSTOMER, customer_id=customer_id)
        return None if row is None else known(row, self._office.moment().day)

    async def facts(self, customer_id: str) -> CustomerFacts | None:
        """See ``CoreBank.facts``."""
        row = await self._office.database.find(store.FIND_FACTS, customer_id=customer_id)
        if row is None:
            return None
        return CustomerFacts(
            kyc_level=row.kyc_level,
            age=age_on(row.born_on, self._office.moment().day),
            bound_class=row.account_class,
            open_t2=row.open_t2,
            open_t3=row.open_t3,
        )


def age_on(born_on: str, day: date) -> int:
    """Full years; who is born on 29 February is a year older on 1 March of a common year."""
    born = date.fromisoformat(born_on)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def known(row: store.CustomerRow, day: date) -> BankCustomer:
    """A customer as the port tells of them; digests and hashes stay inside."""
    bound = None
    if row.bound_masked is not None and row.account_class is not None:
        bound = BoundAccount(row.bound_masked, row.account_class)
    return BankCustomer(
        customer_id=row.customer_id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        kyc_level=row.kyc_level,
        age=age_on(row.born_on, day),
        bound_account=bound,
        open_t2=row.open_t2,
        open_t3=row.open_t3,
    )
