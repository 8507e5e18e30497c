"""What becomes of words and codes with a fixed meaning, of web addresses; and which changes are told."""

from typing import Any

import pytest

from harness.cleansing import codes, outcome
from kumitate.config.source import Semantic


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("TRUE", True),
        ("はい", True),
        ("１", True),
        ("0", False),
        ("いいえ", False),
        ("済み", True),
        ("希望しない", False),
        ("✓", True),
        ("1.0", True),
        ("拒否", "boolean.invalid"),
        ("", None),
        ("so so", "boolean.invalid"),
    ],
)
def test_boolean(given: str, clean: Any) -> None:
    assert outcome(Semantic.BOOLEAN, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("男性", "male"),
        ("F", "female"),
        ("2", "female"),
        ("その他", "other"),
        ("男子", "male"),
        ("ｼﾞｮｾｲ", "female"),
        ("♀", "female"),
        ("Mr.", "male"),
        ("Frau", "female"),
        ("여성", "female"),
        ("Prefer not to say", None),
        ("答えたくない", None),
        ("未回答", None),
        ("??", "gender.invalid"),
    ],
)
def test_gender(given: str, clean: Any) -> None:
    assert outcome(Semantic.GENDER, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("jp", "JP"),
        ("United Kingdom", "GB"),
        ("EIRE", "IE"),
        ("The Netherlands", "NL"),
        ("日本", "JP"),
        ("U.S.A.", "US"),
        ("N.A.", "country.invalid"),
        ("Korea, Republic of", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("Taiwan, Province of China", "TW"),
        ("Republic of China", "TW"),
        ("People's Republic of China", "CN"),
        ("Republic of the Congo", "CG"),
        ("Congo, The Democratic Republic of the", "CD"),
        ("Federal Republic of Nigeria", "NG"),
        ("Cote d’Ivoire", "CI"),
        ("St. Kitts & Nevis", "KN"),
        ("España", "ES"),
        ("Österreich", "AT"),
        ("대한민국", "KR"),
        ("ジョージア", "GE"),
        ("ヴェトナム", "VN"),
        ("ボスニアヘルツェゴビナ", "BA"),
        ("ドイツ連邦共和国", "DE"),
        ("ドミニカ国", "DM"),
        ("ドミニカ共和国", "DO"),
        ("共和国", "country.invalid"),
        ("Atlantis", "country.invalid"),
    ],
)
def test_country(given: str, clean: Any) -> None:
    assert outcome(Semantic.COUNTRY, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [(' {"a": 1}', '{"a": 1}'), ("", None), ("{a: 1}", "json.invalid"), ("NaN", "json.invalid")],
)
def test_json(given: str, clean: Any) -> None:
    assert outcome(Semantic.JSON, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("JA", "ja"),
        ("ja_JP.UTF-8", "ja-JP"),
        ("jpn", "ja"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("iw", "he"),
        ("Japanese", "ja"),
        ("日本語", "ja"),
        ("中国語（繁体字）", "zh-Hant"),
        ("JP", "language.unknown"),
        ("Klingon", "language.unknown"),
        ("", None),
    ],
)
def test_language(given: str, clean: Any) -> None:
    assert outcome(Semantic.LANGUAGE, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("HTTPS://Example.COM/Path?utm_source=A#B", "https://example.com/Path?utm_source=A#B"),
        ("https://日本語.jp/あ", "https://xn--wgv71a119e.jp/あ"),
        ("www.example.com/a", "https://www.example.com/a"),
        ("ｈｔｔｐ：／／ｅｘａｍｐｌｅ．ｊｐ／Ａ", "http://example.jp/A"),
        ("http://example.jp/Ａ", "http://example.jp/Ａ"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("android-app://Com.Example/", "android-app://Com.Example/"),
        ("javascript:alert(1)", "url.invalid"),
        ("https://example", "url.invalid"),
        ("https://example.com/a b", "url.invalid"),
        ("", None),
    ],
)
def test_url(given: str, clean: Any) -> None:
    assert outcome(Semantic.URL, given) == clean


@pytest.mark.parametrize(
    ("semantic", "given", "why"),
    [
        (Semantic.NAME, "髙橋　一郎 様", "width variant_kanji honorific"),
        (Semantic.NAME, "高橋 一郎", None),
        (Semantic.KANA, "やまだ　たろう", "width kana_script"),
        (Semantic.COMPANY, "㈱山田", "width company_form"),
        (Semantic.EMAIL, " A@日本語.jp", "blanks case idn"),
        (Semantic.PHONE, "+81 090 1234 5678", "trunk_zero e164"),
        (Semantic.PHONE, "+819012345678", None),
        (Semantic.DATE, "令和3年4月1日", "era"),
        (Semantic.DATE, "2021-04-01", None),
        (Semantic.COUNTRY, "日本", "country_name"),
        (Semantic.GENDER, "不明", None),
    ],
)
def test_each_change_is_told_in_the_order_it_was_made(semantic: Semantic, given: str, why: str | None) -> None:
    assert codes(semantic, given) == why
