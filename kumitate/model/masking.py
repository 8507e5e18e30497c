"""Shows a personal value so that its owner recognises it and nobody else does."""

from __future__ import annotations

import re

_STAR = "*"
_DIGITS_OF_A_PHONE = 9
_SHOWN_DIGITS = 4
_MOST_STARS = 8


def mask(value: str) -> str:
    """`taro@example.co.jp` is `t***@e***.jp`, `03-1234-5678` is `*********5678`, `田中` is `田*`, `田` is `*`."""
    if "@" in value:
        return _mask_email(value)
    digits = sum(character.isdigit() for character in value)
    if digits >= _DIGITS_OF_A_PHONE and re.fullmatch(r"[\d+\-() .]+", value):
        return _STAR * (len(value) - _SHOWN_DIGITS) + value[-_SHOWN_DIGITS:]
    return value[: len(value) > 1] + _STAR * min(max(len(value) - 1, 1), _MOST_STARS)


def _mask_email(value: str) -> str:
    name, _, domain = value.rpartition("@")
    last = domain.rpartition(".")[2] if "." in domain else ""
    return f"{name[:1]}***@{domain[:1]}***{'.' if last else ''}{last}"
