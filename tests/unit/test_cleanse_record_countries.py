"""A number without a country code is read as in its record's country."""

import pyarrow as pa
import pytest

from harness.cleansing import rule
from kumitate.cleanse.record_countries import cleanse_delivered
from kumitate.cleanse.rules import rules_of
from kumitate.config.settings import Settings
from kumitate.config.source import Semantic, Source

PHONES = pa.array(["090-1234-5678", "02 61 91 12 34", "(201) 555-0123", "090-1234-5678", None, "02 61 91 12 34"])
COUNTRIES = pa.array(["日本", "France", "US", None, "FR", "Atlantis"])


def test_each_row_has_its_own_country_and_those_without_the_columns() -> None:
    asked = rule(Semantic.PHONE, country_column="land", parts=("country",))
    found = cleanse_delivered(asked, {"x": PHONES, "land": COUNTRIES})
    said = ["+819012345678", "+33261911234", "+12015550123", "+819012345678", None, "+81261911234"]
    assert found.values.to_pylist() == said
    assert found.reasons.to_pylist() == ["e164", "e164", "e164", "e164", None, "e164"]
    assert found.parts["country"].to_pylist() == ["JP", "FR", "US", "JP", None, "JP"]


def test_no_rows_are_no_rows() -> None:
    nothing = pa.array([], pa.string())
    asked = rule(Semantic.PHONE, country_column="land")
    assert len(cleanse_delivered(asked, {"x": nothing, "land": nothing}).values) == 0


def test_what_does_not_fit_a_country_that_was_only_assumed_is_kept_as_text() -> None:
    asked = rule(Semantic.PHONE, country_column="land", is_country_known=False)
    given = pa.array(["(0161) 496 0958", "(0161) 496 0958", "０９０ー1234ー5678", "(201) 555-01", "+1 201 555", None])
    found = cleanse_delivered(asked, {"x": given, "land": pa.array([None, "GB", None, "US", None, None])})
    assert found.values.to_pylist() == ["(0161) 496 0958", "+441614960958", "+819012345678", None, None, None]
    assert found.reasons[0].as_py() == "country_unknown"
    zips = pa.array(["50076-1234", "sw1a 1aa", "1000001", "１０１１５"])
    found = cleanse_delivered(rule(Semantic.POSTAL_CODE, is_country_known=False), {"x": zips})
    assert found.values.to_pylist() == ["50076-1234", "sw1a 1aa", "100-0001", "10115"]
    assert found.reasons.to_pylist()[2:] == ["notation", "width country_unknown"]


@pytest.mark.parametrize("value", ["なし", "000-0000-0000", "1234567890", "123", "a@example.jp", "+81 90 12"])
def test_what_is_no_number_anywhere_stays_unusable(value: str) -> None:
    found = cleanse_delivered(rule(Semantic.PHONE, is_country_known=False), {"x": pa.array([value])})
    assert (found.values.to_pylist(), found.reasons.to_pylist()) == ([None], ["phone.invalid"])


@pytest.mark.parametrize("value", ["なし", "00000", "abc", "-"])
def test_what_is_no_postal_code_anywhere_stays_unusable(value: str) -> None:
    found = cleanse_delivered(rule(Semantic.POSTAL_CODE, is_country_known=False), {"x": pa.array([value])})
    assert (found.values.to_pylist(), found.reasons.to_pylist()) == ([None], ["postal_code.invalid"])


def test_a_source_names_the_column_or_the_country() -> None:
    source = Source.model_validate(
        {
            "kind": "records",
            "path": "a.csv",
            "key": ["tel"],
            "columns": {
                "tel": {"type": "phone", "country": "land"},
                "fax": {"type": "phone", "country": "DE"},
                "land": {"type": "country"},
            },
        }
    )
    tel, fax, _ = rules_of(source, Settings(project="p", country="JP"))
    assert (tel.country, tel.country_column) == ("JP", "land")
    assert (fax.country, fax.country_column) == ("DE", None)
