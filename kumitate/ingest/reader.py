"""One door to all readers: a stored file becomes portions, whatever its format."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, cast

from kumitate.config.source import Source
from kumitate.ingest.csv_reader import read_csv
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.encoding import UNDECODABLE, likely_encoding
from kumitate.ingest.excel_reader import read_excel
from kumitate.ingest.jsonl_reader import read_jsonl
from kumitate.ingest.parquet_reader import read_parquet
from kumitate.ingest.portion import Portion
from kumitate.ingest.replayed import read_replayed
from kumitate.ingest.shape import Intake, Judge, as_before

Reader = Callable[[IO[bytes], Intake], Iterator[Portion]]

READERS: Mapping[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "excel": read_excel,
}
_COMPRESSIBLE = ("csv", "jsonl")
_GZIP = b"\x1f\x8b\x08"
_SAMPLE_BYTES = 64 * 1024


def read(
    stream: IO[bytes], delivery: Delivery, source: Source, *, run_id: str, is_good_now: Judge = as_before
) -> Iterator[Portion]:
    """All of a delivery: rows_in = rows + rejections, in the order of the file."""
    intake = Intake(delivery.source, source, delivery.id, run_id, is_good_now=is_good_now)
    if delivery.is_replay:
        return read_replayed(stream, intake)
    if source.format in _COMPRESSIBLE and (delivery.file.endswith(".gz") or _is_gzip(stream)):
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    return _with_encoding_hint(READERS[source.format](stream, intake))


def _is_gzip(stream: IO[bytes]) -> bool:
    """By its first bytes: services deliver compressed files under names that do not say so."""
    start = stream.read(len(_GZIP))
    stream.seek(0)
    return start == _GZIP


def _with_encoding_hint(portions: Iterable[Portion]) -> Iterator[Portion]:
    """The same; where most rows do not decode, a last word on what the file seems to be written in."""
    rows = undecodable = 0
    sample = b""
    for portion in portions:
        rows += portion.row_count + len(portion.rejections)
        for rejection in portion.rejections:
            if rejection.reason == UNDECODABLE:
                undecodable += 1
                if len(sample) < _SAMPLE_BYTES and rejection.payload.startswith("base64:"):
                    sample += base64.b64decode(rejection.payload.removeprefix("base64:")) + b"\n"
        yield portion
    if undecodable * 2 > rows:
        likely = likely_encoding(sample)
        yield Portion(problem=f"{UNDECODABLE}: {undecodable} of {rows} rows" + (f"; is it {likely}?" if likely else ""))
