"""Ids of devices and accounts: advertising ids, LINE users, X handles, the owner's own ids."""

from __future__ import annotations

import re

from kumitate.activation.matchkeys.keys import cleaned
from kumitate.errors import RecordError

_DEVICE = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LINE_USER = re.compile(r"U[0-9a-f]{32}")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_LONGEST_ID = 256


def lower_device_id(text: str, _country: str) -> str:
    """An advertising id in lower case with dashes; the zeros of a person who opted out are none."""
    if not _DEVICE.fullmatch(text):
        raise RecordError("device_id.invalid")
    if not text.strip("0-"):
        raise RecordError("device_id.opted_out")
    return text.lower()


def upper_device_id(text: str, country: str) -> str:
    """An advertising id in upper case with dashes, as iOS gives it."""
    return lower_device_id(text, country).upper()


def line_user_id(text: str, _country: str) -> str:
    """`U` and 32 hex digits in lower case, as LINE gave it."""
    if not _LINE_USER.fullmatch(text):
        raise RecordError("line_user_id.invalid")
    return text


def handle(text: str, _country: str) -> str:
    """A handle without its @, lower case: `@Jack` is `jack`."""
    bare = text.removeprefix("@")
    if not _HANDLE.fullmatch(bare):
        raise RecordError("handle.invalid")
    return bare.lower()


def number(text: str, _country: str) -> str:
    """A numeric account id."""
    if not (text.isascii() and text.isdecimal()):
        raise RecordError("id.invalid")
    return text


def own_id(text: str, _country: str) -> str:
    """The owner's own id of a person, as it is."""
    if len(text) > _LONGEST_ID or not text.isprintable():
        raise RecordError("external_id.invalid")
    return text


def folded_id(text: str, country: str) -> str:
    """The owner's own id in lower case without spaces, as Meta's own library hashes it."""
    return own_id("".join(text.split()).lower(), country)


def readable_id(text: str, country: str) -> str:
    """The owner's own id where it leaves readable: an e-mail address is refused."""
    if "@" in cleaned(text):
        raise RecordError("external_id.personal")
    return own_id(text, country)
