"""Resolving files: tables in, clusters out, with what `kumitate resolve` says about them."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.recognise import recognise
from kumitate.cleanse.rules import RULES_VERSION
from kumitate.config.findings import unknown
from kumitate.config.stewards import read_links
from kumitate.config.table_rules import RulesFile, TableRules, read_rules_file
from kumitate.errors import ConfigError, FatalError, Problem
from kumitate.execution.table_files import check_folder, check_target, read_table, write_table
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.fitting import versioned
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.resolving import Resolved, carried_from, idle, resolve_table
from kumitate.identity.stewards import CANNOT, MUST, Decision, of_files, refuse_contradictions
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_model import ModelChoice
from kumitate.identity.table_plan import Given, TablePlan, plan_table

if TYPE_CHECKING:
    from kumitate.ports import Progress

ModelOption = Path | Literal["train", "none"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one call wants; files by their paths."""

    table: Path
    rules: Path | None = None
    deltas: Sequence[Path] = ()
    record_id: str | None = None
    truth: str | None = None
    previous: Path | None = None
    links: Path | None = None
    model: ModelOption = None
    run_id: str = ""
    as_of: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: the table that was resolved last, its persons, and seconds and rows per step."""

    table: pa.Table
    """The columns that results are told with, or, after deltas, all."""
    resolved: Resolved
    seconds: Mapping[str, float]
    events: pa.Table
    """What happened to persons since the last time, or, where nothing is known of that, by one delta after another."""
    deltas: tuple[Mapping[str, float], ...] = ()
    decisions: int = 0
    idle: tuple[Decision, ...] = ()
    """Of the stewards' decisions those that name a record which is not there."""

    @property
    def peak_mb(self) -> float:
        """The most memory this process had."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)


def planned(asked: Asked) -> tuple[pa.Table, TablePlan]:
    """The table as delivered, and what will be done with it; ConfigError where rules name what it has not."""
    table = read_table(asked.table)
    if not table.num_rows:
        raise FatalError(f"{asked.table}: holds no rows, only a header; there is nobody to resolve")
    for option, name in (("--truth", asked.truth), ("--record-id", asked.record_id)):
        if name is not None and name not in table.column_names:
            raise FatalError(f"{option}: {unknown('column', name, table.column_names, place=str(asked.table))}")
    rules = _rules(asked, table)
    hidden = {asked.truth} if asked.truth else set()
    given = Given(recognise=recognise, as_of=_day(asked), hidden=hidden)
    plan = plan_table(table, rules, given)
    _check_ties(asked, table, plan)
    return table, plan


def _check_ties(asked: Asked, table: pa.Table, plan: TablePlan) -> None:
    """A kind that no column states ties nobody, which a file for many tables may have; but not of all its kinds."""
    entity = plan.entity
    if plan.stated or entity.rules or entity.model or not entity.identifiers:
        return
    kinds, columns = ", ".join(entity.identifiers), ", ".join(table.column_names)
    raise FatalError(
        f"{asked.rules}: nothing in it can tie two records: no column of {asked.table} states {kinds}; "
        f"it has {columns}. Say which column does, with `identifiers: {{{next(iter(entity.identifiers))}: COLUMN}}`"
    )


def _day(asked: Asked) -> date:
    return asked.as_of.astimezone(UTC).date()


def _rules(asked: Asked, table: pa.Table) -> TableRules:
    if asked.rules is None:
        rules = TableRules()
    else:
        file: RulesFile = read_rules_file(asked.rules)
        file.check_columns(table.column_names)
        rules = file.rules
    return rules.model_copy(update={"record_id": asked.record_id}) if asked.record_id else rules


def resolve_files(asked: Asked, progress: Progress) -> Done:
    """Read, resolve and take in deltas; nothing is written."""
    started = time.perf_counter()
    progress("reading", 0, 3)
    table, plan = planned(asked)
    read = time.perf_counter() - started
    progress("resolving", 1, 3)
    decisions = _decisions(asked)
    previous = read_table(asked.previous) if asked.previous else None
    if previous is not None:
        _check_clusters(previous, asked)
    run_id = asked.run_id or f"r{asked.as_of:%Y%m%dT%H%M%S}"
    model, last = _model(asked, plan), None if asked.deltas else previous
    whole, table = [table], table if asked.deltas else _told_from(table, asked, plan)  # the rest is let go of
    resolved = resolve_table(whole.pop(), plan, run_id=run_id, previous=last, decisions=decisions, model=model)
    resolved = _checked(resolved, model, asked)
    seconds = {"read": read, **resolved.seconds}
    deltas: list[Mapping[str, float]] = []
    happened = [] if asked.deltas else [_events(resolved, run_id)]
    for number, path in enumerate(asked.deltas, 1):
        progress(f"delta {path.name}", 2, 3)
        delta, delta_run = read_table(path), f"{run_id}.{number:03d}"
        table, resolved = merged_with(resolved, table, delta, run_id=delta_run, decisions=decisions)
        happened.append(_events(resolved, delta_run))
        deltas.append({"rows": delta.num_rows, **resolved.seconds})
    if previous is not None and asked.deltas:  # whom a delta brings may have had an id the last time
        resolved = carried_from(resolved, previous, run_id=run_id)
        happened = [_events(resolved, run_id)]
    progress("finished", 3, 3)
    unmet = idle(decisions, resolved.records.names)
    return Done(table, resolved, seconds, pa.concat_tables(happened), tuple(deltas), len(decisions), unmet)


def _told_from(table: pa.Table, asked: Asked, plan: TablePlan) -> pa.Table:
    """The delivered columns that results are told with."""
    return table.select(sorted({name for name in (plan.record_id, asked.truth) if name}))


def _events(resolved: Resolved, run_id: str) -> pa.Table:
    """What happened in one run, with the run's name."""
    events = resolved.events
    return events.add_column(0, "run_id", pa.array([run_id] * len(events), pa.string()))


