"""Views for BI: each runs as it is on a real lake, says what its columns mean, and shows nobody's name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from harness.projects import copy_of, run
from kumitate.blueprint.classification import READERS, Classification, class_of, tagged
from kumitate.blueprint.names import ZONES, Names
from kumitate.blueprint.profile_views import View
from kumitate.blueprint.views import encoded, placed_sql, views
from kumitate.config.project import Config
from kumitate.execution.workspace import open_workspace
from kumitate.model.step import Query
from kumitate.model.table import Type
from kumitate.pipeline import all_tables
from kumitate.project import open_project

ROOT = Path(__file__).parents[2]
CLOUD = ROOT / "tests/projects/cloud"
NAMES = Names("cloud", "dev", "000000000000", "ap-northeast-1")


@pytest.fixture(scope="module")
def config() -> Config:
    return open_project(CLOUD).config


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """Every view's rows after one run of the project."""
    root = copy_of(CLOUD, tmp_path_factory.mktemp("views") / "cloud")
    run(root)
    with open_workspace(root) as workspace:
        return {
            view.name: pa.Table.from_batches(list(workspace.engine.rows(Query(view.name, view.sql))))
            for view in views(workspace.project.config)
        }


@pytest.mark.slow
def test_every_view_gives_the_columns_and_types_that_it_says(config: Config, shown: dict[str, pa.Table]) -> None:
    kinds = {Type.STRINGS: pa.list_(pa.string())}
    for view in views(config):
        given = shown[view.name].schema
        assert given.names == [column.name for column in view.columns]
        for column in view.columns:
            wanted = kinds.get(column.type, column.arrow.type)
            assert given.field(column.name).type.equals(wanted) or pa.types.is_list(wanted), (view.name, column.name)


def rows(shown: dict[str, pa.Table], view: str, *columns: str) -> set[tuple[object, ...]]:
    return {tuple(row[name] for name in columns) for row in shown[view].to_pylist()}


@pytest.mark.slow
def test_views_count_what_the_run_did(shown: dict[str, pa.Table]) -> None:
    assert rows(shown, "segment_sizes_daily", "segment", "members") == {("active_members", 2), ("known_contacts", 2)}
    assert rows(shown, "quarantine_summary", "source", "reason", "field", "rows_held") == {
        ("members", "email.invalid", "email", 1)
    }
    assert rows(shown, "consents_now", "granted", "people") == {(True, 1), (False, 1)}
    sent = rows(shown, "sync_results", "sync", "operation", "verdict", "changes")
    assert sent == {("active_chat", "create", "accepted", 2), ("visits_crm", "create", "accepted", 1)}
    assert rows(shown, "runs", "run_id", "rows_in") == {("r000001", 13)}  # three are results of mails, one is a payment
    assert shown["profiles_360"].num_rows == 3  # two members, and who paid by an e-mail address that no member has


def test_only_the_last_run_of_a_day_counts_as_its_size(config: Config) -> None:
    (sizes,) = (view for view in views(config) if view.name == "segment_sizes_daily")
    assert "order by at desc, run_id desc" in sizes.sql


def test_no_view_shows_a_personal_column(config: Config) -> None:
    personal = {column.name for table in all_tables(config) for column in table.columns if column.personal}
    assert personal
    for view in views(config):
        assert not any(column.personal for column in view.columns)
    (profile,) = (view for view in views(config) if view.name == "profiles_360")
    assert not personal & {column.name for column in profile.columns}


def test_a_placed_view_names_the_accounts_databases(config: Config) -> None:
    for view in views(config):
        placed = placed_sql(view, NAMES)
        assert '"cloud_dev_' in placed
        assert not any(f'"{database}".' in placed for database in ZONES)


def test_what_the_catalogue_keeps_names_a_column_of_every_type(config: Config) -> None:
    text = encoded(_named(config, "runs"), NAMES, schema="cloud_dev_views")
    assert text.startswith("/* Presto View: ")
    assert text == encoded(_named(config, "runs"), NAMES, schema="cloud_dev_views")


def _named(config: Config, name: str) -> View:
    return next(view for view in views(config) if view.name == name)


def test_the_reference_says_what_every_column_of_every_view_means(config: Config) -> None:
    page = (ROOT / "docs/reference/views.md").read_text("utf-8")
    for view in views(config):
        assert f"## {view.name}" in page
        if view.name != "profiles_360":
            section = page.partition(f"## {view.name}\n")[2].partition("\n## ")[0]
            assert view.meaning in section
            for column in view.columns:
                assert f"| `{column.name}` | {column.type} | {column.meaning} |" in section


def test_counts_are_public_people_internal_and_names_personal(config: Config) -> None:
    tables = {str(table): table for table in all_tables(config)}
    assert class_of(tables["curated.segment_sizes"]) is Classification.PUBLIC
    assert class_of(tables["curated.person_records"]) is Classification.INTERNAL
    found = {(str(each.table), each.classification): each.columns for each in tagged(tuple(tables.values()))}
    assert found["clean.members", Classification.PERSONAL] == ("first_name", "email", "_originals")
    assert found["curated.segment_sizes", Classification.PUBLIC] == ()
    assert ("curated.person_records", Classification.PUBLIC) not in found


def test_whoever_asks_may_count(config: Config) -> None:
    public = {str(table) for table in all_tables(config) if class_of(table) is Classification.PUBLIC}
    asked = {
        view.name
        for view in views(config)
        if {f"{each.db}.{each.name}" for each in parse_one(view.sql).find_all(exp.Table) if each.db} <= public
    }
    assert asked == {"runs", "segment_sizes_daily", "source_quality", "sync_candidates"}


def test_only_those_who_answer_for_the_data_are_shown_personal_columns() -> None:
    personal = {reader.name for reader in READERS if Classification.PERSONAL in reader.classes}
    assert personal == {"steward", "activation"}
