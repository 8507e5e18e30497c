"""Masked values tell their owner enough, and others too little."""

import pytest

from kumitate.model.masking import mask


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("taro@example.co.jp", "t***@e***.jp"),
        ("taro@localhost", "t***@l***"),
        ("田中", "田*"),
        ("田", "*"),
        ("Amelie", "A*****"),
        ("+81312345678", "********5678"),
        ("03-1234-5678", "********5678"),
        ("1000001", "1******"),
        ("東京都千代田区丸の内一丁目", "東********"),
        ("", "*"),
    ],
)
def test_a_value_is_masked(value: str, shown: str) -> None:
    assert mask(value) == shown


@pytest.mark.parametrize("value", ["taro.yamada@example.com", "山田太郎", "090-1234-5678", "東京都千代田区"])
def test_more_than_half_of_a_value_is_hidden(value: str) -> None:
    kept = sum(1 for character in mask(value) if character not in "*@.")
    assert kept < len(value) / 2