def _check_clusters(previous: pa.Table, asked: Asked) -> None:
    for name in ("record", "person_id"):
        if name not in previous.column_names:
            raise FatalError(f"{asked.previous}: has no column {name!r}; give the clusters that an earlier run wrote")
        if previous[name].null_count:
            raise FatalError(f"{asked.previous}: rows without a {name}; give the clusters as an earlier run wrote them")
    records = previous["record"]
    if pc.count_distinct(records).as_py() < len(records):
        raise FatalError(f"{asked.previous}: a record stands twice; give the clusters as an earlier run wrote them")


def _model(asked: Asked, plan: TablePlan) -> ModelChoice:
    """The model that was asked for; without a word the rules' own, or, with the shipped rules, one trained here."""
    if asked.model == "none":
        return None
    if isinstance(asked.model, Path):
        return _read_model(asked.model)
    declared = plan.entity.model
    if asked.model == "train" or plan.are_defaults or (declared and declared.file is None):
        return "train"
    if declared and declared.file and asked.rules:
        return _read_model(asked.rules.parent / declared.file)
    return None


def _checked(resolved: Resolved, model: ModelChoice, asked: Asked) -> Resolved:
    """The same with its version in a model learned here; one that was given and says nothing here is refused."""
    if isinstance(model, Model) and resolved.scored is None:
        compared = ", ".join(comparison.name for comparison in model.comparisons)
        raise FatalError(
            f"the model compares {compared}, and {asked.table} has no such column; "
            "train one on it with --model train, or name its columns in --rules"
        )
    return _versioned(resolved, asked) if model == "train" else resolved


def _versioned(resolved: Resolved, asked: Asked) -> Resolved:
    """The same with a word in the model on what it was learned from; `resolved` is of the table alone, no deltas."""
    if resolved.scored is None:
        return resolved
    rows = len(resolved.records)
    model = versioned(resolved.scored.model, rows=rows, rules_version=RULES_VERSION, day=_day(asked))
    return replace(resolved, scored=replace(resolved.scored, model=model))


def _read_model(path: Path) -> ModelChoice:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FatalError(f"{path}: cannot be read as a model; give a file that --save-model wrote") from error
    return load(text, str(path))


def _decisions(asked: Asked) -> tuple[Decision, ...]:
    """The steward's decisions; ConfigError for a broken file, FatalError where they contradict each other."""
    if asked.links is None:
        return ()
    problems: list[Problem] = []
    try:
        content = asked.links.read_bytes()
    except OSError as error:
        raise FatalError(f"{asked.links}: {(error.strerror or 'cannot be read').lower()}") from error
    decisions = of_files(read_links(content, str(asked.links), problems))
    if problems:
        raise ConfigError(tuple(problems))
    refuse_contradictions(decisions)
    return tuple(decision for decision in decisions if decision.link in (MUST, CANNOT))


def check_outputs(*, out: Path | None, edges: Path | None, events: Path | None, model: Path | None) -> None:
    """FatalError where one of them cannot be written."""
    for table in (out, edges, events):
        if table is not None:
            check_target(table)
    if model is not None:
        check_folder(model)


def write_results(done: Done, *, out: Path | None, edges: Path | None, events: Path | None, model: Path | None) -> None:
    """The clusters, and on request why and what happened, and the model; each file by its ending."""
    if out is not None:
        write_table(clusters(done), out)
    if edges is not None:
        write_table(edge_rows(done.resolved), edges)
    if events is not None:
        write_table(done.events, events)
    if model is not None and done.resolved.scored is not None:
        model.write_text(dump(done.resolved.scored.model), encoding="utf-8")


def clusters(done: Done) -> pa.Table:
    """record, person_id, person_since, and the column that named records, as it was delivered."""
    found = done.resolved.clusters()
    key = done.resolved.plan.record_id
    if key is None or key in found.column_names:
        return found
    rows = pa.array(done.resolved.records.row)
    return found.append_column(key, done.table[key].combine_chunks().take(rows))


def edge_rows(resolved: Resolved) -> pa.Table:
    """Why records are one person: left_record, right_record, rule, probability."""
    edges, names = resolved.resolution.edges, resolved.records.names
    rules = pa.array([*(kind.name for kind in resolved.rules.kinds), "steward", "model"])  # -1 is model, -2 steward
    place = np.where(edges.kind < 0, len(rules) + edges.kind, edges.kind)
    return pa.table(
        {
            "left_record": names.take(pa.array(edges.left)),
            "right_record": names.take(pa.array(edges.right)),
            "rule": rules.take(pa.array(place)),
            "probability": edges.probability,
        }
    )


def truth_labels(done: Done, column: str) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], ...]:
    """Person and true person of each record of which the truth is known, as numbers."""
    rows = pa.array(done.resolved.records.row)
    truth = done.table[column].combine_chunks().take(rows).dictionary_encode()
    known = pc.is_valid(truth).to_numpy(zero_copy_only=False)
    labels = pc.fill_null(truth.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return done.resolved.persons.person[known], labels[known]
