"""E-mail addresses and phone numbers as platforms want them before hashing."""

from __future__ import annotations

import re

from kumitate.errors import RecordError
from kumitate.readings.emails import LOCAL_CHARACTERS, read_email

# What nearly every address is; short enough that no label is too long. Any other is read as cleansing reads it.
_PLAIN_EMAIL = re.compile(rf"[{LOCAL_CHARACTERS}]{{1,64}}@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{{2,}}")
_LONGEST_PLAIN = 64
_LONGEST_WRITTEN = 400
"""An address with a name before it, or a number with words around it; a page in the wrong column is not read."""
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー－─━ｰ~〜"), "-")
_FLOAT = re.compile(r"(?<=[0-9]{9})\.0$")
"""What a table that took a phone for a number makes of it: `9012345678.0`."""
_JAPANESE = re.compile(r"(?:\+81[ -]?(?:\(0\)[ -]?)?|0)([1-9](?:[ -]?[0-9]){8,9})")
# What the numbering plan gives to mobiles, 050 and the areas of the large cities; anything else is looked up.
_ORDINARY = re.compile(r"[5789]0[1-9][0-9]{7}|(?:2[2-9]|[36][1-9]|4[2-578]|5[2-589]|7[25-9]|8[2679]|9[2-58])[0-9]{7}")
_MOBILE = re.compile(r"\+81[5789]0[1-9][0-9]{7}")
"""Of these, what a golden record mostly holds, as it is wanted."""
_UNASSIGNED = re.compile(r"[5679]00[0-9]{7}")
"""What is typed in place of a number: `090-0000-0000`."""


def email(text: str, _country: str) -> str:
    """Trimmed, lower case, as a cleansed column has it: ` Mary@Example.COM` is `mary@example.com`."""
    lowered = text.lower()
    if len(lowered) <= _LONGEST_PLAIN and _PLAIN_EMAIL.fullmatch(lowered):
        return lowered
    found: str | None = read_email(text).value if len(text) <= _LONGEST_WRITTEN else None
    if found is None:
        raise RecordError("email.invalid")
    return found


def google_email(text: str, country: str) -> str:
    """Gmail ignores dots and what follows a plus, so `a.b+c@gmail.com` and `ab@gmail.com` are one person."""
    lowered = email(text, country)
    local, domain = lowered.rsplit("@", 1)
    if domain not in _GMAIL:
        return lowered
    mailbox = local.split("+", 1)[0].replace(".", "")
    if not mailbox:
        raise RecordError("email.invalid")
    return f"{mailbox}@{domain}"


def unsuffixed_email(text: str, country: str) -> str:
    """Without what follows a plus, at any provider: `jane.doe+shop@example.com` is `jane.doe@example.com`."""
    lowered = email(text, country)
    local, domain = lowered.rsplit("@", 1)
    mailbox = local.split("+", 1)[0]
    if not mailbox:
        raise RecordError("email.invalid")
    return f"{mailbox}@{domain}"


def e164(text: str, country: str) -> str:
    """`090-1234-5678` in Japan is `+819012345678`."""
    if _MOBILE.fullmatch(text):
        return text
    if len(text) > _LONGEST_WRITTEN:
        raise RecordError("phone.invalid")
    written = _FLOAT.sub("", text.translate(_DASHES))
    ordinary = ordinary_japanese(written, country)
    if not ordinary and is_unassigned(written, country):
        raise RecordError("phone.invalid")
    return ordinary or looked_up(written, country)


def ordinary_japanese(text: str, country: str) -> str:
    """An ordinary Japanese number without a look into the world's numbering plans; empty where it is none.

    The same as `looked_up` for every text it answers.
    """
    national = _national_digits(text, country)
    return f"+81{national}" if _ORDINARY.fullmatch(national) else ""


def is_unassigned(text: str, country: str) -> bool:
    """Whether it is a Japanese number that nobody has, told without a look; `looked_up` refuses every one of these."""
    return _UNASSIGNED.fullmatch(_national_digits(text, country)) is not None


def _national_digits(text: str, country: str) -> str:
    """What follows +81, of a number written as Japanese numbers are; empty for any other."""
    if not (text.startswith("+81") or country == "JP"):
        return ""
    found = _JAPANESE.fullmatch(text)
    return found[1].replace(" ", "").replace("-", "") if found else ""


def looked_up(text: str, country: str) -> str:
    """The number by the world's numbering plans, as a cleansed column has it."""
    from kumitate.readings.phones import read_phone  # large: only where a phone is read that is not an ordinary one

    found: str | None = read_phone(" ".join(text.split()), country).value
    if found is None:
        raise RecordError("phone.invalid")
    return found


def digits(text: str, country: str) -> str:
    """`090-1234-5678` in Japan is `819012345678`."""
    return e164(text, country).removeprefix("+")


def domestic_digits(text: str, country: str) -> str:
    """As dialled inside Japan: `+81 90-1234-5678` is `09012345678`; a number of another country cannot match."""
    number = e164(text, country)
    if not number.startswith("+81"):
        raise RecordError("phone.foreign")
    return f"0{number.removeprefix('+81')}"
