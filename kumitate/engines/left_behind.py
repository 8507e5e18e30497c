"""Tables that a catalogue no longer knows, although their files are still there: what they were when last committed."""

from __future__ import annotations

from collections.abc import Mapping

from pyarrow.fs import FileInfo, FileSelector
from pyiceberg.io import load_file_io
from pyiceberg.io.pyarrow import PyArrowFileIO

_ENDING = ".metadata.json"


def newest_metadata(location: str, properties: Mapping[str, str]) -> str | None:
    """The last metadata file below a table's `location`; None where no table lay there.

    `properties` are the catalogue's, which say how its storage is reached.
    """
    io = load_file_io(dict(properties), location)
    if not isinstance(io, PyArrowFileIO):
        return None
    scheme, netloc, path = PyArrowFileIO.parse_location(location, dict(properties))
    found = io.fs_by_scheme(scheme, netloc).get_file_info(FileSelector(f"{path}/metadata", allow_not_found=True))
    written = [file for file in found if file.base_name.endswith(_ENDING)]
    return f"{location}/metadata/{max(written, key=_age).base_name}" if written else None


def _age(file: FileInfo) -> tuple[int, int]:
    """Names begin with a number that each commit counts up; times alone are lost when a bucket is copied."""
    number = file.base_name.partition("-")[0]
    return int(number) if number.isdecimal() else -1, int(file.mtime_ns)
