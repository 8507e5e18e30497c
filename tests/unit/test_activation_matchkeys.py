"""Match keys follow the platforms' published rules and keep Japanese data matchable."""

import hashlib
from typing import Any

import pytest

from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1, META_V26, MatchKeys, match_keys
from kumitate.errors import RecordError

NOTHING = hashlib.sha256(b"").hexdigest()


def google(**fields: Any) -> MatchKeys:
    return match_keys(GOOGLE_DATA_MANAGER_V1, fields, country="JP")


def meta(**fields: Any) -> MatchKeys:
    return match_keys(META_V26, fields, country="JP")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_googles_published_vectors_hold() -> None:
    assert google(email="alexz@example.com").values["email"] == (
        "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"
    )
    assert google(phone="+1 800 555 0100").values.get("phone") == (
        "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"
    )
    assert google(given_name=" GivenName ").values["given_name"].startswith("128a07bf")


def test_metas_published_vectors_hold() -> None:
    assert meta(email="mary@example.com").values["email"] == (
        "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
    )
    # Meta's example 1 (555) 987-6543 is nobody's number; its format is that of a real one.
    assert sha("15559876543") == "1ef970831d7963307784fa8688e8fce101a15685d62aa765fed23f3a2c576a4e"
    assert meta(phone="1 (800) 555-0100", country="US").values["phone"] == sha("18005550100")


@pytest.mark.parametrize(
    "written",
    [
        "090-1234-5678",
        "０９０－１２３４－５６７８",
        "090ー1234ー5678",
        "+81 (0)90-1234-5678",
        "+81 90 1234 5678",
        "09012345678",
    ],
)
def test_a_japanese_phone_is_one_number_however_it_is_written(written: str) -> None:
    assert google(phone=written).values["phone"] == sha("+819012345678")
    assert meta(phone=written).values["phone"] == sha("819012345678")


@pytest.mark.parametrize("written", ["〒150-0001", "150-0001", "1500001", "１５０－０００１"])
def test_a_japanese_postal_code_keeps_all_its_digits(written: str) -> None:
    assert google(postal_code=written).values["postal_code"] == "150-0001"
    assert meta(postal_code=written).values["postal_code"] == sha("1500001")


def test_japanese_names_survive_and_widths_fold() -> None:
    for keys in (google, meta):
        assert keys(family_name="山田").values["family_name"] == sha("山田")
        assert keys(family_name="ﾔﾏﾀﾞ").values["family_name"] == keys(family_name="ヤマダ").values["family_name"]
        assert keys(given_name="ジョン・スミス").values["given_name"] == sha("ジョンスミス")


def test_titles_generations_and_punctuation_go() -> None:
    assert google(given_name="Dr. Mary-Ann").values["given_name"] == sha("maryann")
    assert google(family_name="O'Neil, Jr.").values["family_name"] == sha("oneil")


def test_gmail_dots_and_suffixes_matter_to_google_alone() -> None:
    written = "Jane.Doe+home@Gmail.com"
    assert google(email=written).values["email"] == sha("janedoe@gmail.com")
    assert meta(email=written).values["email"] == sha("jane.doe+home@gmail.com")
    assert google(email="jane.doe+x@example.com").values["email"] == sha("jane.doe+x@example.com")


def test_google_gets_country_and_postal_code_readable_and_meta_hashed() -> None:
    assert google(postal_code="1000001").values["country"] == "JP"
    assert meta(postal_code="1000001").values["country"] == sha("jp")


def test_a_country_that_is_none_leaves_the_default_one_to_the_other_fields() -> None:
    for stated in ("Atlantis", "Japan", " ", None):
        assert google(phone="090-1234-5678", country=stated).values["phone"] == sha("+819012345678")


def test_a_us_postal_code_for_meta_is_five_digits() -> None:
    assert meta(postal_code="94035-1234", country="US").values["postal_code"] == sha("94035")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("email", "nobody", "email.invalid"),
        ("email", "a b@example.com", "email.invalid"),
        ("phone", "110", "phone.invalid"),
        ("phone", "0000000000", "phone.invalid"),
        ("phone", "03-1234-5678, 090-1234-5678", "phone.several"),
        ("given_name", "・", "value.empty"),
        ("postal_code", "〒100", "postal_code.invalid"),
        ("email", NOTHING, "hash.of_nothing"),
        ("country", "Atlantis", "country.invalid"),
    ],
)
def test_what_cannot_match_is_dropped_with_its_reason(field: str, value: str, reason: str) -> None:
    for keys in (google(**{field: value}), meta(**{field: value})):
        assert keys.dropped == {field: reason}
        assert field not in keys.values


def test_nothing_is_ever_the_hash_of_nothing() -> None:
    blanks = ["", " ", "　", None, "・", "-"]
    for blank in blanks:
        for keys in (google, meta):
            found = keys(email=blank, phone=blank, given_name=blank, family_name=blank, postal_code=blank)
            assert NOTHING not in found.values.values()
            assert set(found.values) <= {"country"}


def test_a_value_that_is_hashed_already_passes_and_is_not_hashed_twice() -> None:
    hashed = sha("mary@example.com")
    assert meta(email=hashed.upper()).values["email"] == hashed
    assert google(email=f" {hashed} ").values["email"] == hashed


def test_match_keys_keep_what_is_personal_out_of_their_text() -> None:
    assert "mary" not in repr(meta(email="mary@example.com", country="JP"))
    assert "mary" not in str(RecordError("email.invalid"))
