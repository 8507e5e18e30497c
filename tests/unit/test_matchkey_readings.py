"""A value as people write it gives the key of the cleansed one; what says nothing, or is a hash, gives none."""

import hashlib
from time import process_time

import pytest

from kumitate.activation.matchkeys import (
    GOOGLE_DATA_MANAGER_V1,
    META_CONVERSIONS_V26,
    META_V26,
    RULE_SETS,
    RuleSet,
    match_keys,
    readable_keys,
)
from kumitate.activation.matchkeys.contacts import e164, email
from kumitate.errors import RecordError
from kumitate.readings.emails import read_email
from kumitate.readings.phones import read_phone

SHA = hashlib.sha256(b"mary@example.com").hexdigest()
BASE64 = "8ZBM8anXOlX6XeCsgjxEA97XGv1MMkjQC9zQhmVSu3k"


def said(rules: RuleSet, home: str = "JP", **fields: str) -> dict[str, str]:
    return dict(readable_keys(rules, fields, country=home).values)


def dropped(rules: RuleSet, **fields: str) -> dict[str, str]:
    return dict(match_keys(rules, fields, country="JP").dropped)


@pytest.mark.parametrize(
    "written",
    [
        "Mary@Example.com", "Taro <taro@example.com>", "<taro@example.com>", "mailto:taro@example.com",
        "taro@example.com;", "taro@例え.jp", "ta..ro.@docomo.ne.jp", "o'neil@example.com", "'taro@example.com'",
        "taro@-example.com", "山田@example.com", "taro@example..com", f"{'x' * 65}@example.com",
        f"taro@{'x' * 63}.jp", f"taro@{'x' * 64}.jp", "taro@example",
    ],
)  # fmt: skip
def test_an_address_is_read_as_cleansing_reads_it(written: str) -> None:
    try:
        cleansed = read_email(written).value
    except RecordError as error:
        with pytest.raises(RecordError, match=error.reason):
            email(written, "JP")
    else:
        assert email(written, "JP") == cleansed


@pytest.mark.parametrize(
    "written",
    [
        "090-1234-5678", "090-1234-5678(携帯)", "090-1234-5678 内線12", "0081-90-1234-5678", "010-1-650-555-1212",
        "+81 (0)90 1234 5678", "090-1234-5678 / 03-1234-5678", "090-1234-567", "090-0000-0000", "tel:090-1234-5678",
    ],
)  # fmt: skip
def test_a_number_is_read_as_cleansing_reads_it(written: str) -> None:
    try:
        cleansed = read_phone(written, "JP").value
    except RecordError as error:
        with pytest.raises(RecordError, match=error.reason):
            e164(written, "JP")
    else:
        assert e164(written, "JP") == cleansed


def test_tabs_between_digits_are_blanks() -> None:
    assert said(META_V26, phone="090\t1234\t5678")["phone"] == "819012345678"


@pytest.mark.parametrize("rules", RULE_SETS.values(), ids=lambda rules: rules.name)
@pytest.mark.parametrize("word", ["NULL", "null", "不明", "なし", "N/A", "#N/A", "undefined", "Unknown", "未登録"])
def test_a_word_that_says_that_there_is_nothing_is_no_key_of_any_field(rules: RuleSet, word: str) -> None:
    keys = match_keys(rules, dict.fromkeys(rules.fields - {"country"}, word), country="JP")
    assert keys.values.keys() <= {"country"}
    assert set(keys.dropped.values()) <= {"value.placeholder", "name.placeholder", "gender.unsupported", "kana.invalid"}


@pytest.mark.parametrize("word", ["なし", "不明", "NONE", "Unknown", "N/a", "未登録"])
def test_the_hash_of_such_a_word_is_one_of_nothing(word: str) -> None:
    hashed = hashlib.sha256(word.encode()).hexdigest()
    assert dropped(META_V26, family_name=hashed) == {"family_name": "hash.of_nothing"}


@pytest.mark.parametrize("kana", ["ナシ", "なし", "ﾌﾒｲ"])
def test_kana_that_say_that_there_is_no_name_leave_the_kanji_to_stand_in(kana: str) -> None:
    assert said(META_V26, family_name="山田", family_name_kana=kana)["family_name"] == "山田"


@pytest.mark.parametrize("written", [BASE64, f"sha256:{SHA}", f"SHA-256:{SHA}", f"0x{SHA}", f"\\x{SHA}", f"{BASE64}="])
@pytest.mark.parametrize("name", ["email", "phone", "given_name", "family_name", "city", "postal_code"])
def test_a_hash_in_another_dress_is_not_hashed_again(written: str, name: str) -> None:
    assert dropped(META_V26, **{name: written}) == {name: "hash.unsupported"}


def test_a_long_name_is_no_hash() -> None:
    long = "wolfeschlegelsteinhausenbergerdorffsenioren"
    assert len(long) == len(BASE64)
    assert said(META_V26, family_name=long)["family_name"] == long


def test_metas_names_have_no_spaces_and_googles_keep_them() -> None:
    """Meta's own library strips blanks and punctuation of names; Google's strips them around names alone."""
    names = {"family_name": "van der  Berg", "given_name_roman": "Mary Ann"}
    for rules in (META_V26, META_CONVERSIONS_V26):
        found = said(rules, **names)
        assert (found["family_name"], found["given_name"]) == ("vanderberg", "maryann")
    assert said(GOOGLE_DATA_MANAGER_V1, **names)["family_name"] == "van der berg"


def test_an_external_id_is_hashed_as_metas_own_library_hashes_it() -> None:
    assert said(META_CONVERSIONS_V26, external_id=" C 001-x ")["external_id"] == "c001-x"


@pytest.mark.parametrize(
    ("country", "code"), [("U.S.A.", "US"), ("U.K.", "GB"), ("u.s.", "US"), ("The Netherlands", "NL")]
)
def test_a_country_may_have_dots(country: str, code: str) -> None:
    assert said(GOOGLE_DATA_MANAGER_V1, country=country)["country"] == code


def test_a_number_of_the_united_states_is_not_read_as_a_japanese_one() -> None:
    assert said(META_V26, phone="901-234-5678", country="U.S.A.")["phone"] == "19012345678"


@pytest.mark.parametrize("written", ["2134", "94105-12", "SW1A 1AA"])
def test_what_is_no_zip_code_does_not_leave_for_google(written: str) -> None:
    assert dropped(GOOGLE_DATA_MANAGER_V1, postal_code=written, country="US") == {"postal_code": "postal_code.invalid"}
    assert said(GOOGLE_DATA_MANAGER_V1, postal_code="94105-1234", country="US")["postal_code"] == "94105-1234"


@pytest.mark.parametrize("sign", ["x", "1", "1-", "a@", "<", "あ1"])
def test_a_page_in_the_wrong_column_costs_no_time(sign: str) -> None:
    started = process_time()
    for name in ("email", "phone"):
        assert set(dropped(META_V26, **{name: sign * 100_000})) == {name}
    assert process_time() - started < 2
