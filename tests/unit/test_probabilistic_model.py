"""A model's file: what is written is read again; what cannot be followed is refused by name, all at once."""

import json
from typing import Any

import pytest

from kumitate.errors import ConfigError
from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.levels import Check, Measure, checks_of, sql_of
from kumitate.identity.probabilistic.model import Model

ATTRIBUTES = (
    "last_name", "first_name", "last_kana", "first_kana", "full_name", "birthdate", "email", "phone", "gender",
    "address_key", "postal_code", "city", "street", "house_number", "national_id",
)  # fmt: skip
MODEL = Model(
    comparisons_for(ATTRIBUTES), 1e-5, (("email",), ("birthdate", "last_name")), ("last_name",), 17.5,
    frequencies={"last_name": {"佐藤": 0.015}}, rules_version="3", trained_on={"rows": 1000, "date": "2026-11-22"},
)  # fmt: skip


def test_what_is_written_is_read_again() -> None:
    assert load(dump(MODEL)) == MODEL


def test_every_shipped_level_has_sql_that_is_understood_again() -> None:
    levels = [level for comparison in MODEL.comparisons for level in comparison.levels]
    assert [checks_of(sql_of(level.tests)) for level in levels] == [level.tests for level in levels]


@pytest.mark.parametrize(
    ("sql", "tests"),
    [
        ('jaro_winkler_similarity("a_l", "a_r") >= 0.92', (Check(Measure.JARO_WINKLER, "a", "a", 0.92),)),
        ("damerau_levenshtein(a_l, a_r) <= 2", (Check(Measure.DAMERAU, "a", "a", 2),)),
        ('"a_l" = "b_r" AND "b_l" = "a_r"', (Check(Measure.EQUAL, "a", "b"), Check(Measure.EQUAL, "b", "a"))),
        ('("a_l" = "a_r") AND ("b_l" = "b_r")', (Check(Measure.EQUAL, "a", "a"), Check(Measure.EQUAL, "b", "b"))),
        (
            "ABS(EPOCH(try_strptime(\"d_l\", '%Y-%m-%d')) - EPOCH(try_strptime(\"d_r\", '%Y-%m-%d'))) <= 2592000.0",
            (Check(Measure.DAYS, "d", "d", 30),),
        ),
    ],
)
def test_levels_as_splink_writes_them_are_understood(sql: str, tests: tuple[Check, ...]) -> None:
    assert checks_of(sql) == tests


def _changed(**changes: Any) -> str:
    envelope = json.loads(dump(MODEL))
    envelope["splink"] |= changes.pop("splink", {})
    return json.dumps(envelope | changes)


def _refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(text, "models/person.json")
    return str(refused.value)


def test_a_model_of_another_version_is_refused() -> None:
    assert "version 2" in _refusal(_changed(kumitate_model=2))


def test_a_broken_file_is_refused_with_its_line() -> None:
    assert _refusal('{\n"kumitate_model": 1,').startswith("models/person.json:2")


@pytest.mark.parametrize("text", ["[]", "{}", '{"kumitate_model": 1}', '{"kumitate_model": 1, "splink": []}'])
def test_what_is_no_model_is_refused(text: str) -> None:
    assert "models/person.json" in _refusal(text)


_EQUAL = {"sql_condition": '"a_l" = "a_r"', "m_probability": 0.5, "u_probability": 0.1}
_ELSE = {"sql_condition": "ELSE", "m_probability": 0.5, "u_probability": 0.9}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"splink": {"comparisons": [{"comparison_levels": [_EQUAL, _ELSE]}]}}, "output_column_name"),
        ({"splink": {"comparisons": ["email"]}}, "comparison 1"),
        ({"splink": {"comparisons": [{"output_column_name": "a", "comparison_levels": ["ELSE"]}]}}, "comparison 1"),
        (
            {
                "splink": {
                    "comparisons": [
                        {
                            "output_column_name": "a",
                            "comparison_levels": [_EQUAL | {"tf_adjustment_column": "b"}, _ELSE],
                        }
                    ]
                }
            },
            "'b'",
        ),
        ({"splink": {"probability_two_random_records_match": 1}}, "probability_two_random_records_match"),
        ({"splink": {"blocking_rules_to_generate_predictions": [{}]}}, "blocking rule"),
        ({"shared": ["last_name"]}, "shared"),
        ({"shared": {"most_bits": "17"}}, "most_bits"),
        ({"frequencies": {"last_name": ["佐藤"]}}, "frequencies"),
        ({"frequencies": {"last_name": {"佐藤": 0}}}, "frequencies"),
        ({"trained_on": [1000]}, "trained_on"),
    ],
)
def test_what_was_edited_out_of_shape_is_refused_by_its_name(changes: dict[str, Any], named: str) -> None:
    assert named in _refusal(_changed(**changes))


def test_a_level_outside_the_vocabulary_is_refused_by_its_name() -> None:
    level = {
        "sql_condition": "soundex(a_l) = soundex(a_r)",
        "label_for_charts": "sounds alike",
        "m_probability": 0.5,
        "u_probability": 0.1,
    }
    comparison = {"output_column_name": "name", "comparison_levels": [level]}
    said = _refusal(_changed(splink={"comparisons": [comparison]}))
    assert "'sounds alike'" in said
    assert "ELSE" in said, "every problem is told at once"


def test_an_untrained_level_is_refused() -> None:
    levels = [{"sql_condition": '"a_l" = "a_r"', "m_probability": 0.5}, {"sql_condition": "ELSE"}]
    said = _refusal(_changed(splink={"comparisons": [{"output_column_name": "a", "comparison_levels": levels}]}))
    assert said.count("m and u probability") == 2


def test_a_blocking_rule_that_is_no_equality_is_refused() -> None:
    said = _refusal(
        _changed(splink={"blocking_rules_to_generate_predictions": ["substr(l.a, 1, 3) = substr(r.a, 1, 3)"]})
    )
    assert "substr(l.a, 1, 3)" in said
