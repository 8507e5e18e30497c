"""Files in S3, for people and systems that fetch them (by SFTP with AWS Transfer Family): parts, then a manifest."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from kumitate.activation.destinations.answers import AUTH_REFUSED, REQUEST_REFUSED, aws_error, for_all
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.file_formats import (
    CONTENT_TYPES,
    CsvStyle,
    Encoding,
    Kind,
    Row,
    column_types,
    csv_file,
    encodable,
    jsonl_file,
    parquet_file,
)
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Operation, Outcome, Request, Response, Verdict

_MODES = frozenset({"insert", "update", "upsert", "mirror", "append", "delete", "rebuild"})
_DENIED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})
_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}
_PLACES = frozenset({"sync", "mode", "number", "part"})


class Files(Destination):
    """An export a run: part files of at most `rows_per_part` rows, then `….manifest.json` with the run's id, and
    rows, SHA-256 and columns of each. Whoever fetches them waits for the manifest: it is written last.

    Mode `rebuild` writes everybody as soon as one row differs; any other mode writes what has changed, with the
    operation as a column. Exports are numbered. An export that was cut off is written again under the same number.
    """

    terms: ClassVar[Terms] = Terms(
        modes=_MODES,
        is_aws=True,
        is_whole=True,
        erase_by_hand="Delete the files that hold the person from the bucket (all versions, if it keeps them), and "
        "ask whoever fetched them; a life cycle rule on the bucket keeps exports from living long.",
    )

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field("", pattern=r"^([A-Za-z0-9!_.*'()-]+/)*$")
    """The folder, `exports/crm/`; with AWS Transfer Family, the home folder of who fetches."""
    name: str = Field("{sync}-{number:06d}-{part:03d}", max_length=200)
    """A part's name without its ending; takes `{sync}`, `{mode}`, `{number}` and `{part}`."""
    format: Kind = "csv"
    """`parquet` on a laptop alone: the function that delivers in the cloud has no pyarrow."""
    rows_per_part: int = Field(250_000, ge=1, le=1_000_000)
    columns: tuple[str, ...] = ()
    """The columns in their order; without it the key, the operation, and every field by name."""
    key_column: str = "key"
    operation_column: str = "operation"
    """Not written in mode `rebuild`."""
    encoding: Encoding = "utf-8"
    """Of CSV: `utf-8-sig` opens in Excel, `cp932` is what older Japanese systems read."""
    unencodable: Literal["refuse", "replace"] = "refuse"
    """What happens to a row that cp932 cannot write (`𠮷`, `😀`): refused with its column, or `〓` instead."""
    line_ends: Literal["lf", "crlf"] = "crlf"
    delimiter: Literal["comma", "tab", "semicolon"] = "comma"
    header: bool = True
    quotes: Literal["needed", "all"] = "needed"
    sync: str
    mode: str = "upsert"

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        try:
            shown = [name.format(sync="s", mode="m", number=1, part=part) for part in (1, 2)]
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError(f"a file's name takes {', '.join(sorted(_PLACES))} in braces and nothing else") from None
        if shown[0] == shown[1] or "/" in name or shown[0] == name.format(sync="s", mode="m", number=2, part=1):
            raise ValueError("a file's name must have {number} and {part} in it, and no slash")
        return name

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Nothing goes without its conversation: the manifest is written last."""
        why = "an export is a conversation"
        return [Outcome(change.key, Verdict.RETRY, REQUEST_REFUSED, why) for change in changes]

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=f"HTTP {response.status}")

    def stamps(self) -> bool:
        """The manifest names the run."""
        return True

    def begins(self, changes: Sequence[Change], memory: State) -> Turn:
        content = self._content(changes)
        if not content.rows and self.mode != "rebuild":
            return Done(content.refused)
        run = {"run_id": memory["run_id"]} if memory.get("run_id") else {}
        return self._part(content, {"number": int(memory.get("number", 0)) + 1, **run, "files": []})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        error = aws_error(response)
        content = self._content(changes)
        if error:
            code = str(error.get("Code", ""))
            reason = AUTH_REFUSED if code in _DENIED else REQUEST_REFUSED
            return Done(content.outcomes(Outcome("", Verdict.RETRY, reason, f"{code}: {error.get('Message', '')}")))
        if state["step"] == "manifest":
            figures = {"received": float(len(content.rows)), "files": float(len(state["files"]))}
            return Done(content.outcomes(Outcome("", Verdict.ACCEPTED)), {"number": state["number"]}, figures)
        return self._part(content, {**state, "files": [*state["files"], state["file"]]})

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """The same bytes under the same name: it does not matter whether they arrived."""
        return self._part(self._content(changes), state)

    def _part(self, content: _Content, state: State) -> Turn:
        """The next part; after the last one, the manifest."""
        start = len(state["files"]) * self.rows_per_part
        rows = content.rows[start : start + self.rows_per_part]
        if not rows and state["files"]:
            return self._manifest(content, state)
        body = self._written([row for _, row in rows], content)
        name = self._named(state["number"], len(state["files"]) + 1)
        about = {"name": name, "rows": len(rows), "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        keys = tuple(key for key, _ in rows)
        return Ask(
            self._put(name, body, keys, type_=CONTENT_TYPES[self.format]), {**state, "step": "part", "file": about}
        )

    def _manifest(self, content: _Content, state: State) -> Turn:
        style = {"encoding": self.encoding, "header": self.header} if self.format == "csv" else {}
        manifest = {
            "sync": self.sync,
            "mode": self.mode,
            "number": state["number"],
            **({"run_id": state["run_id"]} if "run_id" in state else {}),
            "format": self.format,
            **style,
            "columns": [{"name": name, "type": kind} for name, kind in content.types.items()],
            "rows": len(content.rows),
            "files": state["files"],
        }
        body = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
        name = self._named(state["number"], 0).rsplit(".", 1)[0] + ".manifest.json"
        keys = tuple(key for key, _ in content.rows)
        return Ask(self._put(name, body, keys, type_="application/json"), {**state, "step": "manifest"})

    def _content(self, changes: Sequence[Change]) -> _Content:
        rows, refused = [], []
        whole = self.mode == "rebuild"
        for change in changes:
            if whole and change.operation is Operation.DELETE:
                continue
            operation = {} if whole else {self.operation_column: change.operation.value}
            row = {self.key_column: change.key, **operation, **change.fields}
            try:
                rows.append((change.key, encodable(row, self._style, replaces=self.unencodable == "replace")))
            except RecordError as error:
                refused.append(Outcome(change.key, Verdict.REJECTED, error.reason, error.field))
        columns = self.columns or self._usual(row for _, row in rows)
        types = column_types((row for _, row in rows), columns)
        return _Content(tuple(rows), tuple(refused), types, tuple(change.key for change in changes))

    def _usual(self, rows: Iterable[Row]) -> tuple[str, ...]:
        first = (self.key_column,) if self.mode == "rebuild" else (self.key_column, self.operation_column)
        named = {name for row in rows for name in row}
        return (*first, *sorted(named.difference(first)))

    @property
    def _style(self) -> CsvStyle:
        return CsvStyle(
            encoding=self.encoding if self.format == "csv" else "utf-8",
            delimiter=_DELIMITERS[self.delimiter],
            line_end=_LINE_ENDS[self.line_ends],
            has_header=self.header,
            quotes_all=self.quotes == "all",
        )

    def _written(self, rows: Sequence[Row], content: _Content) -> bytes:
        if self.format == "parquet":
            return parquet_file(rows, content.types)
        columns = tuple(content.types)
        return jsonl_file(rows, columns) if self.format == "jsonl" else csv_file(rows, columns, self._style)

    def _named(self, number: int, part: int) -> str:
        return self.name.format(sync=self.sync, mode=self.mode, number=number, part=part) + f".{self.format}"

    def _put(self, name: str, body: bytes, keys: Sequence[str], *, type_: str) -> AwsCall:
        """S3 checks the digest: a file that came through damaged is refused, not kept."""
        parameters: Mapping[str, Any] = {
            "Bucket": self.bucket,
            "Key": f"{self.prefix}{name}",
            "Body": body,
            "ContentType": type_,
            "ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        }
        return AwsCall("s3", "put_object", parameters, tuple(keys))


@dataclass(frozen=True, slots=True)
class _Content:
    """What is to be written: rows by key, the types of their columns, and rows that cannot be."""

    rows: tuple[tuple[str, Row], ...]
    refused: tuple[Outcome, ...]
    types: Mapping[str, str]
    keys: tuple[str, ...]

    def outcomes(self, said: Outcome) -> tuple[Outcome, ...]:
        settled = {outcome.key: outcome for outcome in self.refused}
        return tuple(settled.get(key) or replace(said, key=key) for key in self.keys)
