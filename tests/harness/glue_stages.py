"""Several stages' jobs in one process, for starting Spark is most of a small job's time; run by spark-submit.

`--stages cleanse,identity` says which; `--killed_before_note curated.edges:edges` ends the process as
a kill does, right after that step's rows were committed and before the table's own note of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyspark.sql import SparkSession

from kumitate.cloud.arguments import job_arguments, options
from kumitate.cloud.jobs import fetched, run_stage, stage_of
from kumitate.project import open_project

KILLED = 9


class Mortal:
    """A session whose process dies when it is to note `step`."""

    def __init__(self, session: SparkSession, step: str) -> None:
        self._session, self._step = session, step

    def sql(self, text: str) -> Any:
        if text.startswith("alter table") and self._step in text:
            os._exit(KILLED)
        return self._session.sql(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


if __name__ == "__main__":
    job, given = job_arguments(sys.argv[1:]), options(sys.argv[1:])
    session: Any = SparkSession.builder.getOrCreate()
    if "killed_before_note" in given:
        session = Mortal(session, given["killed_before_note"])
    with TemporaryDirectory() as folder:
        project = open_project(fetched(job.project, Path(folder)))
        for stage in given["stages"].split(","):
            run_stage(stage_of(stage), project, job, session=session)
