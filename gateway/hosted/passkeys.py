"""Passkeys (W3C WebAuthn level 3): the two ceremonies, and the public keys that came of them."""

import json
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_attestation_object
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from contracts import errors
from gateway.database import Database, Unit
from gateway.hosted import factor_store as store
from gateway.hosted.factor_store import PasskeyRow
from gateway.kit import ids

PASSKEYS_MOST: Final = 10
LABEL_LONGEST: Final = 40
# Web Authentication section 4 (credential ID): no authenticator may make a longer one.
CREDENTIAL_ID_LONGEST: Final = 1023
_TIMEOUT_MILLISECONDS: Final = 300_000
# RS256 is an authenticator's own affair here and no JOSE algorithm: some TPMs know no other.
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]

Fault = Literal["malformed", "unknown_passkey", "not_verified", "clone"]


class PasskeyRefused(Exception):
    """The answer proves nothing; ``fault`` is for the audit and never for a page."""

    def __init__(self, fault: Fault, credential_id: str = "") -> None:
        super().__init__(fault)
        self.fault: Fault = fault
        self.credential_id = credential_id


class Used(msgspec.Struct, frozen=True):
    """A passkey that answered a challenge, and the count it came with."""

    passkey: PasskeyRow
    sign_count: int


class Registered(msgspec.Struct, frozen=True):
    """A new passkey as its authenticator made it."""

    credential_id: str
    public_key: str
    sign_count: int
    method: Literal["hwk", "swk"]
    transports: str


class Passkeys:
    """One relying party: the bank's pages at the issuer's own origin, and at no other."""

    def __init__(self, database: Database, *, issuer: str, rp_name: str) -> None:
        parts = urlsplit(issuer)
        self._database = database
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._rp_id = parts.hostname or ""
        self._rp_name = rp_name

    @property
    def offered(self) -> bool:
        """Whether browsers can make passkeys for this address: an IP address cannot have any."""
        return not (":" in self._rp_id or self._rp_id.replace(".", "").isdigit())

    async def of(self, customer_id: str) -> list[PasskeyRow]:
        """The customer's passkeys, the oldest first; none where there can be none."""
        if not self.offered:
            return []
        return await self._database.all(store.PASSKEYS_OF, customer_id=customer_id)

    def creation_options(
        self, challenge: bytes, *, person_id: str, name: str, others: list[PasskeyRow]
    ) -> str:
        """What a browser needs to make a passkey, as JSON.

        ``person_id`` says nothing of the customer, as section 14.6.1 asks.
        """
        return webauthn.options_to_json(
            webauthn.generate_registration_options(
                rp_id=self._rp_id,
                rp_name=self._rp_name,
                user_id=base64url_to_bytes(person_id),
                user_name=name,
                challenge=challenge,
                timeout=_TIMEOUT_MILLISECONDS,
                attestation=AttestationConveyancePreference.NONE,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.DISCOURAGED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(others),
                supported_pub_key_algs=_ALGORITHMS,
            )
        )

    def request_options(self, challenge: bytes, passkeys: list[PasskeyRow]) -> str:
        """What a browser needs to use one of these passkeys, as JSON."""
        return webauthn.options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self._rp_id,
                challenge=challenge,
                timeout=_TIMEOUT_MILLISECONDS,
                allow_credentials=_descriptors(passkeys),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def register(self, answer: str, challenge: bytes) -> Registered:
        """The passkey in a browser's answer (section 7.1); ``PasskeyRefused`` else."""
        credential = _strict(answer)
        try:
            _refuse_attestation(credential)
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        except PasskeyRefused:
            raise
        # Whatever else the library raises for hostile input proves nothing just as well.
        except Exception as error:
            raise PasskeyRefused("not_verified") from error
        if len(verified.credential_id) > CREDENTIAL_ID_LONGEST:
            raise PasskeyRefused("malformed")
        synced = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
        return Registered(
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            method="swk" if synced else "hwk",
            transports=_transports(credential),
        )

    def verify(self, answer: str, challenge: bytes, passkeys: list[PasskeyRow]) -> Used:
        """Which of these passkeys signed the challenge (section 7.2); ``PasskeyRefused`` else."""
        credential = _strict(answer)
        credential_id = str(credential.get("id"))
        passkey = next((one for one in passkeys if one.credential_id == credential_id), None)
        if passkey is None:
            raise PasskeyRefused("unknown_passkey")
        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                # The count is judged below, so that a copied key is told from a wrong signature.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:
            raise PasskeyRefused("not_verified", credential_id) from error
        counted = verified.new_sign_count
        if (counted or passkey.sign_count) and counted <= passkey.sign_count:
            raise PasskeyRefused("clone", credential_id)
        return Used(passkey, counted)

    def use(self, unit: Unit, used: Used, at: datetime) -> None:
        """Adds the use to ``unit``: a count that another use has passed meanwhile is refused."""
        unit.add(
            store.USE_PASSKEY,
            otherwise=PasskeyRefused("clone", used.passkey.credential_id),
            credential_id=used.passkey.credential_id,
            customer_id=used.passkey.customer_id,
            sign_count=used.sign_count,
            at=at,
        )

    def keep(
        self,
        unit: Unit,
        registered: Registered,
        *,
        customer_id: str,
        person_id: str,
        label: str,
        at: datetime,
    ) -> None:
        """Adds a new passkey to ``unit``; ``Conflict`` for one too many, or one that is known."""
        unit.add(
            store.INSERT_PASSKEY,
            otherwise=errors.Conflict,
            credential_id=registered.credential_id,
            customer_id=customer_id,
            person_id=person_id,
            public_key=registered.public_key,
            sign_count=registered.sign_count,
            method=registered.method,
            transports=registered.transports,
            label=label,
            passkeys_most=PASSKEYS_MOST,
            at=at,
        )

    def remove(self, unit: Unit, credential_id: str, customer_id: str) -> None:
        """Adds the end of one of the customer's passkeys to ``unit``; ``NotFound`` when gone."""
        unit.add(
            store.DELETE_PASSKEY,
            otherwise=errors.NotFound,
            credential_id=credential_id,
            customer_id=customer_id,
        )


def new_person_id() -> str:
    """A fresh name for a customer at their authenticators: 32 random bytes in base64url."""
    return ids.new_secret()


def _strict(answer: str) -> dict[str, Any]:
    try:
        credential = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused("malformed") from error
    if not isinstance(credential, dict):
        raise PasskeyRefused("malformed")
    return credential


def _refuse_attestation(credential: dict[str, Any]) -> None:
    """Section 5.4.7: none was asked for, so no statement is read, by us or by the library."""
    attested = parse_attestation_object(
        base64url_to_bytes(credential["response"]["attestationObject"])
    )
    if attested.fmt != AttestationFormat.NONE:
        raise PasskeyRefused("malformed")


def _descriptors(passkeys: list[PasskeyRow]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(one.credential_id),
            transports=[AuthenticatorTransport(name) for name in one.transports.split()] or None,
        )
        for one in passkeys
    ]


def _transports(credential: dict[str, Any]) -> str:
    """How the authenticator is reached, for the browser's next question; unknown words fall."""
    response = credential.get("response")
    named = response.get("transports") if isinstance(response, dict) else None
    known = {one.value for one in AuthenticatorTransport}
    return " ".join(sorted(known & {str(one) for one in named})) if isinstance(named, list) else ""
