"""Postal codes: Japan's against the master, other countries' by their shape."""

import pyarrow as pa
import pytest

from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.postal_codes import postal_code_cleanser, read_postal_code
from kumitate.cleanse.reasons import REASONS
from kumitate.errors import RecordError


def cleansed(country: str, *values: str | None) -> list[tuple[str | None, str | None]]:
    found = postal_code_cleanser(country)(pa.array(values, pa.string()))
    return list(zip(found.values.to_pylist(), found.reasons.to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("100-0001", ("100-0001", None)),
        ("1000001", ("100-0001", "notation")),
        ("〒１００－０００１", ("100-0001", "width notation")),
        ("100 0001", ("100-0001", "notation")),
        ("100ー0001", ("100-0001", "notation")),
        ("999-9999", ("999-9999", "postal_code_unlisted")),
        ("600000", ("060-0000", "notation leading_zero")),
        ("64-0941", ("064-0941", "notation leading_zero")),
        ("100-000", (None, "postal_code.invalid")),
        ("1000001.0", ("100-0001", "notation")),
        ("600001.0", ("060-0001", "notation leading_zero")),
        ("999999", (None, "postal_code.invalid")),
        ("100", (None, "postal_code.invalid")),
        ("abc", (None, "postal_code.invalid")),
        ("-", (None, "postal_code.invalid")),
        ("1" * 101, (None, "postal_code.too_long")),
        ("\u3000", (None, None)),
        (None, (None, None)),
    ],
)
def test_japanese_codes(given: str | None, expected: tuple[str | None, str | None]) -> None:
    assert cleansed("JP", given) == [expected]


@pytest.mark.parametrize(
    ("country", "given", "expected"),
    [
        ("US", "12345", "12345"),
        ("US", "12345 6789", "12345-6789"),
        ("US", "1234", None),
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", "M1 1AE", "M1 1AE"),
        ("GB", "12345", None),
        ("CA", "k1a 0b1", "K1A 0B1"),
        ("DE", "D-10115", "10115"),
        ("CH", "8001", "8001"),
        ("NL", "1234ab", "1234 AB"),
        ("BR", "01310100", "01310-100"),
        ("TW", "10617", "10617"),
        ("ZZ", "ab  12", "AB 12"),
    ],
)
def test_codes_of_other_countries(country: str, given: str, expected: str | None) -> None:
    assert cleansed(country, given)[0][0] == expected


def test_a_single_value_is_read_as_a_column_is() -> None:
    assert read_postal_code("1000001", country="JP").value == "100-0001"
    assert read_postal_code(" ", country="JP").value is None
    with pytest.raises(RecordError, match=r"postal_code\.invalid"):
        read_postal_code("x", country="JP")


def test_every_code_has_its_sentences() -> None:
    told = {"postal_code_unlisted", "leading_zero", "postal_code.invalid", "postal_code.too_long", "notation"}
    assert told <= set(REASONS)


def test_a_code_tells_its_municipality() -> None:
    city = master().city_of(1020094)
    assert city is not None
    assert (city.prefecture, city.name) == ("東京都", "千代田区")
    assert master().city_of(9_999_999) is None
