"""Values that stand where an identifier should and identify nobody: zeros, `test@`, 不明."""

from __future__ import annotations

import re

MOST_ROWS = 20
"""A value on more rows than this is shared (a shop's phone, a clerk's mail address), whatever it looks like."""

_SAYINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("says that there is none", re.compile(
        r"(?:n/?a|none|null|nil|nan|unknown|undefined|not available|no|-+|\.+|x+|\?+|tbd|なし|無し|無|不明|未登録|"
        r"未入力|該当なし|記載なし)(?:@.*)?", re.IGNORECASE)),
    ("one digit over and over", re.compile(r"\+?(?:81)?[\s().-]*(\d)(?:[\s().-]*\1){5,}")),
    ("digits counted up or down", re.compile(r"\+?(?:0?12345678\d*|01234567\d*|1234567|9876543210?)")),
    ("a test address", re.compile(
        r"(?:test\d*|dummy|sample|example|foo|hoge|aaa+|abc|no-?reply|nobody|noemail|no-?mail|guest|anonymous|xxx+|info|"
        r"admin)@.*|.*@(?:example\.(?:com|org|net)|test\.\w+|invalid|localhost|dummy\.\w+)", re.IGNORECASE)),
)  # fmt: skip


def placeholder(value: str) -> str:
    """Why a value can identify nobody, by its looks alone; an empty string where it may."""
    plain = value.strip()
    return next((why for why, pattern in _SAYINGS if pattern.fullmatch(plain)), "")
