"""Salesforce: records upserted by an external id, in collections or in bulk jobs, and deleted by the same id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import UNREADABLE, for_all, json_of
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.activation.destinations.one_value import one_value
from kumitate.activation.destinations.salesforce_answers import as_result, refusal, row_outcome, used_up
from kumitate.activation.destinations.salesforce_bulk import Jobs
from kumitate.activation.destinations.salesforce_talk import BulkTalk
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict
from kumitate.model.written import Written

_MAX_RECORDS = 200
_MAX_SUBREQUESTS = 25
_MAX_JOB_ROWS = 20_000
"""A job takes far more; so many failed rows still fit in one answer."""
_OF_SEVERAL_OBJECTS = frozenset({"Who", "What", "Owner"})
"""Relationships of Task and Event that may lead to a contact as well as to a lead."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Values that stand in a record as they are."""
_json = json.JSONEncoder(ensure_ascii=False).encode
_NAME = r"[A-Za-z][A-Za-z0-9_]*"


class Salesforce(Destination):
    """Writes one object (`Contact`, `Task`, …); `external_id` is its field that holds the sync's key.

    Collections have no insertion that leaves alone what is there, so there is no mode `insert`; in mode `update` a
    record that is not there is refused, and rows go 25 a call instead of 200.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "update", "mirror", "append", "delete"}),
        sign_in_url="/services/oauth2/token",
        most_rows=_MAX_RECORDS,
        talk_rows=_MAX_JOB_ROWS,
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "Email": EMAIL,
        "FirstName": GIVEN_NAME,
        "LastName": FAMILY_NAME,
        "Phone": PHONE,
    }
    """Of a contact or a lead."""

    sobject: str = Field(alias="object", pattern=f"^{_NAME}$")
    external_id: str = Field(pattern=f"^{_NAME}$")
    """API name of a field with the attributes External ID and Unique."""
    api_version: str = Field("67.0", pattern=r"^\d{2,3}\.0$")
    bulk_above: int = Field(2_000, ge=1)
    """More rows at once than this go in a job of Bulk API 2.0."""
    references: dict[str, Annotated[str, Field(pattern=rf"^{_NAME}\.{_NAME}$")]] = {}
    """Mapped relationships, to the field that their values are of: `Who: Contact.Kumitate_Key__c`."""
    api_reserve_percent: int = Field(10, ge=0, le=100)
    """Share of the org's API requests of 24 hours that is left to others: nothing more leaves when the rest is used."""
    mode: str = "upsert"
    """The sync's."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        removals, records = split(changes)
        yield from self._deletions(removals)
        if self.mode == "update":
            yield from map(self._update, batches(records, _MAX_SUBREQUESTS))
        else:
            yield from map(self._upsert, batches(records, _MAX_RECORDS))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return refusal(request, answer)
        if isinstance(answer, dict):
            answer = [as_result(part, is_deletion=_deletes(request)) for part in answer.get("compositeResponse", [])]
        if len(answer) != len(request.keys):
            return for_all(request, Verdict.RETRY, UNREADABLE, message="one result per record was expected")
        return tuple(_outcome(key, result) for key, result in zip(request.keys, answer, strict=True))

    def used_up(self, response: Response) -> str:
        """By `Sforce-Limit-Info: api-usage=18/5000`, which counts what everybody asks of the org."""
        return used_up(response, self.api_reserve_percent)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        is_many = len(split(changes)[1]) > self.bulk_above
        return self._talk(changes).begun() if is_many and self.mode != "update" else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return self._talk(changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return self._talk(changes).resumed(state)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Records go to the recycle bin, which Salesforce empties after 15 days."""
        return list(self._deletions(changes))

    @property
    def _data(self) -> str:
        return f"/services/data/v{self.api_version}"

    @property
    def _rows(self) -> str:
        return f"{self._data}/sobjects/{self.sobject}/{self.external_id}"

    def _talk(self, changes: Sequence[Change]) -> BulkTalk:
        removals, rows = split(changes)
        return BulkTalk(
            jobs=Jobs(self._data, self.sobject, self.external_id),
            rows=rows,
            records={change.key: self._flat(change) for change in rows},
            removals=tuple(self._deletions(removals)),
            read_removal=self.outcomes,
        )

    def _upsert(self, group: Sequence[Change]) -> HttpRequest:
        path = f"{self._data}/composite/sobjects/{self.sobject}/{self.external_id}"
        records = ", ".join(map(self._record, group))
        return _request("PATCH", path, f'{{"allOrNone": false, "records": [{records}]}}', group=group)

    def _record(self, change: Change) -> str:
        """As JSON; fields that leave as they lie in the lake are not read."""
        text = change.fields.text if isinstance(change.fields, Written) and not self.references else ""
        if _is_flat(text) and f'"{self.external_id}"' not in text:
            return (
                f'{{"attributes": {{"type": "{self.sobject}"}}, "{self.external_id}": {_json(change.key)}, {text[1:]}'
            )
        kind, key = {"type": self.sobject}, self.external_id
        return _json({"attributes": kind, **self._nested(change), key: change.key})

    def _update(self, group: Sequence[Change]) -> HttpRequest:
        parts = [
            {
                "method": "PATCH",
                "url": f"{self._rows}/{quote(change.key, safe='')}?updateOnly=true",
                "referenceId": f"row{number}",
                "body": {name: value for name, value in self._nested(change).items() if name != self.external_id},
            }
            for number, change in enumerate(group)
        ]
        return self._composite(parts, group)

    def _deletions(self, removals: Sequence[Change]) -> Iterable[HttpRequest]:
        for group in batches(removals, _MAX_SUBREQUESTS):
            parts = [
                {"method": "DELETE", "url": f"{self._rows}/{quote(change.key, safe='')}", "referenceId": f"row{number}"}
                for number, change in enumerate(group)
            ]
            yield self._composite(parts, group)

    def _composite(self, parts: Sequence[Mapping[str, Any]], group: Sequence[Change]) -> HttpRequest:
        body = {"allOrNone": False, "compositeRequest": parts}
        return _request("POST", f"{self._data}/composite", _json(body), group=group)

    def _nested(self, change: Change) -> Mapping[str, Any]:
        """A record's fields as JSON; a reference names the record it leads to by that one's external id."""
        if not self.references and _PLAIN.issuperset(map(type, change.fields.values())):
            return change.fields
        fields: dict[str, Any] = {}
        for name, value in change.fields.items():
            if name not in self.references:
                fields[name] = one_value(value)
            elif value in (None, ""):
                fields[_id_field(name)] = None
            else:
                sobject, field = self.references[name].split(".")
                fields[name] = {"attributes": {"type": sobject}, field: value}
        return fields

    def _flat(self, change: Change) -> dict[str, Any]:
        """A record's fields as columns of a job: `Account.Key__c`, `Contact:Who.Key__c`."""
        fields: dict[str, Any] = {self.external_id: change.key}
        for name, value in change.fields.items():
            if name == self.external_id:
                continue
            if name not in self.references:
                fields[name] = one_value(value)
            elif value in (None, ""):
                fields[_id_field(name)] = None
            else:
                sobject, field = self.references[name].split(".")
                kind = f"{sobject}:" if name in _OF_SEVERAL_OBJECTS else ""
                fields[f"{kind}{name}.{field}"] = value
        return fields


def _id_field(relationship: str) -> str:
    """`WhoId` of `Who`, `Shop__c` of `Shop__r`."""
    return f"{relationship[:-1]}c" if relationship.endswith("__r") else f"{relationship}Id"


def _is_flat(text: str) -> bool:
    """Whether it is a JSON object without lists and objects in it; one with brackets in its texts may be none."""
    return text.startswith('{"') and text.find("{", 1) < 0 and "[" not in text


def _request(method: str, path: str, body: str, *, group: Sequence[Change]) -> HttpRequest:
    return HttpRequest(
        method,
        path,
        body.encode(),
        tuple(change.key for change in group),
        {"Content-Type": "application/json"},
    )


def _deletes(request: Request) -> bool:
    """Whether a composite request has deletions; ours has these alone, or none."""
    parts = json.loads(request.body)["compositeRequest"] if isinstance(request, HttpRequest) else []
    return any(part["method"] == "DELETE" for part in parts)


def _outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    if result.get("success"):
        return Outcome(key, Verdict.ACCEPTED)
    error = (result.get("errors") or [{}])[0]
    return row_outcome(key, str(error.get("statusCode", "UNKNOWN")), str(error.get("message", "")))
