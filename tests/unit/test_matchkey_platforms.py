"""Every platform gets the string it hashes itself, also of Japanese data; a field that cannot match goes alone."""

import hashlib
import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kumitate.activation.matchkeys import (
    AMAZON_ADS_V1,
    CRITEO_2027_01,
    GOOGLE_DATA_MANAGER_V1,
    LINE_V2,
    LY_AUDIENCE_V19,
    META_CONVERSIONS_V26,
    META_V26,
    PLATFORMS,
    RULE_SETS,
    TIKTOK_V13,
    TIKTOK_V13_WITHOUT_PLUS,
    X_V12,
    YAHOO_CONVERSION_V1,
    RuleSet,
    match_keys,
    readable_keys,
)
from kumitate.activation.matchkeys.kana import roman

VECTORS = json.loads((Path(__file__).parent / "matchkey_vectors.json").read_text(encoding="utf-8"))
ZEROS = "00000000-0000-0000-0000-000000000000"
DEVICE = "4B61639E-47CC-4056-A16A-C8217E029462"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def said(rules: RuleSet, home: str = "JP", **fields: Any) -> dict[str, str]:
    """The strings a platform hashes, before they are hashed."""
    return dict(readable_keys(rules, fields, country=home).values)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['rules']}-{each['field']}-{each['sha256'][:8]}")
