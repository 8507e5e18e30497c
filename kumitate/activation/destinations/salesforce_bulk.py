"""Salesforce's Bulk API 2.0: a job's CSV, its states, and the outcome of each row by its external id.

https://developer.salesforce.com/docs/platform/api-asynch/guide (create, upload once, close, poll, fetch results)
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.activation.destinations.answers import REQUEST_REFUSED, UNREADABLE
from kumitate.activation.destinations.base import packed
from kumitate.activation.destinations.csv_lines import line
from kumitate.activation.destinations.salesforce_answers import row_outcome
from kumitate.model.request import Change, HttpRequest, Outcome, Response, Verdict

MOST_BYTES = 100_000_000
"""Of one upload: Salesforce takes 150 MB, and counts what base64 makes of it."""
_HEADER_BYTES = 4_000
_NULL = "#N/A"
"""Sets a field to null; an empty cell leaves it as it is."""
_UNREAD = "the job's numbers and its results do not add up"


@dataclass(frozen=True, slots=True)
class Jobs:
    """The requests of one object's jobs; `data` is `/services/data/v67.0`."""

    data: str
    sobject: str
    external_id: str

    def create(self, keys: Sequence[str]) -> HttpRequest:
        body = {
            "object": self.sobject,
            "operation": "upsert",
            "externalIdFieldName": self.external_id,
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        return self._json("POST", "", body, keys=keys)

    def upload(self, job: str, content: bytes, keys: Sequence[str]) -> HttpRequest:
        headers = {"Content-Type": "text/csv; charset=UTF-8", "Accept": "*/*"}
        return HttpRequest("PUT", f"{self.data}/jobs/ingest/{job}/batches", content, tuple(keys), headers)

    def set_state(self, job: str, state: str, keys: Sequence[str]) -> HttpRequest:
        return self._json("PATCH", f"/{job}", {"state": state}, keys=keys)

    def ask(self, job: str, keys: Sequence[str]) -> HttpRequest:
        return HttpRequest("GET", f"{self.data}/jobs/ingest/{job}", b"", tuple(keys))

    def results(self, job: str, kind: str, keys: Sequence[str]) -> HttpRequest:
        """`failedResults` or `unprocessedrecords`, as CSV."""
        return HttpRequest("GET", f"{self.data}/jobs/ingest/{job}/{kind}/", b"", tuple(keys), {"Accept": "*/*"})

    def _json(self, method: str, path: str, body: Mapping[str, str], *, keys: Sequence[str]) -> HttpRequest:
        content = json.dumps(body).encode()
        return HttpRequest(
            method, f"{self.data}/jobs/ingest{path}", content, tuple(keys), {"Content-Type": "application/json"}
        )


def parts(
    rows: Sequence[Change], records: Mapping[str, Mapping[str, Any]], *, most_bytes: int = MOST_BYTES
) -> Iterator[Sequence[Change]]:
    """Rows in runs of one upload's size; `records` are their flat fields by key."""
    columns = len(columns_of(rows, records))

    def size(change: Change) -> int:
        return columns + sum(len(line([cell(value)]).encode()) for value in records[change.key].values())

    return packed(rows, most=len(rows), most_bytes=most_bytes - _HEADER_BYTES, size=size)


def table(rows: Sequence[Change], records: Mapping[str, Mapping[str, Any]]) -> bytes:
    """CSV with a column for every field that any row has."""
    columns = columns_of(rows, records)
    lines = (
        line(cell(record[name]) if name in record else "" for name in columns)
        for record in (records[change.key] for change in rows)
    )
    return (line(columns) + "".join(lines)).encode()


def columns_of(rows: Sequence[Change], records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for change in rows for name in records[change.key]))


def cell(value: Any) -> str:
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def rows_of(response: Response, column: str) -> list[dict[str, str]] | None:
    """A results file's rows; None where it is none (a page of HTML, another job's columns)."""
    reader = csv.DictReader(io.StringIO(response.body.decode("utf-8-sig", "replace"), newline=""))
    return list(reader) if column in (reader.fieldnames or ()) else None


def places(rows: Sequence[Change], keys: set[str]) -> list[list[int]]:
    """Where these keys stand, as runs (`[[0, 10000]]`): unprocessed rows stand together, and little is noted."""
    runs: list[list[int]] = []
    for place, change in enumerate(rows):
        if change.key in keys:
            if runs and runs[-1][1] == place:
                runs[-1][1] = place + 1
            else:
                runs.append([place, place + 1])
    return runs


@dataclass(frozen=True, slots=True)
class Job:
    """What Salesforce says of a job in the end."""

    processed: int
    failed: int
    error: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Job:
        words = f"{answer.get('state')}: {answer.get('errorMessage') or 'the job ended early'}"
        error = "" if answer.get("state") == "JobComplete" else words
        return cls(int(answer.get("numberRecordsProcessed", 0)), int(answer.get("numberRecordsFailed", 0)), error)


def outcomes(
    rows: Sequence[Change], job: Job, *, failures: Mapping[str, str], left: Sequence[Sequence[int]]
) -> list[Outcome]:
    """One per row: refused as the file of failures says, left behind, else taken if the numbers add up."""
    behind = {rows[place].key for start, stop in left for place in range(start, stop)}
    taken = [change.key for change in rows if change.key not in failures and change.key not in behind]
    fits = len(taken) == job.processed - job.failed
    return [
        *(_failed(change.key, failures[change.key]) for change in rows if change.key in failures),
        *(
            Outcome(change.key, Verdict.RETRY, REQUEST_REFUSED, job.error or "left unprocessed")
            for change in rows
            if change.key in behind and change.key not in failures
        ),
        *(
            Outcome(key, Verdict.ACCEPTED) if fits else Outcome(key, Verdict.RETRY, UNREADABLE, _UNREAD)
            for key in taken
        ),
    ]


def _failed(key: str, error: str) -> Outcome:
    """`REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`"""
    code, _, words = error.partition(":")
    return row_outcome(key, code or "UNKNOWN", words.removesuffix(" --"))
