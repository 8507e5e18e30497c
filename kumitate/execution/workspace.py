"""A project opened on this machine: its configuration, lake, engine and run log, wired once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kumitate.errors import FatalError
from kumitate.execution.runs import RunLog
from kumitate.project import Project, open_project

if TYPE_CHECKING:
    from kumitate.config.project import Config
    from kumitate.engines.iceberg import IcebergLake
    from kumitate.ports import Engine, Inbox, RawArea

EngineName = Literal["duckdb", "spark"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a command works with; `folder` holds lake, raw files, ledgers and the run log."""

    project: Project
    folder: Path
    lake: IcebergLake
    engine: Engine
    engine_name: str
    runs: RunLog
    inbox: Inbox
    raw_area: RawArea

    @property
    def config(self) -> Config:
        return self.project.config

    @property
    def fingerprint(self) -> str:
        """Changes with anything in the project's files that a plan depends on."""
        text = self.config.model_dump_json(exclude={"root", "environments"})
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def open_workspace(
    root: Path, *, engine: EngineName = "duckdb", lake_folder: Path | None = None
) -> Iterator[Workspace]:
    """Open the project at `root`; ConfigError with every problem when its files are wrong.

    `lake_folder` takes the place of the lake that the project names.
    """
    from kumitate.engines.local_files import LocalInbox, LocalRawArea
    from kumitate.engines.local_lake import open_local_lake

    project = open_project(root)
    folder = lake_folder_of(project.config, lake_folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)  # lake, ledgers and logs hold personal data: for its owner alone
    lake = open_local_lake(folder)
    opened = _open_engine(engine, lake, folder)
    try:
        yield Workspace(
            project=project,
            folder=folder,
            lake=lake,
            engine=opened,
            engine_name=engine,
            runs=RunLog(folder / "runs.db"),
            inbox=LocalInbox(project.config.root, folder),
            raw_area=LocalRawArea(folder),
        )
    finally:
        close = getattr(opened, "close", None)
        if close is not None:
            close()


def lake_folder_of(config: Config, given: Path | None = None) -> Path:
    """Where the project's lake lies on this machine, unless another folder is given."""
    return config.root / config.settings.lake if given is None else given.resolve()


def _open_engine(name: EngineName, lake: IcebergLake, folder: Path) -> Engine:
    match name:
        case "duckdb":
            from kumitate.engines.duckdb import DuckDBEngine

            return DuckDBEngine(lake, temp_directory=folder / "tmp")
        case "spark":
            from kumitate.engines.spark import SparkEngine

            return SparkEngine(lake, temp_directory=folder / "tmp")
        case _:
            raise FatalError(f"unknown engine {name!r}; there are duckdb and spark")
