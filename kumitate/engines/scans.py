"""Lake scans as plain Parquet files, which every engine can read as often as it likes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq

from kumitate.ports import Scan


def on_files(scan: Scan, folder: Path) -> Scan:
    """The scan with files only: rows that come as batches (a reader is good for one pass) go through `folder`."""
    if scan.batches is None:
        return scan
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.parquet"
    with pq.ParquetWriter(path, scan.schema) as writer:
        for batch in scan.batches:
            writer.write_batch(batch.cast(scan.schema))
    return replace(scan, files=(str(path),), field_ids={}, batches=None)
