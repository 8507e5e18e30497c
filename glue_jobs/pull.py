"""A source that a connection of AWS Glue reaches, pulled into the raw zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumitate.cloud.pulling import run_pull


def read(connection_type: str, connection_options: Mapping[str, str]) -> Any:
    """The connection's rows as a data frame; awsglue exists in Glue alone."""
    from awsglue.context import GlueContext
    from pyspark.context import SparkContext

    frames = GlueContext(SparkContext.getOrCreate()).create_dynamic_frame
    return frames.from_options(connection_type=connection_type, connection_options=dict(connection_options)).toDF()


if __name__ == "__main__":
    run_pull(read)
