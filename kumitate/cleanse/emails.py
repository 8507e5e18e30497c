"""E-mail addresses: lower case, half width, a domain in ASCII, valid syntax."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.domains import ascii_domain, is_domain
from kumitate.cleanse.text import TEXT_STEPS
from kumitate.cleanse.values import NOTHING, Reading, Step, stepped
from kumitate.errors import RecordError

# Japanese carriers gave out local parts with doubled and trailing dots; they are real.
_LOCAL_CHARACTERS = r"a-z0-9.!#$%&'*+/=?^_`{|}~-"
_LOCAL = re.compile(rf"[{_LOCAL_CHARACTERS}]{{1,64}}")
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_NOISE = " <>,;"
_SEVERAL = re.compile(r"[^@\s,;|/]+@[^@\s,;|/]+[\s,;|/]+[^@\s,;|/]+@")
_LONGEST = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets with its angle brackets."""


def _bare(value: str) -> str:
    """`mailto:a@x.jp` and `Taro <a@x.jp>` are `a@x.jp`."""
    named = _NAMED.fullmatch(value)
    return (named[1] if named else value).strip(_NOISE).removeprefix("mailto:").strip(_NOISE).rstrip(_NOISE + ".")


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


# At most 253 characters with these bounds, so that the whole is never too long; the few that are longer are read.
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_PLAIN = rf"^[{_LOCAL_CHARACTERS}]{{1,64}}@(?:{_LABEL}\.){{1,4}}[a-z]{{2,24}}$"


def _trimmed(values: pa.Array) -> pa.Array:
    return pc.ascii_trim(values, " ")


def _nothing(values: pa.Array) -> pa.Array:
    return pa.nulls(len(values), pa.string())


SHORTCUTS = (
    Shortcut(_PLAIN),
    Chain("^[ -~]*[!-~][ -~]*$", (("blanks", _trimmed), ("case", pc.ascii_lower)), _PLAIN),
    Shortcut("^[!-~]+$", _nothing, "email.invalid", unless="@"),
)


def local_and_domain(values: pa.Array) -> Mapping[str, pa.Array]:
    found = pc.extract_regex(values, r"^(?P<local>.*)@(?P<domain>[^@]*)$")
    return {part: pc.struct_field(found, part) for part in ("local", "domain")}


email_way = partial(Way, read_email, SHORTCUTS, local_and_domain)

GMAIL = frozenset({"gmail.com", "googlemail.com"})


def email_matching_form(email: str) -> str:
    """A cleansed address in the form that tells mailboxes apart: to compare by, never to send to.

    Gmail alone delivers `a.b+shop@googlemail.com` and `ab@gmail.com` to one mailbox: it ignores dots and what follows a
    plus (support.google.com/mail/answer/7436150 and /mail/answer/22370). Other providers, and Google Workspace under a
    company's own domain, may give a.b and ab to two people: there the address stays as it is.
    """
    local, _, domain = email.rpartition("@")
    if domain not in GMAIL:
        return email
    mailbox = local.partition("+")[0].replace(".", "")
    return f"{mailbox}@gmail.com" if mailbox else email
