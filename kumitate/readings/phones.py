"""A phone number in E.164, by the numbering plans of libphonenumber."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumber

from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import TEXT_STEPS

_EXTENSION = re.compile(
    r"(?<=\d)[\s)]*(?:\(?(?:内線|内|,?\s*(?:ext(?:ension|n)?|x)\.?|#)(?:番号)?\s*[:.]?\s*\d{1,7}\s*\)?|"
    r"\([^\d()@+]{1,10}\))$",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"(?:\d[^\d,、;/|]*){9,}[,、;/|]\D*(?:\d[^\d,、;/|]*){9,}")
_AS_FLOAT = re.compile(r"\d{7,15}\.0")
"""As a spreadsheet or a data frame writes a column of numbers; the 0 is no digit of it."""
_MIDDLE_DOTS = re.compile(r"(?<=\d)[・〜~](?=\d)")


def _without_extension(value: str) -> str:
    """`03-1234-5678 内線12`, `03-1234-5678(代)` and `090-1234-5678 (母)` are the number alone."""
    return _EXTENSION.sub("", value)


_STEPS: tuple[Step, ...] = (*TEXT_STEPS[:2], ("extension", _without_extension))


def read_phone(value: str, country: str) -> Reading:
    """`"０９０-1234-5678"` is `+819012345678` in JP; a number that its country's plan does not know is refused."""
    reading = stepped(value, _STEPS)
    plain = reading.value.strip()
    plain = plain.removesuffix(".0") if _AS_FLOAT.fullmatch(plain) else plain
    if not plain:
        return NOTHING
    if _SEVERAL.search(plain):
        raise RecordError("phone.several")
    number = _number(_MIDDLE_DOTS.sub("-", plain), country)
    e164 = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if e164 == reading.value:
        return reading
    has_trunk = re.sub(r"\D", "", plain) == f"{number.country_code}0{e164.removeprefix(f'+{number.country_code}')}"
    return Reading(e164, (*reading.codes, *(("trunk_zero",) if has_trunk else ()), "e164"))


def _number(plain: str, country: str) -> PhoneNumber:
    """The number, also where 00 was typed for + (from Japan it would be 010)."""
    for text in (plain, re.sub(r"^00", "+", plain)):
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    raise RecordError("phone.invalid")
