"""What every Glue job is started with: one function for the stacks that place jobs and for the tests that run them."""

from __future__ import annotations

from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform, PulledSource
from kumitate.engines.spark_settings import SAME_MEANING, glue_catalogue

TEMPORARY = "glue"
"""Prefix in the results bucket of what Glue puts aside."""
_PLACING = {
    "spark.driver.maxResultSize": "0",  # a graph's edges come to the driver, whose memory is the limit
    "spark.executor.syncLogLevel.enabled": "true",
    "spark.log.level": "FATAL",  # Spark's own messages may quote rows
}


def spark_settings(platform: Platform) -> dict[str, str]:
    """Spark's settings of every job: the lake's catalogue, and SQL that means what Athena means."""
    return {**glue_catalogue(f"s3://{platform.names.bucket('curated')}/"), **SAME_MEANING, **_PLACING}


def default_arguments(platform: Platform, stage: str, *, project_uri: str, packages_uri: str) -> dict[str, str]:
    """The job's own arguments; run id, clock and syncs come with each start.

    `packages_uri` is a zip of wheels (its name ends in .gluewheels.zip): Kumitate's own and those of the lock. Glue
    installs it on the driver and on every worker, and asks no package index.
    """
    names = platform.names
    return {
        "--job-language": "python",
        "--datalake-formats": "iceberg",
        "--conf": chain(spark_settings(platform)),
        "--additional-python-modules": packages_uri,
        "--python-modules-installer-option": "--no-index",
        "--enable-metrics": "true",
        "--enable-observability-metrics": "true",
        "--TempDir": f"s3://{names.bucket('results')}/{TEMPORARY}/{stage}/",
        "--project": project_uri,
        "--environment": names.environment,
        "--account": names.account,
    }


def pull_arguments(platform: Platform, pulled: PulledSource, *, project_uri: str, packages_uri: str) -> dict[str, str]:
    """The own arguments of a job that pulls one source through a connection of Glue."""
    arguments = default_arguments(platform, "pull", project_uri=project_uri, packages_uri=packages_uri)
    return {**arguments, "--source": pulled.name}


def glue_connection(names: Names, pulled: PulledSource) -> str:
    """The connection that a source is pulled through: one of the account's, or its own."""
    return pulled.pull.connection or names.called("pull", pulled.name)


def chain(settings: dict[str, str]) -> str:
    """`a=1 --conf b=2`: Glue takes many Spark settings as the one value of `--conf`."""
    return " --conf ".join(f"{name}={value}" for name, value in sorted(settings.items()))
