"""Every reason has its sentences, and some value for which it is given."""

from pathlib import Path

import pytest

from harness.cleansing import codes
from kumitate.cleanse.reasons import CHANGES, REASONS, UNUSABLE, is_unusable
from kumitate.config.source import Semantic
from kumitate.readings.limits import limit_of

S = Semantic
GIVEN_FOR: dict[str, tuple[Semantic, str]] = {
    "invisible": (S.TEXT, "a\u200bb"),
    "width": (S.TEXT, "ＡＢ"),
    "blanks": (S.TEXT, " a  b"),
    "line_ends": (S.FREE_TEXT, "a\r\nb"),
    "variant_kanji": (S.NAME, "髙橋"),
    "kana_script": (S.KANA, "やまだ"),
    "long_vowel": (S.KANA, "ヨ-コ"),
    "voice_mark": (S.KANA, "カ゛"),
    "apostrophe": (S.NAME, "O’Brien"),
    "dash": (S.NAME, "Jean‐Luc"),
    "emoji": (S.NAME, "山田😀"),
    "honorific": (S.NAME, "山田様"),
    "company_form": (S.COMPANY, "株式会社山田"),
    "case": (S.EMAIL, "A@example.com"),
    "idn": (S.EMAIL, "a@日本語.jp"),
    "e164": (S.PHONE, "090-1234-5678"),
    "trunk_zero": (S.PHONE, "+81 090-1234-5678"),
    "extension": (S.PHONE, "03-1234-5678 内線12"),
    "url_scheme": (S.URL, "www.example.com"),
    "era": (S.DATE, "令和3年4月1日"),
    "notation": (S.DATE, "2021/4/1"),
    "precision": (S.DECIMAL, "0.12345"),
    "currency": (S.MONEY, "¥5"),
    "country_name": (S.COUNTRY, "日本"),
    "language_name": (S.LANGUAGE, "日本語"),
    "text.invisible": (S.NAME, "\u200b \x92"),
    "id.several": (S.ID, "[1, 2]"),
    "id.says_none": (S.ID, "NULL"),
    "name.says_none": (S.NAME, "不明"),
    "kana.says_none": (S.KANA, "なし"),
    "company.says_none": (S.COMPANY, "N/A"),
    "integer.invalid": (S.INTEGER, "5.5"),
    "decimal.invalid": (S.DECIMAL, "five"),
    "money.invalid": (S.MONEY, "five"),
    "boolean.invalid": (S.BOOLEAN, "so so"),
    "date.invalid": (S.DATE, "2021-02-29"),
    "timestamp.invalid": (S.TIMESTAMP, "2021-02-28 25:00"),
    "birthdate.invalid": (S.BIRTHDATE, "1980-02-30"),
    "birthdate.future": (S.BIRTHDATE, "2027-01-01"),
    "birthdate.too_old": (S.BIRTHDATE, "1880-01-01"),
    "name.no_letter": (S.NAME, "---"),
    "kana.no_letter": (S.KANA, "ー"),
    "company.no_letter": (S.COMPANY, "---"),
    "corporate_number.invalid": (S.CORPORATE_NUMBER, "12"),
    "corporate_number.check_digit": (S.CORPORATE_NUMBER, "1000012050002"),
    "email.invalid": (S.EMAIL, "a@example"),
    "email.several": (S.EMAIL, "a@example.com,b@example.com"),
    "phone.invalid": (S.PHONE, "110"),
    "phone.several": (S.PHONE, "03-1234-5678, 090-1234-5678"),
    "postal_code.invalid": (S.POSTAL_CODE, "100"),
    "gender.invalid": (S.GENDER, "??"),
    "country.invalid": (S.COUNTRY, "Atlantis"),
    "language.unknown": (S.LANGUAGE, "Klingon"),
    "url.invalid": (S.URL, "javascript:alert(1)"),
    "json.invalid": (S.JSON, "{a: 1}"),
    # Held to more cases by the tests of addresses.
    "prefecture_added": (S.ADDRESS, "千代田区紀尾井町1-2"),
    "address_unparsed": (S.ADDRESS, "somewhere"),
    "postal_code_unlisted": (S.POSTAL_CODE, "999-9999"),
    "leading_zero": (S.POSTAL_CODE, "600001"),
}
PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "cleansing.md"
ELSEWHERE = {"prefecture_unsure", "city_unsure", "former_municipality", "town_unlisted", "country_unknown"}
"""Given for addresses that only the postal master tells apart, and where no country is said: see the tests of those."""


@pytest.mark.parametrize("code", GIVEN_FOR)
def test_each_reason_is_given_by_some_value(code: str) -> None:
    semantic, value = GIVEN_FOR[code]
    assert code in (codes(semantic, value) or "").split()


@pytest.mark.parametrize("semantic", Semantic)
def test_what_cannot_be_seen_is_told_of_and_a_blank_says_nothing(semantic: Semantic) -> None:
    assert codes(semantic, "\u200b\x01") in ("text.invisible", f"{semantic}.invalid")
    assert codes(semantic, " \u3000") is None


@pytest.mark.parametrize("semantic", Semantic)
def test_a_text_beyond_its_limit_is_too_long(semantic: Semantic) -> None:
    assert codes(semantic, "1" * (limit_of(semantic) + 1)) == f"{semantic}.too_long"


def test_no_reason_is_without_a_case() -> None:
    too_long = {f"{semantic}.too_long" for semantic in Semantic}
    assert set(REASONS) == set(GIVEN_FOR) | too_long | ELSEWHERE


def test_a_code_tells_by_itself_whether_the_value_was_dropped() -> None:
    assert all(map(is_unusable, UNUSABLE))
    assert not any(map(is_unusable, CHANGES))


def test_every_reason_speaks_english_and_japanese() -> None:
    for reason in REASONS.values():
        assert reason.en[0].isascii()
        assert reason.en.endswith(".")
        assert not reason.ja.isascii()
        assert reason.ja.endswith("。")


def test_the_docs_list_every_reason_in_its_words() -> None:
    page = PAGE.read_text(encoding="utf-8")
    said = {code: f"| `{code}` | {reason.en} | {reason.ja} |" for code, reason in REASONS.items()}
    assert [code for code, line in said.items() if line not in page and not code.endswith(".too_long")] == []
