"""A Java machine of one's own: the first Spark session of a process fixes its class path, and later ones inherit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession


@contextmanager
def fresh_session(master: str, settings: Mapping[str, str]) -> Iterator[Any]:
    """A session whose machine was started for it, and ends with it."""
    _end_machine()
    session = SparkSession.builder.master(master).config(map=dict(settings)).getOrCreate()
    try:
        yield session
    finally:
        session.stop()
        _end_machine()


def _end_machine() -> None:
    gateway: Any = SparkContext._gateway
    if gateway is None:
        return
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(timeout=60)
    SparkContext._gateway = SparkContext._jvm = None
