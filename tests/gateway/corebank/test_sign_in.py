"""Signing in: the right passcode, and no difference between unknown and wrong."""

import asyncio
import threading

import pytest

from gateway.corebank.sandbox import sign_in
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.corebank.sandbox.sign_in import PasscodeHash


async def test_every_persona_signs_in_with_the_known_passcode(bank: SandboxBank) -> None:
    for persona in load_personas():
        customer = await bank.sign_in(persona.login, persona.passcode)
        assert customer is not None
        assert customer.customer_id == persona.customer_id
        assert customer.age == persona.age
        assert customer == await bank.customer(persona.customer_id)


async def test_what_the_port_tells_is_masked(bank: SandboxBank) -> None:
    customer = await bank.customer("cus_lin")
    assert customer is not None
    assert customer.bound_account is not None
    assert customer.bound_account.number_masked == "622848******2111"


@pytest.mark.parametrize("login", ["nobody", "LIN", "", "lin\ud800", "x" * 5_000])
async def test_an_unknown_login_is_not_let_in(bank: SandboxBank, login: str) -> None:
    assert await bank.sign_in(login, "246810") is None


@pytest.mark.parametrize("passcode", ["", "246811", "\ud800", "x" * 5_000])
async def test_a_wrong_passcode_is_not_let_in(bank: SandboxBank, passcode: str) -> None:
    assert await bank.sign_in("lin", passcode) is None


async def test_the_bank_counts_nothing_that_the_pages_count(bank: SandboxBank) -> None:
    for _ in range(6):
        assert await bank.sign_in("lin", "000000") is None
    assert await bank.sign_in("lin", "246810") is not None


async def test_many_at_once_with_the_right_passcode_all_get_in(bank: SandboxBank) -> None:
    answers = await asyncio.gather(*(bank.sign_in("lin", "246810") for _ in range(10)))
    assert all(answer is not None for answer in answers)


async def test_an_unknown_login_costs_the_same_hash(
    bank: SandboxBank, passcodes: PasscodeHash, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    verify = passcodes._verify

    def counted(kept: str, passcode: str) -> bool:
        compared.append(kept)
        return verify(kept, passcode)

    monkeypatch.setattr(passcodes, "_verify", counted)
    await bank.sign_in("nobody", "246810")
    await bank.sign_in("lin", "246810")
    assert len(compared) == 2
    assert all(kept.startswith("$argon2id$") for kept in compared)
    assert compared[0].split("$")[3] == compared[1].split("$")[3]


async def test_only_a_known_login_has_an_owner(bank: SandboxBank) -> None:
    assert await bank.login_owner("lin") == "cus_lin"
    assert await bank.login_owner("nobody") is None


async def test_hashing_has_threads_of_its_own(
    passcodes: PasscodeHash, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def named(kept: str, passcode: str) -> bool:
        names.append(threading.current_thread().name)
        return True

    monkeypatch.setattr(passcodes, "_verify", named)
    await passcodes.matches("", "")
    assert names[0].startswith("argon2")


async def test_passcodes_are_kept_as_argon2id_and_never_plain(database_url: str) -> None:
    hashes = PasscodeHash()
    kept = await hashes.hash("246810")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hashes.matches(kept, "246810")
    assert not await hashes.matches("not a hash", "246810")


def test_age_counts_full_years() -> None:
    from_day = sign_in.age_on
    day = sign_in.date
    assert from_day("2010-11-24", day(2026, 11, 24)) == 16
    assert from_day("2010-11-25", day(2026, 11, 24)) == 15
    assert from_day("2012-02-29", day(2026, 2, 28)) == 13
    assert from_day("2012-02-29", day(2026, 3, 1)) == 14
