"""An e-mail address: lower case, half width, a domain in ASCII, valid syntax."""

from __future__ import annotations

import re

from kumitate.errors import RecordError
from kumitate.readings.domains import ascii_domain, is_domain
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import TEXT_STEPS

# Japanese carriers gave out local parts with doubled and trailing dots; they are real.
LOCAL_CHARACTERS = r"a-z0-9.!#$%&'*+/=?^_`{|}~-"
_LOCAL = re.compile(rf"[{LOCAL_CHARACTERS}]{{1,64}}")
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_QUOTED = re.compile(rf'"([{LOCAL_CHARACTERS}]{{1,64}})"(?=@)')
_NOISE = " <>,;"
_SEVERAL = re.compile(r"[^@\s,;|/]+@[^@\s,;|/]+[\s,;|/]+[^@\s,;|/]+@")
_LONGEST = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets with its angle brackets."""


def _bare(value: str) -> str:
    """`mailto:a@x.jp` and `Taro <a@x.jp>` are `a@x.jp`; so is `"a"@x.jp` (RFC 5321, 4.1.2)."""
    named = _NAMED.fullmatch(value)
    bare = (named[1] if named else value).strip(_NOISE).removeprefix("mailto:").strip(_NOISE).rstrip(_NOISE + ".")
    return _QUOTED.sub(r"\1", bare, count=1) if bare.startswith('"') else bare


def _with_ascii_domain(value: str) -> str:
    local, at, domain = value.rpartition("@")
    return value if domain.isascii() else f"{local}{at}{ascii_domain(domain)}"


_STEPS: tuple[Step, ...] = (
    *TEXT_STEPS,
    ("case", str.lower),
    ("notation", _bare),
    ("idn", _with_ascii_domain),
)


def read_email(value: str) -> Reading:
    """`"Ｔａｒｏ@Example.COM"` is `taro@example.com`; dots and tags stay, whatever the provider makes of them."""
    reading = stepped(value, _STEPS)
    if not reading.value:
        if reading.codes[-1:] == ("notation",):
            raise RecordError("email.invalid")
        return NOTHING
    if _SEVERAL.search(reading.value):
        raise RecordError("email.several")
    local, _, domain = reading.value.rpartition("@")
    if len(reading.value) > _LONGEST or not _LOCAL.fullmatch(local) or not is_domain(domain):
        raise RecordError("email.invalid")
    return reading
