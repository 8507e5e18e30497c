"""Glue jobs: each script runs one stage."""
