"""Gathers a report from the lake: a dozen small queries, no figure counted by hand."""

from __future__ import annotations

import pyarrow as pa

from kumitate.config.project import Config
from kumitate.identity.anonymous import anonymous_kinds
from kumitate.identity.scoring import PairScore, score_pairs
from kumitate.model.step import Query
from kumitate.ports import Engine
from kumitate.report import questions, rows_in, rows_out
from kumitate.report.facts import (
    ConsentCount,
    PeopleReport,
    Report,
    RunFacts,
    SegmentReport,
    SharedIdentifier,
    Tally,
)
from kumitate.report.fired import fired
from kumitate.report.questions import Ask, Row, of


def collect(engine: Engine, config: Config, run: RunFacts, *, truth: pa.Table | None = None) -> Report:
    """The report of `run`, which must be the lake's newest; `truth` has columns `record` and `person_id`."""

    def ask(query: Query) -> list[Row]:
        return [row for batch in engine.rows(query) for row in batch.to_pylist()]

    quarantined = ask(questions.quarantined(run.run_id))
    return Report(
        project=config.settings.project,
        timezone=config.settings.timezone,
        run=run,
        sources=rows_in.sources(ask, config, run.run_id, quarantined=quarantined),
        samples=rows_in.samples(ask, quarantined),
        people=_people(ask, config, run.run_id, score=_score(engine, truth)),
        traits=len(config.traits),
        consents=tuple(ConsentCount(**row) for row in ask(questions.consents())),
        segments=_segments(ask, config, run.run_id),
        syncs=rows_out.syncs(ask, config, run),
        fired=fired(ask, config, run.run_id),
    )


def _people(ask: Ask, config: Config, run_id: str, *, score: PairScore | None) -> PeopleReport:
    sizes, totals = ask(questions.person_sizes()), ask(questions.profiles())[0]
    kinds = anonymous_kinds(config)
    return PeopleReport(
        records=sum(row["records"] * row["persons"] for row in sizes),
        persons=sum(row["persons"] for row in sizes),
        anonymous=ask(questions.anonymous_persons(kinds))[0]["persons"] if kinds else 0,
        golden_records=totals["records"],
        profiles=totals["profiles"],
        sizes=tuple(Tally(str(row["records"]), row["persons"]) for row in sizes),
        ties=_tallies(ask(questions.ties())),
        events=_tallies(ask(questions.person_events(run_id))),
        shared=tuple(SharedIdentifier(**row) for row in ask(questions.shared_identifiers())),
        score=score,
    )


def _tallies(rows: list[Row]) -> tuple[Tally, ...]:
    return tuple(Tally(row["name"], row["rows"]) for row in rows)


def _score(engine: Engine, truth: pa.Table | None) -> PairScore | None:
    if truth is None:
        return None
    schema = pa.schema([("record", pa.string()), ("person_id", pa.string())])
    found = pa.Table.from_batches((batch.cast(schema) for batch in engine.rows(questions.person_records())), schema)
    return score_pairs(found, truth)


def _segments(ask: Ask, config: Config, run_id: str) -> tuple[SegmentReport, ...]:
    sizes, changes = ask(questions.segment_sizes()), ask(questions.segment_changes(run_id))
    return tuple(
        _segment(
            name, segment.description, run_id, sizes=of(sizes, "segment", name), changes=of(changes, "segment", name)
        )
        for name, segment in sorted(config.segments.items())
    )


def _segment(name: str, description: str, run_id: str, *, sizes: list[Row], changes: list[Row]) -> SegmentReport:
    history = tuple(row["members"] for row in sizes)
    before = [row["members"] for row in sizes if row["run_id"] != run_id]
    moved = {row["change"]: row["rows"] for row in changes}
    return SegmentReport(
        name=name,
        description=description,
        members=history[-1] if history else 0,
        entered=moved.get("entered", 0),
        left=moved.get("left", 0),
        history=history,
        previous=before[-1] if before else 0,
    )
