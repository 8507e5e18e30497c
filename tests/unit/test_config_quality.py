"""Quality rules that speak of what there is not, or of what they cannot judge, are told about by file and line."""

import shutil
from pathlib import Path

import pytest

from kumitate.config.loader import load_config
from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


def problems(folder: Path, rules: str) -> list[str]:
    shutil.copytree(TEA_SHOP, folder, dirs_exist_ok=True)
    (folder / "quality").mkdir()
    (folder / "quality/rules.yaml").write_text(rules, encoding="utf-8")
    try:
        open_project(folder)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_rules_of_every_kind_are_read(tmp_path: Path) -> None:
    rules = """
members:
  level: stop
  levels: {nulls: warn}
  freshness: {column: changed, within: 2d}
  nulls: {email: 0.2}
  unique: [[member_id], [email, given_name]]
  ranges: {birthdate: {min: 1900-01-01}}
orders_trend:
  table: orders
  of: new
  against: 30
  volume: {min_ratio: 0.5}
  ranges: {quantity: {min: 1, max: 99}, amount: {max: 999.99}}
  values: {tea: [sencha, gyokuro]}
  drift: {tea: 0.1, price: 0.2}
profiles:
  nulls: {email: 0.5, last_tea: 0.9}
  ranges: {order_count: {min: 0}, lifetime_value: {min: 0.0}}
"""
    assert problems(tmp_path, rules) == []
    config = load_config(tmp_path)
    assert config.quality["members"].level_of("nulls") == "warn"
    assert config.quality["members"].level_of("unique") == "stop"
    assert config.quality["orders_trend"].level_of("drift") == "hold"


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("member: {unique: [[member_id]]}", "rules.yaml:1 member: unknown table 'member'; did you mean 'members'?"),
        ("a: {table: order, unique: [[tea]]}", "rules.yaml:1 a.table: unknown table 'order'; did you mean 'orders'?"),
        ("orders: {nulls: {te: 0}}", "orders.nulls.te: unknown column 'te' in source 'orders'; did you mean 'tea'?"),
        ("orders: {unique: [[tea, att]]}", "orders.unique[0][1]: unknown column 'att' in source 'orders'"),
        ("profiles: {nulls: {emial: 0}}", "profiles.nulls.emial: unknown column 'emial' in profiles; did you mean"),
        ("orders: {}", "orders: no rule; give freshness, volume, nulls"),
        ("orders: {nulls: {tea: 20}}", "orders.nulls.tea: a share is from 0 to 1, found 20"),
        ("orders: {freshness: {column: tea, within: 2d}}", "column 'tea' is text; freshness is for a time"),
        ("orders: {drift: {at: 0.1}}", "column 'at' is a time; drift is for text, a number"),
        ("orders: {ranges: {tea: {min: 1}}}", "column 'tea' is text; ranges is for a number or a time"),
        ("orders: {ranges: {quantity: {min: 1.5}}}", "orders.ranges.quantity.min: 1.5 is not a whole number"),
        ("members: {ranges: {birthdate: {min: 5}}}", "members.ranges.birthdate.min: 5 is not a date"),
        ("orders: {ranges: {quantity: {min: 5, max: 1}}}", "orders.ranges.quantity: min 5 is above max 1"),
        ("orders: {ranges: {quantity: {}}}", "orders.ranges.quantity: give min, max or both"),
        ("orders: {volume: {}}", "orders.volume: give min_ratio, max_ratio or both"),
        ("orders: {values: {tea: []}}", "orders.values.tea: the list is empty"),
        ("orders: {level: halt, unique: [[tea]]}", "orders.level: unknown value 'halt'"),
        ("orders: {levels: {null: warn}, unique: [[tea]]}", "orders.levels"),
        ("profiles: {of: new, nulls: {email: 0}}", "profiles.of: profiles are made anew by every run"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, rules: str, says: str) -> None:
    found = problems(tmp_path, rules + "\n")
    assert len(found) == 1, found
    assert says in found[0]
    assert found[0].startswith("quality/rules.yaml:1 ")
