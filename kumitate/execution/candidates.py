"""Whom a segment holds and a sync would bring, as match keys see them: field -> value, nothing written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.registry import registered
from kumitate.activation.matchkeys import PLATFORMS
from kumitate.activation.matchkeys.headings import fields_of
from kumitate.activation.stage import ACTIVATION, of_syncs
from kumitate.activation.tables import candidates_table, changes_table
from kumitate.config.project import Config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.matching import Figures, Tally
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.execution.run import planning_run
from kumitate.execution.steps import segment_places
from kumitate.identity.tables import golden_table
from kumitate.model.step import BatchStep, Query, QueryStep
from kumitate.segments.masks import member_condition
from kumitate.sql.vocabulary import text

if TYPE_CHECKING:
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace
    from kumitate.project import Project

PLATFORM_OF_TYPE = {
    "google_data_manager": "google",
    "google_data_manager.event": "google",
    "meta": "meta",
    "meta.conversion": "meta_conversions",
    "line": "line",
    "line.push": "line",
    "ly_ads": "ly",
    "yahoo_conversion": "yahoo_conversion",
    "tiktok": "tiktok",
    "x": "x",
    "criteo": "criteo",
}
"""Whose rules a destination's type follows; types that are not here do not look for people by match keys."""


def platform_of(config: Config, sync: str) -> str:
    """The platform whose rules a sync's destination follows; `all` where it follows none."""
    section = config.syncs[sync]
    type_ = registered(config.destinations[section.destination], section)
    return PLATFORM_OF_TYPE.get(type_, "all")


def country_of(project: Project, sync: str) -> str:
    """Where the destination says that people are who have no country of their own."""
    return str(getattr(project.destinations[sync], "country", "JP"))


def members_of(workspace: Workspace, segment: str) -> list[dict[str, Any]]:
    """Every member of a segment with the golden record's values, under the fields that their names give."""
    bits = segment_places(workspace.engine)
    if segment not in bits:
        return []
    table = golden_table(workspace.config)
    columns = fields_of(set(workspace.lake.scan(str(table)).schema.names) - {"person_id"})
    names = ", ".join(f'g."{column}" as "{name}"' for name, column in sorted(columns.items()))
    sql = f"""
select {names or "null as nothing"}
from curated.segment_masks as m
join {table} as g on g.person_id = m.person_id
where {text(member_condition("m", bits[segment]))}
order by g.person_id"""
    rows = workspace.engine.rows(Query("segment_members", sql))
    return [_first_values(row) for batch in rows for row in batch.to_pylist()]


def _first_values(row: dict[str, Any]) -> dict[str, Any]:
    """An attribute of several values by its first."""
    return {name: (value[0] if value else None) if isinstance(value, list) else value for name, value in row.items()}


def would_bring(workspace: Workspace, sync: str, last: LoggedRun) -> list[dict[str, Any]]:
    """The mapped fields of everybody a sync would bring after `last`, whom no gate holds back."""
    run = replace(planning_run(workspace, last), id=f"r{int(last.id[1:]) + 1:06d}")
    with TemporaryDirectory(dir=workspace.folder) as name:
        overlay = Overlay(workspace.lake, declared_tables(workspace.config), Path(name))
        engine = DuckDBEngine(overlay, temp_directory=workspace.folder / "tmp")
        for step in of_syncs(ACTIVATION, (sync,)).plan(workspace.config, run):
            if step.table == changes_table(sync):
                break
            if isinstance(step, BatchStep | QueryStep):
                overlay.carry_out(step, engine)
        sql = f"select fields from {candidates_table(sync)} where gate is null order by person_id"
        found = engine.rows(Query(f"bring_{sync}", sql))
        return [json.loads(fields) for batch in found for fields in batch.column("fields").to_pylist()]


def findable(workspace: Workspace, sync: str, last: LoggedRun) -> Figures | None:
    """How many of those whom a sync would bring its ad platform can look for; None where it is no ad platform."""
    platform = platform_of(workspace.config, sync)
    if platform == "all":
        return None
    tally = Tally({platform: PLATFORMS[platform]}, country=country_of(workspace.project, sync))
    return tally.take_all(would_bring(workspace, sync, last))[platform]
