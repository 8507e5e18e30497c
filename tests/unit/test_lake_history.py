"""The lake's past can be read for a while, then its files go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Table, Type, columns
from kumitate.ports import Mark

SIZES = Table("curated", "sizes", columns(size=Type.BIGINT))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[IcebergLake]:
    with open_local_lake(tmp_path) as lake:
        lake.prepare((SIZES,))
        yield lake


def write(lake: IcebergLake, size: int, mode: Mode = Mode.REPLACE) -> None:
    lake.write(SIZES, [pa.record_batch({"size": [size]}, SIZES.schema)], Mark(mode, "sizes", f"r{size}"))


def sizes_at(lake: IcebergLake, snapshot_id: int) -> list[int]:
    files = lake.scan_at("curated.sizes", snapshot_id).files
    return sorted(size for file in files for size in pq.read_table(file).column("size").to_pylist())


def test_every_run_can_be_read_as_it_was(lake: IcebergLake) -> None:
    write(lake, 1)
    write(lake, 2, Mode.APPEND)
    write(lake, 3)
    history = lake.history("curated.sizes")
    assert [state.run_id for state in history] == ["r1", "r2", "r3"]
    assert [sizes_at(lake, state.id) for state in history] == [[1], [1, 2], [3]]


def test_expiry_keeps_the_newest_states_and_drops_the_files_of_others(lake: IcebergLake, tmp_path: Path) -> None:
    for size in range(1, 6):
        write(lake, size)
    lake.expire(keep=2)
    assert [state.run_id for state in lake.history("curated.sizes")] == ["r4", "r5"]
    assert [sizes_at(lake, state.id) for state in lake.history("curated.sizes")] == [[4], [5]]
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


@pytest.mark.slow
def test_expiry_keeps_files_that_newer_states_share(lake: IcebergLake) -> None:
    for size in range(1, 6):
        write(lake, size, Mode.APPEND)
    lake.expire(keep=1)
    (state,) = lake.history("curated.sizes")
    assert sizes_at(lake, state.id) == [1, 2, 3, 4, 5]


def test_expiry_sweeps_what_a_killed_write_left(lake: IcebergLake, tmp_path: Path) -> None:
    write(lake, 1)
    orphan = tmp_path / "warehouse" / "curated" / "sizes" / "data" / "orphan.parquet"
    orphan.write_bytes(b"half a file")
    write(lake, 2)
    lake.expire(keep=1)
    assert not orphan.exists()


@pytest.mark.slow
def test_a_lake_of_many_runs_does_not_grow_for_ever(lake: IcebergLake, tmp_path: Path) -> None:
    counts = []
    for size in range(1, 25):
        write(lake, size)
        lake.expire(keep=2)
        counts.append(sum(path.is_file() for path in tmp_path.rglob("*")))
    assert counts[-1] == counts[-5]


def test_the_mark_outlives_expiry(lake: IcebergLake) -> None:
    write(lake, 1)
    write(lake, 2)
    lake.expire(keep=1)
    assert lake.done_by(SIZES, "sizes") == "r2"


def test_a_second_run_is_told_which_process_holds_the_lake(lake: IcebergLake) -> None:
    with (
        lake.lock(),
        pytest.raises(FatalError, match=f"another run is under way \\(process {os.getpid()}\\)"),
        lake.lock(),
    ):
        pass


def test_the_lock_of_a_dead_process_is_free(lake: IcebergLake, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from kumitate.engines.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert killed.returncode == 9
    with lake.lock():
        assert (tmp_path / "lock").read_text() == str(os.getpid())
