"""法人番号 are thirteen digits of which the first checks the others."""

from __future__ import annotations

import pytest

from kumitate.cleanse.corporate_numbers import check_digit, corporate_number
from kumitate.errors import RecordError

TAX_AGENCY, DIGITAL_AGENCY, TOKYO = "7000012050002", "8000012010038", "8000020130001"
"""Numbers that authorities publish as their own."""


@pytest.mark.parametrize("number", [TAX_AGENCY, DIGITAL_AGENCY, TOKYO])
def test_numbers_that_are_in_use_pass(number: str) -> None:
    assert corporate_number(number) == number
    assert check_digit(number[1:]) == number[0]


@pytest.mark.parametrize(
    "written", ["７０００-０１２０５-０００２", "T7000012050002", "t7000012050002", " 7000 0120 5000 2 "]
)
def test_width_dashes_blanks_and_the_letter_of_invoices_do_not_matter(written: str) -> None:
    assert corporate_number(written) == TAX_AGENCY


@pytest.mark.parametrize(
    "written", ["7.00001E+12", "000012050002", "70000120500021", "0000012050002", "株式会社", "7,0"]
)
def test_what_is_not_thirteen_digits_is_refused(written: str) -> None:
    with pytest.raises(RecordError) as refused:
        corporate_number(written)
    assert refused.value.reason == "corporate_number.invalid"


@pytest.mark.parametrize("place", range(13))
def test_one_wrong_digit_is_found_but_for_nine_in_place_of_zero(place: int) -> None:
    """Modulo 9, a 0 and a 9 weigh the same: what the formula cannot see, we cannot either."""
    digit = int(TAX_AGENCY[place])
    for other in set(range(10)) - {digit, 0 if digit == 9 else 9 if digit == 0 else digit}:
        with pytest.raises(RecordError):
            corporate_number(TAX_AGENCY[:place] + str(other) + TAX_AGENCY[place + 1 :])


def test_nothing_is_nothing() -> None:
    assert corporate_number("　") is None
