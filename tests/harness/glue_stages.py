"""Several stages' jobs in one process: starting Spark is most of a small job's time. Run by spark-submit."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession

from kumitate.cloud.arguments import job_arguments, options
from kumitate.cloud.jobs import fetched, run_stage, stage_of
from kumitate.project import open_project

if __name__ == "__main__":
    job = job_arguments(sys.argv[1:])
    session = SparkSession.builder.getOrCreate()
    with TemporaryDirectory() as folder:
        project = open_project(fetched(job.project, Path(folder)))
        for stage in options(sys.argv[1:])["stages"].split(","):
            run_stage(stage_of(stage), project, job, session=session)
