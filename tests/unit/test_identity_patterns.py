"""Blocked patterns mean the same on every engine."""

import re

import pytest

from kumitate.identity.patterns import portable


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        (r"0+", r"0+"),
        (r"\d{4}", r"[0-9]{4}"),
        (r"[\d-]+", r"[0-9-]+"),
        (r"[^\w]", r"[^A-Za-z0-9_]"),
        (r"[]\d]", r"[]0-9]"),
        (r"a\.b\sc", r"a\.b[ \t]c"),
        (r"\\d", r"\\d"),
        (r"\[\d", r"\[[0-9]"),
        (r"[a\]\d]", r"[a\]0-9]"),
    ],
)
def test_classes_are_spelled_out(written: str, spelled: str) -> None:
    assert portable(written) == spelled


def test_a_spelled_out_pattern_matches_the_same_ascii() -> None:
    pattern = r"(test|dummy)\d*@[\w.-]+"
    for value in ("test@example.com", "dummy12@a-b.jp", "test１@example.com", "person@example.com"):
        assert bool(re.fullmatch(portable(pattern), value)) is bool(re.fullmatch(pattern, value, re.ASCII))
