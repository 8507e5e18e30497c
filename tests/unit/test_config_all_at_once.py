"""Mistakes of every kind in one project are said in one go: none hides another, none is said twice or made up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"

Changes = Mapping[str, tuple[tuple[str, str], ...]]

MANY: Changes = {
    "kumitate.yaml": (
        ("as_of: 2024-05-01T00:00:00Z", "as_of: spring"),
        ("Asia/Tokyo", "Asia/Tokio"),
        ("source: consents", "source: consent"),
    ),
    "sources/all.yaml": (
        ("time: at", "time: when"),
        ("tea: {}", "tea: {type: decmal}"),
        ("{email: email, member_id", "{email: emial, member_id"),
    ),
    "identity/person.yaml": (("member_id: {}", "member_id: {max_records: many}"), ("postal_code]", "postcode]")),
    "traits/orders.yaml": (
        ("source: orders, within: 365d", "source: ordres, within: 10x"),
        ("points: 5", "points: many, where: {column: quantiti, more_than: 1}"),
        ("max(o.amount)", "max(o.amout)"),
    ),
    "segments/all.yaml": (
        ("trait: lifetime_value, top_percent: 10", "trait: lifetime_valu"),
        ("segment: lapsed", "segment: lapst"),
        ("within: 90d", "within: soon"),
        ("list: areas, attribute: postal_code", "sql: select person_id from curated.golden_records where nope = 1"),
    ),
    "priorities/all.yaml": (("[lapsed, vips]", "[lapst]"),),
    "syncs/winback.yaml": (
        ("mode: append", "mode: miror"),
        ("destination: chat", "destination: chatt"),
        ("{given_name} spent", "{given_nam} spent"),
        ("exclude: [lapsed]", "exlude: [lapsed]"),
    ),
}

SAID = Path(__file__).with_name("config_said_at_once.txt").read_text(encoding="utf-8").splitlines()


def changed(root: Path, changes: Changes) -> list[str]:
    """The problems of the tea shop with these changes."""
    shutil.copytree(TEA_SHOP, root, dirs_exist_ok=True)
    for file, pairs in changes.items():
        text = (root / file).read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, f"{old!r} stands not once in {file}"
            text = text.replace(old, new)
        (root / file).write_text(text, encoding="utf-8")
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_mistakes_of_every_kind_are_all_said_at_once(tmp_path: Path) -> None:
    assert changed(tmp_path, MANY) == SAID


@pytest.mark.parametrize(
    ("file", "old", "new", "hidden"),
    [
        ("traits/orders.yaml", "within: 365d", "within: 10x, event: Bought", "order_count.event"),
        ("sources/all.yaml", "{type: decimal, sql: quantity *", "{type: decmal, sql: cost *", "columns.amount.sql"),
        ("segments/all.yaml", "top_percent: 10", "top_percent: 10, known: true, is: 1", ""),
        ("segments/all.yaml", "trait: lifetime_value", "triat: lifetime_value", ""),
        ("sources/all.yaml", "time: at", "tmie: at", ""),
        ("sources/all.yaml", "at: {type: timestamp}\n    tea", "at: {type: timestmp}\n    tea", ""),
        ("sources/all.yaml", "price: {type: decimal}", "price: 5", ""),
        ("kumitate.yaml", "consent: {source: consents}", "consent: consents", ""),
        ("kumitate.yaml", "consent: {source: consents}", "consnet: {source: consents}", ""),
        ("traits/orders.yaml", "kind: last", "kind: latest", ""),
        ("destinations/all.yaml", "{type: slack}", "slack", ""),
        ("destinations/all.yaml", "{type: slack}", "{type: slack, settings: []}", ""),
        ("identity/person.yaml", "    email: {}", "    email: 5", ""),
        ("syncs/winback.yaml", "settings: {", "setings: {", ""),
        ("syncs/winback.yaml", "destination: chat", "destnation: chat", "missing key 'destination'"),
        ("syncs/winback.yaml", "  fields: {", "  fields: [1]\n  description: {", "winback.description"),
    ],
)
def test_a_broken_value_hides_nothing_and_echoes_nowhere(
    tmp_path: Path, file: str, old: str, new: str, hidden: str
) -> None:
    _, *others = sorted(changed(tmp_path, {file: ((old, new),)}), key=lambda said: bool(hidden) and hidden in said)
    assert [hidden in said for said in others] == [True] * bool(hidden), others


def test_a_file_that_is_no_yaml_excuses_only_the_names_that_stand_in_it(tmp_path: Path) -> None:
    broken = {
        "traits/orders.yaml": (("kind: ratio, ", "kind: [ratio, "),),
        "segments/all.yaml": (
            ("trait: lifetime_value", "trait: spnt"),
            ("segment: lapsed", "trait: order_count, is: 1"),
        ),
    }
    no_yaml, unknown = sorted(changed(tmp_path, broken), reverse=True)
    assert no_yaml.startswith("traits/orders.yaml:3: this is no YAML")
    assert unknown == "segments/all.yaml:4 vips.when.all[0].trait: unknown trait 'spnt'"
