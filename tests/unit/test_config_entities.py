"""Mistakes in household.yaml, company.yaml and verified attributes are said before anything runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


def problems(root: Path, files: dict[str, str]) -> list[str]:
    shutil.copytree(TEA_SHOP, root, dirs_exist_ok=True)
    for file, text in files.items():
        (root / file).write_text(text, encoding="utf-8")
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{next(iter(files))}:") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("rules: {home: {match: [postal_code]}}", "1 household: a household is made of persons; write `of: persons`"),
        ("of: persons", "1 household: nothing says what ties a household; give it identifiers or rules"),
        (
            "of: persons\n  rules: {home: {match: [postal_cod]}}",
            "3 household.rules.home.match[0]: unknown attribute 'postal_cod' in person; did you mean 'postal_code'?",
        ),
        (
            "of: persons\n  crowded: {postal_code: {surname: 3}}\n  rules: {home: {match: [postal_code]}}",
            "3 household.crowded.postal_code.surname: unknown attribute 'surname' in person; "
            "known: active, birthdate, email, given_name, postal_code",
        ),
        (
            "of: persons\n  attributes: {email: {}}\n  rules: {home: {match: [postal_code]}}",
            "3 household.attributes: 'attributes' is for person; a household has none",
        ),
    ],
)
def test_a_mistake_in_a_household_is_said_in_one_sentence(tmp_path: Path, said: str, says: str) -> None:
    assert problems(tmp_path, {"identity/household.yaml": f"household:\n  {said}\n"}) == [says]


def test_a_company_looks_at_columns_of_records(tmp_path: Path) -> None:
    said = "company:\n  columns: {domain: email, name: tea_name}\n  identifiers: {domain: {}}\n"
    assert problems(tmp_path, {"identity/company.yaml": said}) == []
    assert problems(tmp_path, {"identity/company.yaml": said + "  rules: {named: {match: [name, postal_code]}}\n"}) == [
        "4 company.rules.named.match[0]: unknown attribute 'tea_name' in every source with identifiers; "
        "did you mean 'given_name'?"
    ]


PERSON = """person:
  identifiers: {email: {}, member_id: {}}
  attributes:
    given_name: {}
    active: {}
    birthdate: {}
    postal_code: {}
    email: """


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("{policy: verified, verified_by: active}", []),
        (
            "{policy: verified}",
            ["8 person.attributes.email: policy verified needs 'verified_by', the column that says whether a value "
             "was checked"],
        ),
        (
            "{verified_by: active}",
            ["8 person.attributes.email: policy verified alone looks at 'verified_by', the column that says whether "
             "a value was checked"],
        ),
        (
            "{policy: verified, verified_by: changed}",
            ["8 person.attributes.email.verified_by: column 'changed' is a time; it should be true or false"],
        ),
        (
            "{policy: verified, verified_by: opted_in}",
            ["8 person.attributes.email.verified_by: no source with 'email' has a column 'opted_in'"],
        ),
    ],
)  # fmt: skip
def test_a_verified_attribute_names_the_column_that_says_so(tmp_path: Path, said: str, says: list[str]) -> None:
    assert problems(tmp_path, {"identity/person.yaml": PERSON + said + "\n"}) == says


def test_with_a_household_no_attribute_is_called_household_id(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        {
            "identity/household.yaml": "household: {of: persons, rules: {home: {match: [postal_code]}}}\n",
            "traits/own.yaml": "household_id: {kind: count, source: orders}\n",
        },
    )
    assert told == [
        "traits/own.yaml:1 household_id: with a household, every profile has a column 'household_id' of its own; "
        "choose another name"
    ]
