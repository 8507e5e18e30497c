"""What becomes of names, of ways to reach a person, and of words with a fixed meaning."""

from typing import Any

import pytest

from kumitate.cleanse.codes import boolean, country, gender, json_text
from kumitate.cleanse.contacts import address, email, phone, postal_code
from kumitate.cleanse.names import VARIANTS, company, kana, name
from kumitate.errors import RecordError


def outcome(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except RecordError as error:
        return error.reason


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("髙橋　一郎 様", "高橋 一郎"),
        ("𠮷田 さん", "吉田"),
        ("渡邉", "渡辺"),
        ("O'Neill", "O'Neill"),
        ("様", "様"),
    ],
)
def test_name(given: str, clean: str) -> None:
    assert name(given) == clean


def test_no_variant_leads_to_another_variant() -> None:
    assert not set(VARIANTS) & set(VARIANTS.values())


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("やまだ", "ヤマダ"),
        ("カ゛", "ガ"),
        ("ﾖｰｺ", "ヨーコ"),
        ("ヨ-コ", "ヨーコ"),
        ("ゔぁ", "ヴァ"),
    ],
)
def test_kana(given: str, clean: str) -> None:
    assert kana(given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("㈱山田商店", "山田商店"),
        ("山田商店 株式会社", "山田商店"),
        ("Yamada Trading Co., Ltd.", "Yamada Trading"),
        ("Example, Inc.", "Example"),
        ("株式会社", "株式会社"),
        ("Incorporate Media", "Incorporate Media"),
    ],
)
def test_company(given: str, clean: str) -> None:
    assert company(given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        (" Taro.Yamada@Example.COM ", "taro.yamada@example.com"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("mailto:taro+shop@example.com", "taro+shop@example.com"),
        ("taro..y.@example.ne.jp", "taro..y.@example.ne.jp"),
        ("taro@example", "email.invalid"),
        ("taro@@example.com", "email.invalid"),
        ("taro yamada@example.com", "email.invalid"),
        ("", None),
    ],
)
def test_email(given: str, clean: Any) -> None:
    assert outcome(email, given) == clean


@pytest.mark.parametrize(
    ("given", "country_code", "clean"),
    [
        ("090-1234-5678", "JP", "+819012345678"),
        ("（０９０）１２３４ー５６７８", "JP", "+819012345678"),
        ("+81 90 1234 5678", "JP", "+819012345678"),
        ("03-3210-1234", "JP", "+81332101234"),
        ("+33 2 61 91 12 34", "JP", "+33261911234"),
        ("02 61 91 12 34", "FR", "+33261911234"),
        ("0000000000", "JP", "phone.invalid"),
        ("12345", "JP", "phone.invalid"),
        ("call me", "JP", "phone.invalid"),
        ("", "JP", None),
    ],
)
def test_phone(given: str, country_code: str, clean: Any) -> None:
    assert outcome(phone, given, country_code) == clean


@pytest.mark.parametrize(
    ("given", "country_code", "clean"),
    [
        ("〒１００－０００１", "JP", "100-0001"),
        ("1000001", "JP", "100-0001"),
        ("100", "JP", "postal_code.invalid"),
        (" sw1a  1aa", "GB", "SW1A 1AA"),
        ("", "JP", None),
    ],
)
def test_postal_code(given: str, country_code: str, clean: Any) -> None:
    assert outcome(postal_code, given, country_code) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("東京都千代田区丸の内１丁目２番３号　サンハイツ１０１号室", "東京都千代田区丸の内1-2-3サンハイツ101号室"),
        ("千代田区丸の内一丁目2‐3", "千代田区丸の内1-2-3"),
        ("京都市中京区二十三丁目4番地5", "京都市中京区23-4-5"),
        ("一番町4番地の5", "一番町4-5"),
        ("札幌市北区3番街 2ー1", "札幌市北区3番街2-1"),
        ("スーパーハイツ 1-2", "スーパーハイツ1-2"),
        ("10 Downing Street,  London", "10 Downing Street, London"),
    ],
)
def test_address(given: str, clean: str) -> None:
    assert address(given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("TRUE", True),
        ("はい", True),
        ("１", True),
        ("0", False),
        ("いいえ", False),
        ("", None),
        ("so so", "boolean.invalid"),
    ],
)
def test_boolean(given: str, clean: Any) -> None:
    assert outcome(boolean, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("男性", "male"),
        ("F", "female"),
        ("2", "female"),
        ("その他", "other"),
        ("未回答", None),
        ("??", "gender.invalid"),
    ],
)
def test_gender(given: str, clean: Any) -> None:
    assert outcome(gender, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("jp", "JP"),
        ("United Kingdom", "GB"),
        ("EIRE", "IE"),
        ("The Netherlands", "NL"),
        ("日本", "JP"),
        ("Atlantis", "country.invalid"),
    ],
)
def test_country(given: str, clean: Any) -> None:
    assert outcome(country, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [(' {"a": 1}', '{"a": 1}'), ("", None), ("{a: 1}", "json.invalid"), ("NaN", "json.invalid")],
)
def test_json(given: str, clean: Any) -> None:
    assert outcome(json_text, given) == clean
