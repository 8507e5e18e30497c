"""What went out: per sync every candidate's fate, and why a destination refused, in its own words."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from kumitate.config.project import Config
from kumitate.report import answers, questions
from kumitate.report.facts import PlatformFigure, Rejection, RunFacts, SyncReport, Tally
from kumitate.report.masking import message_shape
from kumitate.report.questions import Ask, Row, of


def syncs(ask: Ask, config: Config, run: RunFacts) -> tuple[SyncReport, ...]:
    if not config.run_syncs:
        return ()
    counts, outcomes = ask(questions.sync_counts(run.run_id)), ask(questions.sync_outcomes(run.run_id))
    sizes, refused = ask(questions.sync_sizes(sorted(config.run_syncs))), ask(answers.rejections())
    told = ask(answers.platform_figures())
    earlier = {row["sync"] for row in ask(questions.syncs_of_earlier_plans(run.run_id))}
    failed = {row["sync"]: row["requests"] for row in ask(answers.failed_requests(run.run_id))}
    return tuple(
        SyncReport(
            name=name,
            description=sync.description,
            destination=sync.destination,
            type=config.destinations[sync.destination].type,
            segment=sync.brings,
            mode=sync.mode,
            rejections=_rejections(ask, name, of(refused, "sync", name)),
            figures=tuple(
                PlatformFigure(row["name"], row["value"], row["at"], row["reports"]) for row in of(told, "sync", name)
            ),
            failed_later=failed.get(name, 0),
            is_planned=name not in earlier,
            **_planned({row["outcome"]: row["rows"] for row in of(counts, "sync", name)}, beside=sync.mode != "delete"),
            **_became(of(outcomes, "sync", name), beside=sync.mode != "delete"),
            **_waiting(of(counts, "sync", name), of(outcomes, "sync", name), run.stopped.get(name, ""), mode=sync.mode),
            **{row["what"]: row["rows"] for row in of(sizes, "sync", name)},
        )
        for name, sync in sorted(config.run_syncs.items())
    )


def _planned(outcomes: dict[str, int], *, beside: bool) -> dict[str, Any]:
    """What the difference to the accepted state asked for; removals stand `beside` the candidates, or are them."""
    held = (Tally(outcome.removeprefix("held:"), rows) for outcome, rows in outcomes.items() if outcome[:5] == "held:")
    return {
        "unchanged": outcomes.get("unchanged", 0),
        "deletes": outcomes.get("delete", 0) + outcomes.get("delete_retried", 0) if beside else 0,
        "retried": outcomes.get("retried", 0) + outcomes.get("delete_retried", 0),
        "held": tuple(sorted(held, key=lambda gate: (-gate.count, gate.name))),
    }


def _waiting(counts: list[Row], outcomes: list[Row], reason: str, *, mode: str) -> dict[str, Any]:
    """What a sync would have brought of which nothing left, for a reason."""
    if outcomes or not reason:
        return {}
    planned = {row["outcome"]: row["rows"] for row in counts}
    deletes = planned.get("delete", 0) + planned.get("delete_retried", 0)
    writes = sum(planned.get(each, 0) for each in ("create", "update", "retried"))
    rows = {"waiting": writes, "waiting_deletes": deletes} if mode != "delete" else {"waiting": deletes}
    return {**rows, "waits_for": reason if deletes + writes else ""}


def _became(outcomes: list[Row], *, beside: bool) -> dict[str, Any]:
    """What the destination made of it; removals apart where they stand beside."""
    rows: Counter[tuple[str, str]] = Counter()
    waits: Counter[str] = Counter()
    for row in outcomes:
        rows[row["operation"] if beside else "write", row["verdict"]] += row["rows"]
        if row["verdict"] == "retry":
            waits[row["reason"]] += row["rows"]
    return {
        "delivered": rows["write", "accepted"],
        "rejected": rows["write", "rejected"],
        "pending": rows["write", "retry"],
        "unknown": rows["write", "unknown"],
        "deleted": rows["delete", "accepted"],
        "undeleted": sum(rows["delete", verdict] for verdict in ("rejected", "retry", "unknown")),
        "undeleted_rejected": rows["delete", "rejected"],
        "undeleted_unknown": rows["delete", "unknown"],
        "waits": tuple(Tally(name, count) for name, count in waits.most_common()),
    }


def _rejections(ask: Ask, sync: str, refused: list[Row]) -> tuple[Rejection, ...]:
    if not refused:
        return ()
    sent = ask(answers.rejected_fields(sync, [row["first_key"] for row in refused]))
    return tuple(
        Rejection(
            reason=row["reason"],
            message=message_shape(row["message"], _values(of(sent, "key", row["first_key"]), row["first_key"])),
            rows=row["rows"],
            attempts=row["attempts"],
        )
        for row in refused
    )


def _values(sent: list[Row], key: str) -> set[str]:
    """Every value the row had, as text."""
    fields = (json.loads(row["fields"]) for row in sent if row["fields"])
    return {key} | {str(value) for row in fields for value in row.values() if value is not None}
