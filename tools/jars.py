"""Fetch the Java archives that Glue has built in and a local Spark has not, with Maven, into build/jars."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

JARS = Path(__file__).resolve().parents[1] / "build" / "jars"
ICEBERG = "1.11.0"
"""Glue 6.0's, like Spark 4.1."""
ARTIFACTS = (
    f"org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:{ICEBERG}",
    f"org.apache.iceberg:iceberg-aws-bundle:{ICEBERG}",
)
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def path_of(artifact: str) -> Path:
    _, name, version = artifact.split(":")
    return JARS / f"{name}-{version}.jar"


def is_possible() -> bool:
    """The archives are there, or Maven is."""
    return shutil.which("mvn") is not None or all(path_of(artifact).exists() for artifact in ARTIFACTS)


def fetched() -> tuple[Path, ...]:
    """The archives; those that are missing come from the Maven repository that `mvn` is set up for."""
    missing = [artifact for artifact in ARTIFACTS if not path_of(artifact).exists()]
    maven = shutil.which("mvn")
    if missing and maven is None:
        raise SystemExit(f"{JARS} lacks archives and there is no Maven to fetch them; install maven, then run again")
    for artifact in missing:
        options = ("-q", "-B", "-Dstyle.color=never", f"-Dartifact={artifact}", f"-DoutputDirectory={JARS}")
        subprocess.run([str(maven), _COPY, *options], check=True)  # noqa: S603 - fixed words, and names from above
    return tuple(path_of(artifact) for artifact in ARTIFACTS)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{path}\n" for path in fetched()))
