"""What becomes of names and of ways to reach a person."""

from typing import Any

import pytest

from harness.cleansing import outcome, parts
from kumitate.cleanse.emails import email_matching_form
from kumitate.cleanse.kana import with_large_kana
from kumitate.cleanse.variants import variants
from kumitate.config.source import Semantic


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("髙橋　一郎 様", "高橋 一郎"),
        ("𠮷田 さん", "吉田"),
        ("渡邉", "渡辺"),
        ("O'Neill", "O'Neill"),
        ("O’Brien", "O'Brien"),
        ("O´Brien", "O'Brien"),
        ("Jean‐Luc", "Jean-Luc"),
        ("McDONALD", "McDONALD"),
        ("Vincent van Gogh", "Vincent van Gogh"),
        ("José Núñez", "José Núñez"),
        ("Jose\u0301", "José"),
        ("Mr. Taro Yamada", "Taro Yamada"),
        ("Dr", "Dr"),
        ("マリ-・クレ－ル", "マリー・クレール"),
        ("葛\U000e0100城", "葛城"),
        ("山田😀太郎", "山田太郎"),
        ("鵜殿", "鵜殿"),
        ("山田殿", "山田"),
        ("山田先生", "山田"),
        ("様", "様"),
        ("ハ゛ラ 太郎", "バラ 太郎"),
        ("Frau Müller", "Müller"),
        ("Sra. García", "García"),
        ("Mme Dupont", "Dupont"),
        ("김철수님", "김철수"),
        ("王小明 女士", "王小明"),
        ("女士", "女士"),
        ("---", "name.no_letter"),
        ("😀", "name.no_letter"),
        ("　", None),
    ],
)
def test_name(given: str, clean: Any) -> None:
    assert outcome(Semantic.NAME, given) == clean


def test_no_variant_leads_to_another_variant() -> None:
    assert not set(variants()) & set(variants().values())


def test_two_names_that_look_alike_stay_two() -> None:
    for one, other in ("斎斉", "崎埼", "畑畠", "余餘", "柏栢"):
        assert outcome(Semantic.NAME, one) != outcome(Semantic.NAME, other)


@pytest.mark.parametrize("written", ["髙崎", "高﨑", "高嵜", "高碕"])
def test_variants_of_one_name_meet(written: str) -> None:
    assert outcome(Semantic.NAME, written) == "高崎"


@pytest.mark.parametrize(
    ("given", "family", "given_name"),
    [
        ("髙橋　一郎", "高橋", "一郎"),
        ("ヤマダ タロウ", "ヤマダ", "タロウ"),
        ("Yamada, Taro", "Yamada", "Taro"),
        ("YAMADA Taro", "YAMADA", "Taro"),
        ("Taro YAMADA", "YAMADA", "Taro"),
        ("Taro Yamada", "Yamada", "Taro"),
        ("高橋一郎", None, None),
        ("Vincent van Gogh", None, None),
        ("", None, None),
    ],
)
def test_a_name_is_taken_apart_where_it_says_itself_where_to(
    given: str, family: str | None, given_name: str | None
) -> None:
    assert parts(Semantic.NAME, given, "family", "given") == (family, given_name)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("やまだ", "ヤマダ"),
        ("カ゛", "ガ"),
        ("ﾖｰｺ", "ヨーコ"),
        ("ヨ-コ", "ヨーコ"),
        ("ゔぁ", "ヴァ"),
        ("ﾞ", "kana.no_letter"),
        ("ｱﾞ", "ア"),
        ("ヨ一コ", "ヨーコ"),
        ("ヨ〜コ", "ヨーコ"),
        ("ｼｬﾄｰ", "シャトー"),
        ("シヤトー", "シヤトー"),
        ("みすゞ", "ミスヾ"),
        ("--", "kana.no_letter"),
    ],
)
def test_kana(given: str, clean: str) -> None:
    assert outcome(Semantic.KANA, given) == clean


