"""Athena on 127.0.0.1 for clients of AWS: answers from a lake in memory, and leaves results in a bucket."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pyarrow as pa

from harness.memory_lake import MemoryLake

_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.float64(): "double", pa.bool_(): "boolean"}

_OF_A_COLUMN = {"Precision": 0, "Scale": 0, "Nullable": "UNKNOWN"}


@dataclass
class AthenaServer:
    """`prefix` stands before each database's name in the account; results go to `s3://<bucket>/athena/`."""

    lake: MemoryLake
    s3: Any
    bucket: str
    prefix: str
    asked: list[str] = field(default_factory=list)
    fails: str = ""
    """The next query fails with this message."""
    _results: dict[str, pa.Table | str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serving(self) -> Iterator[str]:
        athena = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                with athena._lock:
                    body = json.dumps(getattr(athena, f"_{operation}")(given)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    def _GetWorkGroup(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 -- AWS names it
        result = {"OutputLocation": f"s3://{self.bucket}/athena/"}
        configuration = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": result}
        return {"WorkGroup": {"Name": given["WorkGroup"], "State": "ENABLED", "Configuration": configuration}}

    def _StartQueryExecution(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 -- AWS names it
        identifier, sql = str(uuid4()), given["QueryString"]
        self.asked.append(sql)
        self._results[identifier], self.fails = self.fails, ""
        if not self._results[identifier]:
            rows = self.lake.query(sql.replace(f" {self.prefix}", " "))
            self._results[identifier] = rows
            self.s3.put_object(Bucket=self.bucket, Key=f"athena/{identifier}.csv", Body=_csv(rows))
        return {"QueryExecutionId": identifier}

    def _GetQueryExecution(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 -- AWS names it
        identifier = given["QueryExecutionId"]
        result = self._results[identifier]
        status: dict[str, Any] = {"State": "SUCCEEDED", "SubmissionDateTime": time.time()}
        if isinstance(result, str):
            status |= {"State": "FAILED", "StateChangeReason": result}
        execution = {
            "QueryExecutionId": identifier,
            "Query": self.asked[-1],
            "StatementType": "DML",
            "Status": status,
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/athena/{identifier}.csv"},
            "Statistics": {"DataScannedInBytes": 0, "EngineExecutionTimeInMillis": 1},
        }
        return {"QueryExecution": execution}

    def _GetQueryResults(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 -- AWS names it
        rows = self._results[given["QueryExecutionId"]]
        assert isinstance(rows, pa.Table)
        info = [
            {"Name": each.name, "Label": each.name, "Type": _TYPES[each.type], **_OF_A_COLUMN} for each in rows.schema
        ]
        texts = [rows.schema.names, *(list(row.values()) for row in rows.to_pylist())]
        data = [{"Data": [{} if value is None else {"VarCharValue": str(value)} for value in row]} for row in texts]
        return {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}


def _csv(rows: pa.Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(rows.schema.names)
    writer.writerows(row.values() for row in rows.to_pylist())
    return out.getvalue().encode()
