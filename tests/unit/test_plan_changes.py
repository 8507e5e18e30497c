"""A plan says what a change of the project changes in the account, and what of it holds data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kumitate.blueprint.changes import Blueprint, Change, blueprint_json, blueprint_of, changes, read_blueprint
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.resources import resources
from kumitate.errors import FatalError
from kumitate.pipeline import all_tables
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/aws.yaml").write_text("dev: {}\n", encoding="utf-8")
    return tmp_path


def platform(root: Path) -> Platform:
    return platform_of(open_project(root).config, "dev", account="000000000000")


def after(root: Path, file: str, old: str, new: str) -> tuple[Change, ...]:
    """The changes that follow from `new` for `old` in a file."""
    before = blueprint_of(platform(root))
    text = (root / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (root / file).write_text(text.replace(old, new), encoding="utf-8")
    return changes(before, blueprint_of(platform(root)))


def test_every_table_stage_sync_and_account_is_placed_once(root: Path) -> None:
    placed = platform(root)
    found = [(each.kind, each.name) for each in resources(placed)]
    assert len(found) == len(set(found))
    names = placed.names
    tables = {name for kind, name in found if kind == "table"}
    assert tables == {f"{names.database(table.database)}.{table.name}" for table in all_tables(placed.config)}
    for kind, name in (
        ("job", names.called("stage", "identity")),
        ("rule", names.called("sync", "winback")),
        ("function", names.called("fn", "delivery", "chat")),
        ("bucket", names.bucket("raw")),
    ):
        assert (kind, name) in found


def test_nothing_stands_yet_so_everything_is_created(root: Path) -> None:
    made = changes(None, blueprint_of(platform(root)))
    assert {change.how for change in made} == {"created"}
    assert len(made) == len(resources(platform(root)))


def test_the_same_project_changes_nothing(root: Path) -> None:
    described = blueprint_of(platform(root))
    assert changes(described, described) == ()


def test_a_larger_job_is_a_change_of_that_job_alone(root: Path) -> None:
    made = after(root, "environments/aws.yaml", "dev: {}", "dev: {workers: {identity: {type: G.2X, count: 5}}}")
    assert made == (
        Change(
            "changed", "job", "kumitate-tea-shop-dev-stage-identity", "pipeline", ("workers: 2 x G.1X -> 5 x G.2X",)
        ),
    )


def test_a_new_column_is_said_with_its_type(root: Path) -> None:
    made = after(root, "sources/all.yaml", "    tea: {}", "    tea: {}\n    gift: {type: boolean}")
    by_name = {change.name: change.what for change in made}
    assert by_name["tea_shop_dev_clean.orders"] == ("+ column gift: boolean",)
    assert by_name["tea_shop_dev_raw.orders"] == ("+ column gift: string",)


def test_a_removed_sync_removes_its_rule_and_its_tables_stay(root: Path) -> None:
    (root / "syncs/more.yaml").write_text(
        "again:\n  destination: chat\n  segment: vips\n  mode: append\n  settings: {channel: '#b'}\n"
        "  fields: {text: a}\n  consent: {purpose: news, channel: email}\n",
        encoding="utf-8",
    )
    before = blueprint_of(platform(root))
    (root / "syncs/more.yaml").unlink()
    made = changes(before, blueprint_of(platform(root)))
    removed = {change.name: change.data for change in made if change.how == "removed"}
    assert removed["kumitate-tea-shop-dev-sync-again"] == ""
    assert "stays in the account" in removed["tea_shop_dev_activation.state_again"]
    assert {change.how for change in made} == {"removed", "changed"}
    job = next(change for change in made if change.name.endswith("stage-delivery"))
    assert any(what.startswith("writes: ") and "- activation.state_again" in what for what in job.what)


def test_a_stream_is_placed_only_where_a_source_streams(root: Path) -> None:
    assert not any(each.kind == "stream" for each in resources(platform(root)))
    made = after(
        root, "sources/all.yaml", "path: data/orders.csv", "path: o.jsonl\n  format: jsonl\n  stream: {shards: 2}"
    )
    assert [(change.how, change.kind) for change in made if "stream" in change.kind] == [
        ("created", "stream"),
        ("created", "delivery stream"),
    ]


def test_a_blueprint_survives_being_written(root: Path) -> None:
    placed = platform(root)
    assert read_blueprint(blueprint_json(placed), "x") == blueprint_of(placed)
    assert read_blueprint(json.dumps({"blueprint": json.loads(blueprint_json(placed))}), "x") == blueprint_of(placed)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "project": 1, "resources": [1]}'])
def test_what_is_no_blueprint_is_told(text: str) -> None:
    with pytest.raises(FatalError, match=r"deployed.json: this is no blueprint"):
        read_blueprint(text, "deployed.json")


def test_a_blueprint_of_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(FatalError, match="format 2; this Kumitate reads 1"):
        read_blueprint('{"format": 2}', "deployed.json")


def test_a_blueprint_holds_no_more_than_names_and_sizes(root: Path) -> None:
    assert isinstance(blueprint_of(platform(root)), Blueprint)
    assert "spent {lifetime_value}" not in blueprint_json(platform(root))
