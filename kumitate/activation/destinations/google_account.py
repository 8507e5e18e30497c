"""Google's accounts and consents, as every request to its Data Manager names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1, match_keys
from kumitate.model.section import Section

SCOPE = "https://www.googleapis.com/auth/datamanager"
SIGN_IN_URL = "https://oauth2.googleapis.com/token"
BASE_URL = "https://datamanager.googleapis.com"
HEADERS = {"Content-Type": "application/json"}
_ADDRESS = {
    "given_name": "givenName",
    "family_name": "familyName",
    "country": "regionCode",
    "postal_code": "postalCode",
}
_PLAIN = {"email": "emailAddress", "phone": "phoneNumber"}

Identifier = dict[str, Any]
Identifiers = tuple[Identifier, ...]
Consent = Literal["granted", "denied"]


class GoogleAccount(Section):
    """An account in one of Google's products."""

    type: Literal[
        "GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER", "DATA_PARTNER", "GOOGLE_ANALYTICS_PROPERTY"
    ] = "GOOGLE_ADS"
    id: str = Field(pattern=r"^\d+$")


def place(product_id: str, account: GoogleAccount, login_account: GoogleAccount | None) -> dict[str, Any]:
    """A request's destination: `product_id` is a customer list or a conversion action of the account."""
    accounts = {"operatingAccount": account, "loginAccount": login_account}
    named = {
        name: {"accountType": each.type, "accountId": each.id} for name, each in accounts.items() if each is not None
    }
    return {**named, "productDestinationId": product_id}


def consent_of(ad_user_data: Consent | None, ad_personalization: Consent | None) -> dict[str, Any]:
    """The consent that is stated, `{}` where none is."""
    stated = {"adUserData": ad_user_data, "adPersonalization": ad_personalization}
    consent = {name: f"CONSENT_{value.upper()}" for name, value in stated.items() if value is not None}
    return {"consent": consent} if consent else {}


def identifiers(fields: Mapping[str, Any], country: str) -> Identifiers:
    """What Google matches by: hashed e-mail, hashed phone, and an address only when all its four parts are there."""
    keys = match_keys(GOOGLE_DATA_MANAGER_V1, fields, country=country).values
    found: list[Identifier] = [{theirs: keys[ours]} for ours, theirs in _PLAIN.items() if ours in keys]
    if _ADDRESS.keys() <= keys.keys():
        found.append({"address": {theirs: keys[ours] for ours, theirs in _ADDRESS.items()}})
    return tuple(found)
