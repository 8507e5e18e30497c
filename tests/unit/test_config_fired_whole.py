"""A trigger brings one row at a time: `check` refuses it where a destination takes all rows of a run together."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.realtime import WEB
from kumitate.errors import ConfigError
from kumitate.project import open_project

EXPORT = {"type": "files", "settings": {"bucket": "exports"}}
NARROWCAST = {"type": "line", "settings": {"audience_group_id": 1}}
CAMPAIGN = {"type": "connect_campaign", "settings": {"campaign_id": "c", "domain": "shop", "object_type": "member"}}
TEAM = {"type": "webhook", "url": "https://hooks.example.com", "secret": "hook", "settings": {"path": "/kumitate"}}


def problems(root: Path, destination: dict[str, Any], **more: Any) -> list[str]:
    sync = {
        "destination": "there",
        "trigger": "ordered",
        "mode": "append",
        "key": "{fact.fired_id}",
        "fields": {"campaign": "order", "text": "{fact.fired_at}"},
        "consent": "not_needed",
        "consent_reason": "a test",
    }
    files: dict[str, Any] = {
        "kumitate.yaml": {"project": "shop", "country": "JP"},
        "sources/web.yaml": {"web": {**WEB, "collect": {"write_keys": {"pages": {"key": "shop-web"}}}}},
        "identity/person.yaml": {"person": {"identifiers": {"member_no": {}, "email": {}, "anonymous_id": {}}}},
        "triggers/it.yaml": {"ordered": {"when": {"event": {"source": "web", "event": "Ordered"}}}},
        "destinations/all.yaml": {"there": destination},
        "syncs/it.yaml": {"now": {**sync, **more}},
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("destination", "more"),
    [(EXPORT, {}), (NARROWCAST, {"object": "narrowcast"}), (CAMPAIGN, {"object": "segment"})],
)
def test_a_trigger_brings_nothing_to_who_takes_all_rows_of_a_run_together(
    tmp_path: Path, destination: dict[str, Any], more: dict[str, Any]
) -> None:
    assert problems(tmp_path, destination, **more) == [
        "syncs/it.yaml:3 now.trigger: this destination takes all rows of a run together, and a trigger brings one at a "
        "time; name a segment instead of the trigger"
    ]


def test_who_takes_rows_one_by_one_takes_those_of_triggers(tmp_path: Path) -> None:
    assert problems(tmp_path, TEAM) == []
