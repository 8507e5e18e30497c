"""The lean rival of `cleansing.py`: a function per column, over rows one by one, with the usual libraries.

It gives the clean value only: neither reasons nor parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import phonenumbers

from kumitate.cleanse.addresses.reading import read_address
from kumitate.cleanse.variants import variants

TOKYO = ZoneInfo("Asia/Tokyo")
VARIANTS = str.maketrans(variants())
KATAKANA = {point: point + 0x60 for point in range(0x3041, 0x3097)}
HONORIFIC = re.compile(r"\s*(?:様|さん|殿|先生)$")
EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
FORM = re.compile(
    r"^(?:株式会社|有限会社|合同会社|\(株\)|\(有\))\s*|\s*(?:株式会社|有限会社|合同会社|\(株\)|\(有\)|,? Inc\.?)$"
)
NOT_DIGIT = re.compile(r"[^0-9]")
ERA = re.compile(r"([SHR])(\d{1,2})\.(\d{1,2})\.(\d{1,2})")
FIRST_YEARS = {"S": 1926, "H": 1989, "R": 2019}
GENDERS = {"男性": "male", "male": "male", "1": "male", "女性": "female", "female": "female", "2": "female"}


def text(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).split())


def name(value: str) -> str:
    return HONORIFIC.sub("", text(value).translate(VARIANTS))


def kana(value: str) -> str:
    return text(value).translate(KATAKANA)


def company(value: str) -> str:
    return FORM.sub("", text(value).translate(VARIANTS))


def email(value: str) -> str | None:
    plain = text(value).lower()
    return plain if EMAIL.fullmatch(plain) else None


def phone(value: str) -> str | None:
    try:
        number = phonenumbers.parse(text(value), "JP")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def postal_code(value: str) -> str | None:
    digits = NOT_DIGIT.sub("", text(value))
    return f"{digits[:3]}-{digits[3:]}" if len(digits) == 7 else None


def address(value: str) -> str | None:
    """No few lines take an address apart: the lean loop, too, is one over the same rules."""
    return read_address(value, country="JP").value


def birthdate(value: str) -> date | None:
    plain = text(value)
    try:
        return date.fromisoformat(plain.replace("/", "-"))
    except ValueError:
        era = ERA.fullmatch(plain)
    return date(FIRST_YEARS[era[1]] + int(era[2]) - 1, int(era[3]), int(era[4])) if era else None


def moment(value: str) -> datetime:
    local = datetime.fromisoformat(text(value)).replace(tzinfo=TOKYO)
    return local.astimezone(UTC).replace(tzinfo=None)


def amount(value: str) -> Decimal:
    return Decimal(text(value).replace(",", "").strip("¥円"))


def gender(value: str) -> str | None:
    return GENDERS.get(text(value).lower())


NAIVE: Mapping[str, Callable[[str], object]] = {
    "member_no": text,
    "name": name,
    "family_name": name,
    "kana": kana,
    "company": company,
    "email": email,
    "phone": phone,
    "postal_code": postal_code,
    "address": address,
    "birthdate": birthdate,
    "gender": gender,
    "amount": amount,
    "updated_at": moment,
}
