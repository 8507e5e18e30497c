"""Account Engagement's files: a batch of prospects as CSV in a multipart body, and the rows an import refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from kumitate.activation.destinations.csv_lines import line
from kumitate.activation.destinations.one_value import one_text
from kumitate.model.request import Change, Response

_MATCH = "matchEmail"
_BOUNDARY = "kumitate.9f6b1c0a7d.batch"
"""No CSV of ours has a line that begins with two dashes and this."""


def table(rows: Sequence[Change], key_field: str) -> bytes:
    """CSV of rows with the same fields; the address is what prospects are matched by."""
    names = sorted(set(rows[0].fields) - {key_field})
    lines = (line(_cells(change, names)) for change in rows)
    return (line([_MATCH, key_field, *names]) + "".join(lines)).encode()


def row_size(change: Change, key_field: str) -> int:
    """Bytes of a row, quotes included."""
    names = sorted(set(change.fields) - {key_field})
    return len(line(_cells(change, names)).encode())


def upload(content: bytes) -> tuple[str, bytes]:
    """The content type and body that carry a file."""
    head = 'Content-Disposition: form-data; name="file"; filename="prospects.csv"\r\nContent-Type: text/csv\r\n\r\n'
    body = f"--{_BOUNDARY}\r\n{head}".encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={_BOUNDARY}", body


def errors_by_key(response: Response, key_field: str) -> Mapping[str, str] | None:
    """The words in the last column, by key; None where the file is none or lacks the key's column."""
    reader = csv.DictReader(io.StringIO(response.body.decode("utf-8-sig", "replace"), newline=""))
    names = list(reader.fieldnames or ())
    if key_field not in names:
        return None
    return {row[key_field]: row[names[-1]] or "refused" for row in reader}


def _cells(change: Change, names: Sequence[str]) -> list[str]:
    return [one_text(change.fields.get("email")), change.key, *(one_text(change.fields[name]) for name in names)]
