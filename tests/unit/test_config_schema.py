"""The JSON Schema agrees with the loader, and the reference with the code."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kumitate.cli.main import main
from kumitate.cli.reference.__main__ import pages
from kumitate.config.json_schema import folder_schema, folder_schemas, project_schema
from kumitate.config.yaml_lines import read_yaml

ROOT = Path(__file__).parents[2]
PROJECTS = (ROOT / "examples/shop", ROOT / "tests/golden/boulangerie", ROOT / "tests/projects/tea_shop")
FILES = [
    (path, "settings" if path.name == "kumitate.yaml" else path.parent.name)
    for project in PROJECTS
    for path in sorted((*project.glob("kumitate.yaml"), *project.glob("*/*.yaml")))
]

schema_of = cache(folder_schema)


def as_json(path: Path) -> Any:
    value = read_yaml(path.read_bytes(), path.name).value
    return json.loads(json.dumps(value, default=lambda each: float(each) if isinstance(each, Decimal) else str(each)))


def test_every_schema_is_one() -> None:
    """What several define alike is looked at once."""
    schemas = (project_schema(), *folder_schemas().values())
    defined = {json.dumps(each, sort_keys=True): each for schema in schemas for each in schema["$defs"].values()}
    for schema in (*({**schema, "$defs": {}} for schema in schemas), *defined.values()):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("path", "folder"), FILES, ids=lambda value: value.name if isinstance(value, Path) else value)
def test_files_that_load_fit_their_schema(path: Path, folder: str) -> None:
    assert [error.message for error in Draft202012Validator(schema_of(folder)).iter_errors(as_json(path))] == []


@pytest.mark.parametrize(
    ("folder", "value"),
    [
        ("settings", {"project": "a", "time_zone": "UTC"}),
        ("segments", {"Vips": {"when": {"segment": "a"}}}),
        ("segments", {"vips": {"when": {"trait": "a", "moore_than": 1}}}),
        ("segments", {"vips": {"when": {"all": []}}}),
        ("traits", {"a": {"kind": "summ", "source": "b"}}),
        ("syncs", {"a": {"destination": "b", "segment": "c", "fields": {"d": "e"}, "consent": "never"}}),
    ],
)
def test_an_editor_marks_what_the_loader_refuses(folder: str, value: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema_of(folder)).is_valid(value)


def test_keys_carry_the_text_below_them() -> None:
    timezone = folder_schema("settings")["properties"]["timezone"]
    assert timezone["description"] == "IANA name; times in files without an offset are read in it."


def test_the_reference_names_every_command_and_section() -> None:
    made = pages()
    for command in main.commands:
        assert f"## kumitate {command}" in made["cli.md"]
    for section in ("Settings", "Source", "Aggregate", "Sequence", "Sync", "salesforce"):
        assert f"### {section}\n" in made["project.md"]


def test_the_reference_shows_spans_below_a_day_as_they_are() -> None:
    assert "| `lateness` | a time span such as 30m, 24h, 90d or 2w | `5m` |" in pages()["project.md"]
