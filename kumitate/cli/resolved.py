"""What `kumitate resolve` prints: plan, persons, how good they are, what was held back, and the time it took."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from kumitate.cli.output import counted, print_json, print_table
from kumitate.identity.held_values import most_held
from kumitate.identity.scoring import b_cubed, score_labels

if TYPE_CHECKING:
    import pyarrow as pa

    from kumitate.execution.resolving import Asked, Done
    from kumitate.identity.table_plan import TablePlan

_HELD_SHOWN = 10
_PLACES_SHOWN = 10
_CLEANSING = ("read", "records", "cleanse")


def plan_facts(plan: TablePlan) -> dict[str, Any]:
    """How columns are read and which rules apply."""
    return {
        "rules": "shipped" if plan.are_defaults else "given",
        "record_id": plan.record_id,
        "columns": [
            {
                "column": each.name,
                "from": each.delivered,
                "type": f"{each.rule.semantic}.{each.part}" if each.part else str(each.rule.semantic),
                "recognised": each.is_recognised,
            }
            for each in plan.columns
        ],
        "identifiers": {kind: [column for name, column in plan.stated if name == kind] for kind, _ in plan.stated},
        "match": {name: list(rule.match) for name, rule in plan.entity.rules.items()},
    }


def show_plan(plan: TablePlan, table: pa.Table, *, as_json: bool) -> None:
    facts = {"rows": table.num_rows, **plan_facts(plan)}
    if as_json:
        print_json(facts)
        return
    click.echo(f"{counted(table.num_rows, 'rows')}; {_rules_sentence(facts)}\n")
    print_table(("column", "from", "type", "recognised"), [tuple(each.values()) for each in facts["columns"]])
    rows = [("identifier", kind, ", ".join(columns)) for kind, columns in facts["identifiers"].items()]
    rows += [("match rule", name, ", ".join(match)) for name, match in facts["match"].items()]
    print_table(("merges", "name", "columns"), rows)


def _rules_sentence(facts: dict[str, Any]) -> str:
    told = "the rules that ship" if facts["rules"] == "shipped" else "the rules of the file"
    named = f"records are named by {facts['record_id'] or 'their lines'}"
    kinds, rules = counted(len(facts["identifiers"]), "identifiers"), counted(len(facts["match"]), "match rules")
    return f"{named}; {told}: {kinds}, {rules}"


def facts(done: Done, asked: Asked) -> dict[str, Any]:
    """Everything that is printed, as JSON knows it."""
    resolved = done.resolved
    sizes = np.bincount(resolved.persons.person)
    records = len(resolved.records)
    return {
        **plan_facts(resolved.plan),
        "records": records,
        "superseded": resolved.records.superseded,
        "deleted": resolved.records.deleted,
        "persons": int((sizes > 0).sum()),
        "largest": int(sizes.max(initial=0)),
        "model": _model_facts(done),
        "score": _score(done, asked.truth) if asked.truth else None,
        "unusable": {name: dict(reasons) for name, reasons in resolved.cleansed.unusable.items()},
        "held": dict(Counter(resolved.resolution.held.reason)),
        "held_most": most_held(resolved, _HELD_SHOWN),
        "review": len(resolved.resolution.review.left),
        "decisions": {"given": done.decisions, "without_records": [each.place for each in done.idle]},
        "events": dict(Counter(done.events["event"].to_pylist())),
        "seconds": {step: round(seconds, 3) for step, seconds in done.seconds.items()},
        "deltas": [{step: round(float(value), 3) for step, value in delta.items()} for delta in done.deltas],
        "peak_mb": round(done.peak_mb),
    }


def _model_facts(done: Done) -> dict[str, Any] | None:
    found = done.resolved.scored
    if found is None:
        return None
    compared = [comparison.name for comparison in found.model.comparisons]
    rules = done.resolved.rules
    return {"compares": compared, "pairs": len(found.pairs.left), "merge": rules.merge, "review": rules.review}


def _score(done: Done, column: str) -> dict[str, Any]:
    from kumitate.execution.resolving import truth_labels

    found, truth = truth_labels(done, column)
    pairs, records = score_labels(found, truth), b_cubed(found, truth)
    return {
        "records": len(found),
        "pairs": {"precision": pairs.precision, "recall": pairs.recall, "f1": pairs.f1},
        "b_cubed": {"precision": records.precision, "recall": records.recall, "f1": records.f1},
    }


def show(facts: dict[str, Any]) -> None:
    click.echo(
        f"{facts['records']:,} records are {counted(facts['persons'], 'persons')}; the largest has "
        f"{counted(facts['largest'], 'records')}; {_rules_sentence(facts)}"
    )
    if facts["superseded"]:
        click.echo(f"older versions of a record, passed over: {counted(facts['superseded'], 'rows')}")
    if facts["deleted"]:
        click.echo(f"taken out by a delta: {counted(facts['deleted'], 'records')}")
    if facts["model"]:
        click.echo(
            f"a model compared {', '.join(facts['model']['compares'])};"
            f" waiting for a steward: {counted(facts['review'], 'pairs')}"
        )
    if facts["decisions"]["given"]:
        _show_decisions(**facts["decisions"])
    click.echo()
    if facts["score"]:
        _show_score(facts["score"])
    _show_counts(facts)
    _show_seconds(facts)


def _show_decisions(given: int, without_records: list[str]) -> None:
    click.echo(f"stewards: {counted(given, 'decisions')}")
    if without_records:
        more = len(without_records) - _PLACES_SHOWN
        places = ", ".join(without_records[:_PLACES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(
            f"  {len(without_records):,} of them decide nothing, the table has not the records they name: {places}; "
            "records are named as in the column `record` of the clusters"
        )


def _show_score(score: dict[str, Any]) -> None:
    rows = [
        (name, *(round(score[key][part], 5) for part in ("precision", "recall", "f1")))
        for name, key in (("pairs", "pairs"), ("B-cubed", "b_cubed"))
    ]
    print_table(("against the truth", "precision", "recall", "F1"), rows)


def _show_counts(facts: dict[str, Any]) -> None:
    if facts["events"]:
        print_table(("event", "persons"), facts["events"].items())
    rows = [(column, reason, rows) for column, reasons in facts["unusable"].items() for reason, rows in reasons.items()]
    if rows:
        print_table(("column", "could not be used", "rows"), rows)
    if facts["held_most"]:
        held = counted(sum(facts["held"].values()), "values")
        click.echo(f"merging nobody, or not all who hold them: {held}; those on most records:")
        print_table(("kind", "value", "reason", "records"), [tuple(each.values()) for each in facts["held_most"]])


def _show_seconds(facts: dict[str, Any]) -> None:
    rows = [(step, seconds, round(facts["records"] / seconds)) for step, seconds in facts["seconds"].items() if seconds]
    print_table(("step", "seconds", "rows/s"), rows)
    for number, delta in enumerate(facts["deltas"], 1):
        steps = {step: seconds for step, seconds in delta.items() if step != "rows"}
        told = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())
        click.echo(f"delta {number}: {counted(int(delta['rows']), 'rows')} in {sum(steps.values()):.2f} s ({told})")
    click.echo(f"peak memory {facts['peak_mb']:,} MB")