def test_published_vectors_hold(vector: dict[str, str]) -> None:
    rules = RULE_SETS[vector["rules"]]
    keys = match_keys(rules, {vector["field"]: vector["given"]}, country=vector.get("country", "JP"))
    assert keys.values[vector["field"]] == vector["sha256"]
    assert vector["source"].startswith("https://")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (GOOGLE_DATA_MANAGER_V1, "+819012345678"),
        (META_V26, "819012345678"),
        (META_CONVERSIONS_V26, "819012345678"),
        (TIKTOK_V13, "+819012345678"),
        (TIKTOK_V13_WITHOUT_PLUS, "819012345678"),
        (X_V12, "+819012345678"),
        (CRITEO_2027_01, "819012345678"),
        (LY_AUDIENCE_V19, "819012345678"),
        (YAHOO_CONVERSION_V1, "09012345678"),
        (AMAZON_ADS_V1, "819012345678"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_one_japanese_phone_is_another_string_on_every_platform(rules: RuleSet, expected: str) -> None:
    for written in (
        "090-1234-5678",
        "０９０－１２３４－５６７８",
        "+81 (0)90-1234-5678",
        "090−1234−5678",
        "9012345678",
    ):
        assert said(rules, phone=written)["phone"] == expected
        assert match_keys(rules, {"phone": written}, country="JP").values["phone"] == sha(expected)


@pytest.mark.parametrize("rules", [META_V26, META_CONVERSIONS_V26, AMAZON_ADS_V1], ids=lambda rules: rules.name)
def test_japanese_places_survive(rules: RuleSet) -> None:
    found = said(rules, city="大阪市", state="東京都", postal_code="〒150-0001")
    assert found.items() >= {"city": "大阪市", "state": "東京都", "postal_code": "1500001"}.items()
    assert said(META_V26, city=" São Paulo ")["city"] == "sãopaulo"


@pytest.mark.parametrize("rules", [META_V26, META_CONVERSIONS_V26, GOOGLE_DATA_MANAGER_V1, AMAZON_ADS_V1])
def test_japanese_names_survive_with_their_own_glyphs(rules: RuleSet) -> None:
    assert said(rules, family_name="山田")["family_name"] == "山田"
    assert said(rules, family_name="髙橋")["family_name"] == "髙橋"
    assert said(rules, family_name="葛\U000e0100城")["family_name"] == "葛城"
    assert said(rules, family_name="田\u200b中")["family_name"] == "田中"
    assert said(rules, given_name="ﾀﾛｳ")["given_name"] == "タロウ"


def test_meta_gets_the_roman_name_where_its_reading_is_known() -> None:
    names = {"family_name": "髙橋", "given_name": "太郎", "family_name_kana": "タカハシ", "given_name_kana": "たろう"}
    for rules in (META_V26, META_CONVERSIONS_V26):
        assert said(rules, **names).items() >= {"family_name": "takahashi", "given_name": "taro"}.items()
        assert said(rules, **names, given_name_roman="Taroh")["given_name"] == "taroh"
    assert said(GOOGLE_DATA_MANAGER_V1, **names)["family_name"] == "髙橋"


def test_a_reading_that_is_none_leaves_the_name_as_it_is() -> None:
    keys = match_keys(META_V26, {"family_name": "山田", "family_name_kana": "yamada?"}, country="JP")
    assert keys.values["family_name"] == sha("山田")
    assert keys.dropped == {"family_name_kana": "kana.invalid"}


@pytest.mark.parametrize(
    ("kana", "expected"),
    [
        ("サトウ", "sato"),
        ("おおの", "ono"),
        ("いのうえ", "inoue"),
        ("まつうら", "matsuura"),
        ("ほんま", "homma"),
        ("しんいち", "shinichi"),
        ("はっとり", "hattori"),
        ("いっちょう", "itcho"),
        ("リュウノスケ", "ryunosuke"),
        ("ユウキ", "yuki"),
        ("せのお", "senoo"),
        ("ﾖｳｺ", "yoko"),
    ],
)
def test_kana_is_written_as_in_passports(kana: str, expected: str) -> None:
    assert said(META_V26, given_name="x", given_name_kana=kana)["given_name"] == expected


def test_kana_alone_is_romanised() -> None:
    assert roman("やまだ", "JP") == "yamada"
    assert said(META_V26, given_name="ジョン・スミス")["given_name"] == "ジョンスミス"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1975-01-02", "19750102"),
        ("1975/1/2", "19750102"),
        ("1975年1月2日", "19750102"),
        ("昭和50年1月2日", "19750102"),
        ("S50.1.2", "19750102"),
        ("令和元年5月1日", "20190501"),
        ("19750102", "19750102"),
        ("1975-01-02T00:00:00", "19750102"),
        ("31/12/1975", "19751231"),
        (date(1975, 1, 2), "19750102"),
    ],
)
def test_a_birthdate_is_one_day_however_it_is_written(written: object, expected: str) -> None:
    assert said(META_CONVERSIONS_V26, birthdate=written)["birthdate"] == expected
    found = said(META_V26, birthdate=written)
    assert found["birth_year"] + found["birth_month"] + found["birth_day"] == expected


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("email", "taro@example.com,hanako@example.com", "email.several"),
        ("given_name", "★", "value.empty"),
        ("birthdate", "2090-13-01", "birthdate.invalid"),
        ("birthdate", "1900-01-01", "birthdate.implausible"),
        ("birthdate", "2/3/1990", "birthdate.ambiguous"),
        ("gender", "other", "gender.unsupported"),
        ("gender", "その他", "gender.unsupported"),
        ("family_name", "不明", "name.placeholder"),
        ("family_name", "山\ufffd", "text.garbled"),
        ("family_name", "d41d8cd98f00b204e9800998ecf8427e", "hash.unsupported"),
        ("email", "1B2M2Y8AsgTpgAmY7PhCfg==", "hash.unsupported"),
        ("email", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "hash.unsupported"),
        ("email", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "hash.unsupported"),
        ("family_name", f"{sha('')[:20]}-{sha('')[20:]}", "hash.unsupported"),
        ("email", hashlib.sha256(b" ").hexdigest().upper(), "hash.of_nothing"),
        ("email", hashlib.sha256(b"null").hexdigest(), "hash.of_nothing"),
        ("madid", ZEROS, "device_id.opted_out"),
        ("madid", "4b61639e", "device_id.invalid"),
        ("madid", sha("4b61639e-47cc-4056-a16a-c8217e029462"), "hash.plain_wanted"),
        ("city", "123", "value.empty"),
        ("family_name", "N/A", "name.placeholder"),
        ("given_name", "Ｎ／Ａ．", "name.placeholder"),
        ("given_name", "なし", "name.placeholder"),
        ("given_name", "N.A.", "name.placeholder"),
        ("family_name", "(null)", "name.placeholder"),
        ("city", "不明", "value.placeholder"),
        ("city", "未登録", "value.placeholder"),
        ("state", "N/A", "value.placeholder"),
        ("postal_code", "000-0000", "postal_code.invalid"),
    ],
)
def test_what_cannot_match_is_dropped_alone(field: str, value: str, reason: str) -> None:
    keys = match_keys(META_CONVERSIONS_V26, {field: value, "phone": "090-1234-5678"}, country="JP")
    assert keys.dropped == {field: reason}
    assert keys.values["phone"] == sha("819012345678")


def test_a_readable_field_never_carries_what_is_not_of_its_shape() -> None:
    for value in ("taro@example.com", "1-2-3 Ginza, Chuo-ku", sha("x"), "x" * 40):
        keys = match_keys(GOOGLE_DATA_MANAGER_V1, {"postal_code": value}, country="FR")
        assert "postal_code" not in keys.values
    assert match_keys(X_V12, {"external_id": "taro@example.com"}, country="JP").dropped == {
        "external_id": "external_id.personal"
    }


