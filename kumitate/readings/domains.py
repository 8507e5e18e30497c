"""Domain names: lower case and ASCII, also those with other letters (IDN)."""

from __future__ import annotations

import re
import unicodedata

_DOMAIN = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])"
)
_FULL_STOPS = str.maketrans("。．｡", "...")


def is_domain(value: str) -> bool:
    """Whether it is a full domain of letters, digits and hyphens, with a top level of letters."""
    return _DOMAIN.fullmatch(value) is not None


def ascii_domain(value: str) -> str:
    """`日本語.jp` is `xn--wgv71a119e.jp`: labels in lower case and NFKC, other letters as punycode (RFC 3492).

    As UTS #46 without transitional processing: `ß` stays a letter of its own. A label that holds anything but
    letters, marks, digits and hyphens is left as it is, so that `is_domain` refuses it.
    """
    labels = value.translate(_FULL_STOPS).split(".")
    return ".".join(_ascii_label(label) for label in labels)


def _ascii_label(label: str) -> str:
    label = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
    if label.isascii() or not all(_may_stand(char) for char in label):
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def _may_stand(char: str) -> bool:
    return char in "-・" or unicodedata.category(char)[0] in "LMN"
