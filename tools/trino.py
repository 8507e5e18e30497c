"""Fetch a Trino server with its Iceberg connector into build/trino, with Maven: about 1 GB down, half a GB on disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

TRINO = Path(__file__).resolve().parents[1] / "build" / "trino"
VERSION = "470"
"""Athena tells no Trino version. Of those that run on Java 17 Maven Central has the engine alone, no server."""
_KEPT = ("lib/", "plugin/iceberg/")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def is_fetched() -> bool:
    return (TRINO / "plugin" / "iceberg").is_dir()


def fetch() -> None:
    """The engine and the connector, out of the server's archive."""
    maven = shutil.which("mvn")
    if maven is None:
        raise SystemExit("there is no Maven to fetch Trino with; install maven, then run again")
    with TemporaryDirectory(dir=TRINO.parent) as folder:
        artifact = f"-Dartifact=io.trino:trino-server:{VERSION}:tar.gz"
        subprocess.run([maven, _COPY, "-q", "-B", artifact, f"-DoutputDirectory={folder}"], check=True)  # noqa: S603 - fixed words
        unpacked = Path(folder, "trino")
        _unpack(Path(folder, f"trino-server-{VERSION}.tar.gz"), unpacked)
        unpacked.rename(TRINO)


def _unpack(archive: Path, target: Path) -> None:
    """The kept files; a connector's may be hard links to another's, so those are unpacked first."""
    with tarfile.open(archive) as members:
        kept = [(member, name) for member, name in _inside(members) if name.startswith(_KEPT)]
        for member, name in kept:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = members.extractfile(member)  # of a hard link: what it links to
            if content is not None:
                with content, path.open("wb") as file:
                    shutil.copyfileobj(content, file)


def _inside(members: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, str]]:
    for member in members:
        if member.isfile() or member.islnk():
            yield member, member.name.partition("/")[2]


if __name__ == "__main__":
    TRINO.parent.mkdir(exist_ok=True)
    if not is_fetched():
        fetch()
    sys.stdout.write(f"{TRINO}\n")
