"""Engines and stores: DuckDB, Spark, Iceberg (edge)."""
