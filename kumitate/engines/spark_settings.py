"""What a Spark session needs so that Athena's SQL means the same there, on the laptop and in Glue."""

from __future__ import annotations

from kumitate.engines.batches import BATCH_ROWS

SAME_MEANING = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    "spark.sql.parquet.fieldId.read.enabled": "true",
    "spark.sql.parquet.fieldId.read.ignoreMissing": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}
CATALOGUE = "lake"
"""The lake's name in Spark: `lake.shop_dev_curated.profiles`."""


def glue_catalogue(warehouse: str) -> dict[str, str]:
    """The lake's Iceberg tables in the Glue Data Catalog; every table has a place of its own beside `warehouse`."""
    catalogue = f"spark.sql.catalog.{CATALOGUE}"
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalogue: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalogue}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalogue}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalogue}.warehouse": warehouse,
        f"{catalogue}.cache-enabled": "false",  # pyiceberg writes to the same tables in the same job
    }
