"""Salesforce's bulk jobs in the sandbox: created, uploaded to once, closed, worked on, with files of results."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from kumitate.sandbox.call import Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_JOBS = re.compile(r"/services/data/v\d+\.0/jobs/ingest(?:/(\w+))?(?:/(\w+))?/?")
_MAX_BYTES = 150_000_000 * 3 // 4
_POLYMORPHIC = re.compile(r"(?:(\w+):)?(\w+)\.(\w+)")
_CSV = {"Content-Type": "text/csv"}


class Upsert(Protocol):
    def __call__(
        self, store: Store, sobject: str, record: Mapping[str, Any], *, external_id: str
    ) -> dict[str, Any]: ...


def bulk(call: Call, store: Store, *, upsert: Upsert) -> Answer:
    route = _JOBS.fullmatch(call.path)
    if route is None:
        return _refused(404, "NOT_FOUND", "The requested resource does not exist")
    if route[1] is None:
        return _create(call, store)
    job = store.get("jobs", route[1])
    if job is None:
        return _refused(404, "NOT_FOUND", "Unable to find the job")
    match call.method, route[2]:
        case "PUT", "batches":
            return _upload(call, store, job)
        case "PATCH", None:
            return _set_state(call, store, job)
        case "GET", None:
            return Answer(200, _shown(_worked(store, job, upsert=upsert)))
        case "GET", "failedResults" | "unprocessedrecords" | "successfulResults":
            return Answer(200, job["results"].get(route[2], "").encode(), _CSV)
    return _refused(405, "METHOD_NOT_ALLOWED", "no such call")


def _create(call: Call, store: Store) -> Answer:
    body = call.json()
    broken = violations("salesforce_job", body)
    if broken:
        return _refused(400, "INVALIDJOB", f"{broken[0].rule} at {list(broken[0].path)}")
    id_ = f"750{store.next_number():012d}AAA"
    job = {"id": id_, **body, "state": "Open", "content": None, "results": {}, "processed": 0, "failed": 0, "error": ""}
    store.put("jobs", id_, job)
    return Answer(200, _shown(job))


def _upload(call: Call, store: Store, job: Mapping[str, Any]) -> Answer:
    if job["state"] != "Open" or job["content"] is not None:
        return _refused(400, "INVALIDJOBSTATE", "data was uploaded to this job already")
    if len(call.body) > _MAX_BYTES:
        return _refused(400, "CLIENTINPUTERROR", "the upload is too large")
    store.put("jobs", job["id"], {**job, "content": call.body.decode()})
    return Answer(201)


def _set_state(call: Call, store: Store, job: Mapping[str, Any]) -> Answer:
    body = call.json()
    broken = violations("salesforce_job_state", body)
    if broken or job["state"] != "Open":
        return _refused(400, "INVALIDJOBSTATE", f"a job in state {job['state']} cannot be changed so")
    if body["state"] == "UploadComplete" and job["content"] is None:
        return _refused(400, "INVALIDJOBSTATE", "nothing was uploaded")
    store.put("jobs", job["id"], {**job, "state": body["state"]})
    return Answer(200, _shown({**job, "state": body["state"]}))


def _worked(store: Store, job: dict[str, Any], *, upsert: Upsert) -> dict[str, Any]:
    """A closed job is in progress at the first look, and at its end at the second."""
    if job["state"] == "UploadComplete":
        job = {**job, "state": "InProgress"}
    elif job["state"] == "InProgress":
        job = _ended(store, job, upsert=upsert)
    store.put("jobs", job["id"], job)
    return job


def _ended(store: Store, job: dict[str, Any], *, upsert: Upsert) -> dict[str, Any]:
    reader = csv.DictReader(io.StringIO(job["content"], newline=""))
    names, rows = list(reader.fieldnames or ()), list(reader)
    unknown = next((name for name in names if not re.fullmatch(r"[A-Za-z][\w:.]*", name)), None)
    if unknown is not None or job["externalIdFieldName"] not in names:
        words = f"InvalidBatch : Field name not found : {unknown or job['externalIdFieldName']}"
        return {**job, "state": "Failed", "error": words, "results": {"unprocessedrecords": _csv(names, rows)}}
    done: dict[str, list[Mapping[str, str]]] = {"successfulResults": [], "failedResults": []}
    keys = Counter(row[job["externalIdFieldName"]] for row in rows)
    for row in rows:
        result = _result(store, job, row, is_twice=keys[row[job["externalIdFieldName"]]] > 1, upsert=upsert)
        if result["success"]:
            own = {"sf__Id": result["id"], "sf__Created": str(result["created"]).lower()}
            done["successfulResults"].append(own | row)
        else:
            error = result["errors"][0]
            words = f"{error['statusCode']}:{error['message']}:{error['fields'][0]} --"
            done["failedResults"].append({"sf__Id": "", "sf__Error": words} | row)
    results = {
        "successfulResults": _csv(["sf__Id", "sf__Created", *names], done["successfulResults"]),
        "failedResults": _csv(["sf__Id", "sf__Error", *names], done["failedResults"]),
        "unprocessedrecords": _csv(names, []),
    }
    counts = {"processed": len(rows), "failed": len(done["failedResults"])}
    return {**job, "state": "JobComplete", "results": results, **counts}


def _result(
    store: Store, job: Mapping[str, Any], row: Mapping[str, str], *, is_twice: bool, upsert: Upsert
) -> dict[str, Any]:
    if is_twice:
        error = {"statusCode": "DUPLICATE_VALUE", "message": "duplicate external id", "fields": [""]}
        return {"success": False, "errors": [error]}
    return upsert(store, job["object"], _record(row), external_id=job["externalIdFieldName"])


def _record(row: Mapping[str, str]) -> dict[str, Any]:
    """Empty cells are ignored, `#N/A` is null, `Contact:Who.Key__c` leads to a contact."""
    record: dict[str, Any] = {}
    for name, value in row.items():
        reference = _POLYMORPHIC.fullmatch(name)
        if value == "":
            continue
        if reference:
            kind = reference[1] or reference[2].removesuffix("__r")
            record[reference[2]] = {"attributes": {"type": kind}, reference[3]: value}
        else:
            record[name] = None if value == "#N/A" else value
    return record


def _csv(names: list[str], rows: list[Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _shown(job: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"id": job["id"], "object": job["object"], "operation": job["operation"], "state": job["state"]}
    counts = {"numberRecordsProcessed": job["processed"], "numberRecordsFailed": job["failed"]}
    return {**shown, **counts, **({"errorMessage": job["error"]} if job["error"] else {})}


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, [{"errorCode": code, "message": message}])
