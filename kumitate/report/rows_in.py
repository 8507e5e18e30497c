"""What came in: per source the files, the rows and their fate; of every quarantine reason one masked sample."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.report import questions
from kumitate.report.cleansed import columns
from kumitate.report.facts import Intake, QuarantineSample, SourceReport, Tally
from kumitate.report.masking import payload_shape
from kumitate.report.questions import Ask, Row, of


def sources(ask: Ask, config: Config, run_id: str, *, quarantined: list[Row]) -> tuple[SourceReport, ...]:
    cleansed = ask(questions.cleansing(run_id))
    answers = (ask(questions.deliveries(run_id)), ask(questions.outcomes_of_rows(run_id)), quarantined)
    return tuple(
        SourceReport(
            name=name,
            kind=source.kind,
            description=source.description,
            ever=_intake(*(of(rows, "source", name) for rows in answers), suffix=""),
            now=_intake(*(of(rows, "source", name) for rows in answers), suffix="_now"),
            file_problems=tuple(
                Tally(row["problem"], row["files"]) for row in of(answers[0], "source", name) if row["problem"]
            ),
            cleansed=columns(of(cleansed, "source", name)),
        )
        for name, source in sorted(config.sources.items())
    )


def samples(ask: Ask, quarantined: list[Row]) -> tuple[QuarantineSample, ...]:
    """One row of each kind, the most frequent first within its source."""
    first = {(row["source"], row["reason"]): row for row in ask(questions.quarantine_samples())}
    return tuple(_sample(first[row["source"], row["reason"]], row["rows"]) for row in quarantined)


def _intake(deliveries: list[Row], outcomes: list[Row], quarantined: list[Row], *, suffix: str) -> Intake:
    accepted = {row["outcome"]: row["rows" + suffix] for row in outcomes}
    return Intake(
        files=sum(row["files" + suffix] for row in deliveries),
        rows_in=sum(row["rows_in" + suffix] for row in deliveries),
        replayed=sum(row["replayed" + suffix] for row in deliveries),
        accepted=accepted.get("accepted", 0),
        duplicate=accepted.get("duplicate", 0),
        superseded=accepted.get("superseded", 0),
        recleansed=accepted.get("recleansed", 0) + accepted.get("refused_again", 0),
        refused_again=accepted.get("refused_again", 0),
        quarantined=tuple(Tally(row["reason"], row["rows" + suffix]) for row in quarantined if row["rows" + suffix]),
    )


def _sample(row: Row, rows: int) -> QuarantineSample:
    return QuarantineSample(
        source=row["source"],
        reason=row["reason"],
        rows=rows,
        field=row["field"],
        file=row["file"],
        line=row["line"],
        shape=payload_shape(row["payload"], row["field"]),
    )
