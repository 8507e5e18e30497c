"""Starts a pipeline run for what has arrived."""
