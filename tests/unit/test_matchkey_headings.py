"""Columns of anybody's table give match keys by the headings that people write, in English and Japanese."""

import pytest

from kumitate.activation.matchkeys.headings import field_of, fields_of


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("メール", "email"),
        ("電話番号", "phone"),
        ("姓", "family_name"),
        ("名", "given_name"),
        ("セイ", "family_name_kana"),
        ("郵便番号", "postal_code"),
        ("Last Name", "family_name"),
        ("first_name", "given_name"),
        ("E-Mail Address", "email"),
        ("Zip Code", "postal_code"),
        ("都道府県", "state"),
        ("LINEユーザーID", "line_user_id"),
        ("IDFA", "idfa"),
        ("備考", None),
    ],
)
def test_headings_are_read_as_people_write_them(heading: str, field: str | None) -> None:
    assert field_of(heading) == field


def test_of_two_columns_for_one_field_the_first_is_taken() -> None:
    assert fields_of(["メール", "Eメール", "電話"]) == {"email": "メール", "phone": "電話"}


def test_a_column_of_the_very_name_goes_before_one_that_is_named_like_it() -> None:
    assert fields_of(["email_updated_at", "E-Mail", "Email", "tel", "phone"]) == {"email": "Email", "phone": "phone"}


def test_a_column_device_id_finds_devices_on_every_platform_that_looks_for_them() -> None:
    assert fields_of(["device_id"]) == {"madid": "device_id"}
