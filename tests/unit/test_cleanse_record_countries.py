"""A number without a country code is read as in its record's country."""

import pyarrow as pa

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