def test_small_kana_are_large_only_in_the_form_to_match_by() -> None:
    assert with_large_kana("シャトー") == with_large_kana("シヤトー") == "シヤトー"


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("㈱山田商店", "山田商店"),
        ("山田商店 株式会社", "山田商店"),
        ("Yamada Trading Co., Ltd.", "Yamada Trading"),
        ("Example, Inc.", "Example"),
        ("株式会社", "株式会社"),
        ("㍿山田 御中", "山田"),
        ("医療法人社団 山田会", "山田会"),
        ("ｶ)ﾔﾏﾀﾞ", "ヤマダ"),
        ("ヤマダ(カ", "ヤマダ"),
        ("Müller GmbH & Co. KG", "Müller"),
        ("Studio ag", "Studio ag"),
        ("Studio AG", "Studio"),
        ("・・・", "company.no_letter"),
    ],
)
def test_company(given: str, clean: str) -> None:
    assert outcome(Semantic.COMPANY, given) == clean


def test_a_companys_form_is_told_in_one_writing() -> None:
    for written in ("㈱山田", "山田(株)", "山田　株式会社", "ｶ)ﾔﾏﾀﾞ"):
        assert parts(Semantic.COMPANY, written, "form") == ("株式会社",)
    assert parts(Semantic.COMPANY, "Example co ltd", "form") == ("Co., Ltd.",)
    assert parts(Semantic.COMPANY, "山田商店", "form") == (None,)


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
        ("Taro <taro@example.com>", "taro@example.com"),
        ("taro@example.com.", "taro@example.com"),
        ("taro@日本語.jp", "taro@xn--wgv71a119e.jp"),
        ("taro@日本語。ＪＰ", "taro@xn--wgv71a119e.jp"),
        ("taro@straße.de", "taro@xn--strae-oqa.de"),
        ("太郎@example.jp", "email.invalid"),
        ('["taro@example.com"]', "email.invalid"),
        ('"taro..y."@example.ne.jp', "taro..y.@example.ne.jp"),
        ('"taro yamada"@example.com', "email.invalid"),
        ("a@example.com; b@example.com", "email.several"),
        (f"{'a' * 65}@example.com", "email.invalid"),
        ("", None),
    ],
)
def test_email(given: str, clean: Any) -> None:
    assert outcome(Semantic.EMAIL, given) == clean


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("t.aro+shop@gmail.com", "taro@googlemail.com", True),
        ("t.aro@example.com", "taro@example.com", False),
        ("taro+shop@outlook.com", "taro@outlook.com", False),
        ("+@gmail.com", "taro@gmail.com", False),
    ],
)
def test_only_gmail_ignores_dots_and_tags(one: str, other: str, are_same: bool) -> None:
    assert (email_matching_form(one) == email_matching_form(other)) is are_same


def test_an_email_is_taken_apart_at_its_at() -> None:
    assert parts(Semantic.EMAIL, "Taro@Example.com", "local", "domain") == ("taro", "example.com")


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
        # What libphonenumber says of Japan's plan, as facts.
        ("+81 090 1234 5678", "JP", "+819012345678"),
        ("０９０－１２３４－５６７８", "JP", "+819012345678"),
        ("090ー1234ー5678", "JP", "+819012345678"),
        ("060-1234-5678", "JP", "+816012345678"),
        ("110", "JP", "phone.invalid"),
        ("+81 (0)90-1234-5678", "JP", "+819012345678"),
        ("0081-90-1234-5678", "JP", "+819012345678"),
        ("010-81-90-1234-5678", "JP", "+819012345678"),
        ("03・1234・5678", "JP", "+81312345678"),
        # It cannot read an extension in Japanese; the number without it can be called.
        ("03-1234-5678 内線12", "JP", "+81312345678"),
        ("03-1234-5678(代)", "JP", "+81312345678"),
        ("090-1234-5678 （母）", "JP", "+819012345678"),
        # As a data frame writes numbers; the 0 is no digit, though with it this would be a number, too.
        ("30123456.0", "DE", "+4930123456"),
        ("9012345678.0", "JP", "+819012345678"),
        ("03-1234-5678 / 090-1234-5678", "JP", "phone.several"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("call me", "JP", "phone.invalid"),
        ("", "JP", None),
    ],
)
def test_phone(given: str, country_code: str, clean: Any) -> None:
    assert outcome(Semantic.PHONE, given, country=country_code) == clean


def test_a_phones_country_is_told() -> None:
    told = {number: parts(Semantic.PHONE, number, "country")[0] for number in ("090-1234-5678", "+12015550123", "x")}
    assert list(told.values()) == ["JP", "US", None]


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
    assert outcome(Semantic.POSTAL_CODE, given, country=country_code) == clean
