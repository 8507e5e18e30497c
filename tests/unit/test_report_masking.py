"""A value's shape tells what is wrong with it, and not whose it is."""

import time

import pytest

from kumitate.report.masking import message_shape, payload_shape, shape


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("090-1234-5678", "999-9999-9999"),
        ("０９０", "９９９"),
        ("Hanako@Example.jp", "Aaaaaa@Aaaaaaa.aa"),
        ("山田 はなこ ハナコ ﾊﾅｺ", "漢漢 あああ アアア ｱｱｱ"),
        ("佐々木", "漢漢漢"),
        ("令和99年13月1日", "令和99年99月9日"),
        ("a\x00b", "a�a"),
        ("山田\u3000花子", "漢漢\u3000漢漢"),
        ("a\nb", "a↵a"),
        ("x" * 200, "a" * 60 + "…"),
    ],
)
def test_a_shape_keeps_signs_and_scripts_only(value: str, seen: str) -> None:
    assert shape(value) == seen


def test_a_payload_shows_the_field_that_failed() -> None:
    assert payload_shape('{"name": "花子", "birthdate": "1990-13-40"}', "birthdate") == "9999-99-99"


def test_a_payload_without_such_a_field_shows_the_row() -> None:
    assert payload_shape('{"name": "花子", "age": 30}', "") == "漢漢 | 99"


@pytest.mark.parametrize(
    ("payload", "seen"), [("base64:AAAAAAAA", "(6 bytes)"), ("not json 1", "aaa aaaa 9"), ("7", "9")]
)
def test_what_is_no_row_is_shown_by_its_shape_too(payload: str, seen: str) -> None:
    assert payload_shape(payload, "email") == seen


@pytest.mark.parametrize(
    "message",
    [
        "invalid address hanako@example.jp",
        "no such number +81 90-1234-5678",
        "member 9f86d081884c7d659a2feaa0c55ad015 unknown",
        'value "Hanako" is refused',
        "「花子」は使えません",
    ],
)
def test_a_message_loses_what_looks_like_a_person(message: str) -> None:
    masked = message_shape(message, ())
    assert "…" in masked
    for personal in ("hanako", "1234", "9f86d081", "Hanako", "花子"):
        assert personal not in masked


def test_a_message_keeps_its_own_words_where_the_rows_values_are_known() -> None:
    assert message_shape("花子様の住所は必須です", {"花子"}) == "…様の住所は必須です"


def test_a_name_echoed_in_part_is_taken_out_too() -> None:
    assert message_shape("last name Yamada is too long", {"Hanako Yamada"}) == "last name … is too long"


def test_a_page_without_an_address_is_read_in_the_time_of_its_length() -> None:
    began = time.process_time()
    assert message_shape("x" * 50_000 + " taro@example.com", {"Taro"}).startswith("xxx")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("words", ["to taro@example.com", "<taro@example.com>", "a@b@taro@example.com", "花taro@例.jp"])
def test_an_address_is_hidden_wherever_it_stands(words: str) -> None:
    assert "taro" not in message_shape(words, {"Hanako"})