def test_gender_is_an_initial() -> None:
    assert {said(META_V26, gender=word)["gender"] for word in ("女性", "F", "female")} == {"f"}
    assert {said(META_V26, gender=word)["gender"] for word in ("男", "Male")} == {"m"}


def test_american_states_are_their_two_letters() -> None:
    assert said(META_V26, "US", state="California")["state"] == "ca"
    assert said(META_V26, "US", state="N.Y.")["state"] == "ny"
    assert said(META_V26, "JP", state="Washington, D.C.")["state"] == "washingtondc"


def test_countries_are_read_by_name_and_say_how_a_phone_is_read() -> None:
    for stated in ("JP", "jpn", "Japan", "日本"):
        found = said(GOOGLE_DATA_MANAGER_V1, "US", country=stated, phone="090-1234-5678")
        assert found == {"country": "JP", "phone": "+819012345678"}
    assert said(META_V26, country="UK")["country"] == "gb"


def test_device_ids_come_as_each_platform_compares_them() -> None:
    assert said(META_V26, idfa=DEVICE)["madid"] == DEVICE.lower()
    assert match_keys(X_V12, {"idfa": DEVICE}, country="JP").values["device_id"] == sha(DEVICE.lower())
    assert match_keys(LY_AUDIENCE_V19, {"idfa": DEVICE.lower()}, country="JP").values["idfa"] == DEVICE


def test_a_line_user_is_known_by_the_id_alone() -> None:
    user = "U" + "0123456789abcdef" * 2
    assert match_keys(LINE_V2, {"line_user_id": user}, country="JP").values == {"line_user_id": user}
    assert match_keys(LINE_V2, {"line_user_id": user[1:]}, country="JP").dropped == {"line_user_id": "hash.unsupported"}


def test_an_id_of_the_owners_is_hashed_as_it_is_and_never_twice() -> None:
    own = {"external_id": "Ａ-001"}
    assert match_keys(META_CONVERSIONS_V26, own, country="JP").values["external_id"] == sha("ａ-001")
    md5 = {"external_id": "d41d8cd98f00b204e9800998ecf8427e"}
    assert match_keys(META_CONVERSIONS_V26, md5, country="JP").values["external_id"] == sha(md5["external_id"])
    hashed = {"external_id": sha("A-001").upper()}
    assert match_keys(META_CONVERSIONS_V26, hashed, country="JP").values["external_id"] == sha("A-001")


def test_a_number_from_abroad_cannot_match_at_yahoo() -> None:
    assert match_keys(YAHOO_CONVERSION_V1, {"phone": "+1 800 555 0100"}, country="JP").dropped == {
        "phone": "phone.foreign"
    }


def test_tiktok_ignores_what_follows_a_plus() -> None:
    assert said(TIKTOK_V13, email="jane.doe+shop@example.com")["email"] == "jane.doe@example.com"


@pytest.mark.parametrize("rules", PLATFORMS.values(), ids=lambda rules: rules.name)
def test_a_platform_finds_nobody_by_nothing(rules: RuleSet) -> None:
    assert not rules.finds({})
    assert rules.finds(dict.fromkeys(rules.rules, "x"))


def test_a_name_alone_finds_nobody_but_with_a_postal_code_and_country() -> None:
    keys = said(GOOGLE_DATA_MANAGER_V1, family_name="山田", given_name="太郎")
    assert not GOOGLE_DATA_MANAGER_V1.finds(keys)
    assert GOOGLE_DATA_MANAGER_V1.finds(keys | {"postal_code": "150-0001"})


def test_ordinary_japanese_phones_need_no_numbering_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kumitate.readings.phones", None)
    assert said(META_V26, phone="03-1234-5678")["phone"] == "81312345678"
    with pytest.raises(ImportError):
        said(META_V26, phone="+1 800 555 0100")


def test_every_reason_and_rule_set_is_told_in_the_docs() -> None:
    root = Path(__file__).parents[2]
    told = (root / "docs/concepts/match-keys.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "kumitate/activation/matchkeys").glob("*.py"))
    reasons = set(re.findall(r'RecordError\("([a-z_.]+)"', code)) | set(re.findall(r'"(hash\.[a-z_]+)"', code))
    assert len(reasons) > 15
    assert {each for each in reasons | RULE_SETS.keys() if f"`{each}`" not in told} == set()
