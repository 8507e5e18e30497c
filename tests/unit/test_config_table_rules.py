"""A rules file for a bare table says what is wrong with it by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kumitate.config.source import Semantic
from kumitate.config.table_rules import load_table_rules, read_rules_file
from kumitate.errors import ConfigError, FatalError

SHOP = Path(__file__).parents[2] / "examples/shop"


def said(tmp_path: Path, text: str, *columns: str) -> list[str]:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        read_rules_file(path).check_columns(columns)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in error.problems]
    return []


def test_a_table_is_described_as_a_source_is(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("record_id: no\ncolumns: {last_name: {from: 姓, type: name}}\nidentifiers: {email: mail}\n")
    rules = load_table_rules(path)
    assert (rules.record_id, rules.columns["last_name"].from_) == ("no", "姓")
    assert rules.columns["last_name"].type is Semantic.NAME
    assert rules.identifiers == {"email": "mail"}
    read_rules_file(path).check_columns({"no", "姓", "mail"})


def test_a_projects_person_is_a_rules_file() -> None:
    rules = load_table_rules(SHOP / "identity/person.yaml")
    assert rules.person.rules["name_phone"].match == ("last_name", "first_name", "phone")


def test_nothing_said_means_defaults(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    assert load_table_rules(tmp_path / "empty.yaml").country == "JP"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("recordid: no\n", "rules.yaml:1 recordid: unknown key 'recordid'; did you mean 'record_id'?"),
        ("columns:\n  a: {type: emial}\n", "rules.yaml:2 columns.a.type: unknown value 'emial'; did you mean 'email'?"),
        ("- a\n", "rules.yaml:1: expected a mapping; begin with `person:` and what identifies one"),
        ("a: [\n", "rules.yaml:2: this is no YAML"),
        ("columns:\n  A: {}\n", "rules.yaml:2 columns.A: a name is lower_snake_case (a-z, 0-9, _); write 'a'"),
        ("columns:\n  a: {sql: b || c}\n", "rules.yaml:2 columns.a.sql: columns made by SQL are a project's"),
        (
            "columns:\n  a: {type: address}\n  city: {part: a.town_name}\n",
            "rules.yaml:3 columns.city.part: address has no part 'town_name'; did you mean 'town'?; known:",
        ),
        (
            "person: {identifiers: {email: {}}}\nidentifiers:\n  emial: a\n",
            "rules.yaml:3 identifiers.emial: unknown identifier kind 'emial' in person.identifiers; did you mean",
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    (found,) = said(tmp_path, text)
    assert found.startswith(sentence)


def test_every_rule_that_refers_to_a_missing_column_is_named(tmp_path: Path) -> None:
    text = """record_id: member_no
updated_at: at
columns:
  last_name: {from: 姓}
identifiers: {email: emial}
person:
  identifiers: {email: {max_distinct: {brithdate: 1}}}
  rules:
    name_phone: {match: [last_name, fone]}
"""
    found = said(tmp_path, text, "member_no", "email", "phone", "birthdate")
    assert [line.split(": ")[0] for line in found] == [
        "rules.yaml:2 updated_at",
        "rules.yaml:4 columns.last_name.from",
        "rules.yaml:5 identifiers.email",
        "rules.yaml:9 person.rules.name_phone.match[1]",
        "rules.yaml:7 person.identifiers.email.max_distinct.brithdate",
    ]
    assert found[2].endswith("unknown column 'emial' in the table; did you mean 'email'?")


@pytest.mark.parametrize(("country", "meant"), [("jp", "JP"), ("lnad", "land")])
def test_a_country_is_a_code_or_a_column(tmp_path: Path, country: str, meant: str) -> None:
    text = "columns:\n  phone: {type: phone, country: COUNTRY}\n"
    (line,) = said(tmp_path, text.replace("COUNTRY", country), "phone", "land")
    assert line.startswith(f"rules.yaml:2 columns.phone.country: {country!r} is neither")
    assert line.endswith(f"did you mean {meant!r}?")
    for right in ("JP", "land"):
        assert said(tmp_path, text.replace("COUNTRY", right), "phone", "land") == []


def test_a_file_that_is_not_there_is_no_riddle(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="no such file or directory; name a rules file"):
        load_table_rules(tmp_path / "none.yaml")
