"""What a job says of itself: one JSON line a step, and the stage's metrics, which CloudWatch reads from the log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kumitate.blueprint.states import METRICS
from kumitate.ingest.tables import QUARANTINE
from kumitate.model.step import BatchStep, GraphStep, QueryStep
from kumitate.ports import Mark, Worker

_QUARANTINE = f"{QUARANTINE}:"


@dataclass(frozen=True, slots=True)
class JobLog:
    """Counts, seconds and names; never a value of a row."""

    project: str
    environment: str
    stage: str
    run_id: str

    def say(self, **found: str | int | float) -> None:
        self._write({**found, "stage": self.stage, "run_id": self.run_id})

    def measure(self, rows: Mapping[str, int], seconds: float) -> None:
        """The stage's metrics, by project, environment and stage."""
        quarantined = sum(count for step, count in rows.items() if step.startswith(_QUARANTINE))
        metrics = {"Rows": "Count", "RowsQuarantined": "Count", "StageSeconds": "Seconds"}
        values = {"Rows": sum(rows.values()), "RowsQuarantined": quarantined, "StageSeconds": round(seconds, 3)}
        described = {
            "Namespace": METRICS,
            "Dimensions": [["project", "environment", "stage"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in metrics.items()],
        }
        at = int(datetime.now(UTC).timestamp() * 1000)
        where = {"project": self.project, "environment": self.environment, "stage": self.stage}
        self._write({"_aws": {"Timestamp": at, "CloudWatchMetrics": [described]}, **where, **values})

    def _write(self, line: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class ToldWorker:
    """A worker whose every step is told: rows and seconds."""

    worker: Worker
    log: JobLog

    def carry_out(self, step: QueryStep | BatchStep | GraphStep, mark: Mark) -> int:
        started = time.perf_counter()
        rows = self.worker.carry_out(step, mark)
        self.log.say(step=mark.step, rows=rows, seconds=round(time.perf_counter() - started, 3))
        return rows
