"""The SQL of a project by what it is about: a stage, a trait, a segment, a sync."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import click
import pyarrow as pa

from kumitate.activation.stage import sync_steps
from kumitate.config.findings import did_you_mean
from kumitate.config.project import Config
from kumitate.config.trait import Ratio
from kumitate.engines.dialect import refused
from kumitate.model.step import Query, Run
from kumitate.pipeline import STAGES, all_tables, step_queries
from kumitate.profiles.traits import traits_query
from kumitate.segments.compile import segment_query
from kumitate.sql.vocabulary import text


def a_run(config: Config, bits: dict[str, int] | None = None) -> Run:
    """A run as plans see it, before there is any: the project's clock, or now."""
    return Run("r000001", config.settings.as_of or datetime.now(UTC), bits=bits or {})


def every_query(config: Config) -> tuple[Query, ...]:
    """The SQL of all stages; FatalError where a plan cannot be made."""
    run = a_run(config)
    return tuple(query for stage in STAGES for step in stage.plan(config, run) for query in step_queries(step))


def laptop_refusals(config: Config, queries: Iterable[Query]) -> tuple[str, ...]:
    """What Athena would answer and this machine would not, or not the same."""
    known = schemas(config)
    return tuple(f"{query.name}: {refusal}" for query in queries for refusal in refused(query.sql, known))


def schemas(config: Config) -> dict[str, pa.Schema]:
    """The lake's tables as they are declared: what types SQL meets."""
    return {str(table): table.schema for table in all_tables(config)}


def explained(config: Config, name: str) -> tuple[Query, ...]:
    """The queries of what `name` names; `segment:vips` where several things have one name."""
    kind, name = _resolved(config, name)
    run = a_run(config)
    match kind:
        case "stage":
            stage = next(stage for stage in STAGES if stage.name == name)
            return tuple(query for step in stage.plan(config, run) for query in step_queries(step))
        case "segment":
            return (segment_query(config, run, name),)
        case "trait":
            alone = config.model_copy(
                update={"traits": {each: config.traits[each] for each in _rests_on(config, name)}}
            )
            return (Query(f"trait_{name}", text(traits_query(alone, run))),)
    return tuple(step.query for step in sync_steps(config, run, name))


def _rests_on(config: Config, trait: str) -> tuple[str, ...]:
    """The trait, after those that it is a ratio of."""
    found = config.traits[trait]
    below = (found.numerator, found.denominator) if isinstance(found, Ratio) else ()
    return tuple(dict.fromkeys((*(name for each in below for name in _rests_on(config, each)), trait)))


def _resolved(config: Config, name: str) -> tuple[str, str]:
    names: dict[str, Iterable[str]] = {
        "stage": [stage.name for stage in STAGES],
        "segment": config.segments,
        "sync": config.syncs,
        "trait": config.traits,
    }
    wanted, _, bare = name.rpartition(":")
    kinds = [kind for kind, known in names.items() if bare in known and wanted in ("", kind)]
    if len(kinds) == 1:
        return kinds[0], bare
    if kinds:
        raise click.UsageError(f"{bare!r} is a {' and a '.join(kinds)}; write {kinds[0]}:{bare} or {kinds[1]}:{bare}")
    hint = did_you_mean(bare, [each for known in names.values() for each in known])
    raise click.UsageError(f"unknown stage, segment, sync or trait {name!r}{hint}")


def planned_steps(config: Config, until: str | None) -> list[dict[str, str]]:
    """What a run would do, step by step."""
    steps = []
    for stage in STAGES:
        for step in stage.plan(config, a_run(config)):
            how = str(getattr(step, "mode", "")) or type(step).__name__.removesuffix("Step").lower()
            queries = ", ".join(query.name for query in step_queries(step))
            steps.append({"stage": stage.name, "writes": str(step.table), "how": how, "queries": queries})
        if stage.name == until:
            break
    return steps


def known_name(kind: str, name: str, names: Iterable[str]) -> str:
    """`name` where it is among `names`; a usage error that suggests a close one otherwise."""
    known = list(names)
    if name not in known:
        hint = did_you_mean(name, known) or (f"; there are {', '.join(sorted(known))}" if known else "; there is none")
        raise click.UsageError(f"unknown {kind} {name!r}{hint}")
    return name
