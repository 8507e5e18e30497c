"""Columns of e-mail addresses (see `readings.emails`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.readings.emails import LOCAL_CHARACTERS, read_email

# At most 253 characters with these bounds, so that the whole is never too long; the few that are longer are read.
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_PLAIN = rf"^[{LOCAL_CHARACTERS}]{{1,64}}@(?:{_LABEL}\.){{1,4}}[a-z]{{2,24}}$"


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
