"""kintone: records of one app upserted by a field that holds the key; a request is taken whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_REFUSED,
    BATCH_SPOILED,
    BUSY,
    REQUEST_REFUSED,
    THROTTLED,
    for_all,
    json_of,
    own_answer,
)
from kumitate.activation.destinations.auth import Token
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, plain_legs, taken_up
from kumitate.activation.destinations.one_value import item_text, one_text
from kumitate.activation.destinations.talk import State, Turn, deletions
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_RECORDS = 100
_ROW = re.compile(r"records?\[(\d+)\]")
_LATER = {
    "GAIA_CO02": BUSY,  # somebody edits the record
    "GAIA_DA02": BUSY,  # the database is locked
    "GAIA_TM12": THROTTLED,
    "CB_NO02": AUTH_REFUSED,
    "GAIA_NO01": AUTH_REFUSED,  # the token's permissions do not suffice
    "GAIA_IA02": AUTH_REFUSED,  # the token is none of this app
    "GAIA_AP01": REQUEST_REFUSED,  # no such app
    "GAIA_UN03": REQUEST_REFUSED,
}


class Kintone(Destination):
    """Writes records of `app`; the sync's key lies in `key_field`, a field whose values are unique.

    Lists are multiple choice (of objects, users and tables), all else is text; an empty text clears the field.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "update", "mirror", "append", "delete"}),
        auth=Token("X-Cybozu-API-Token", ""),
        most_rows=_MAX_RECORDS,
        talk_rows=10 * _MAX_RECORDS,
        concurrency=100,
    )

    app: int = Field(ge=1)
    """The app's number, as in `https://<domain>.cybozu.com/k/<app>/`."""
    key_field: str = Field(min_length=1)
    """Code of the field that holds the key; it must prohibit duplicate values."""
    multiple: tuple[str, ...] = ()
    """Codes of fields that hold several values (check boxes, multi-choice, users, tables): null empties their list."""
    guest_space: int | None = Field(None, ge=1)
    """Number of the guest space that the app lies in."""
    mode: str = "upsert"
    """The sync's; in `update` no record is added."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(split(changes)[1], _MAX_RECORDS):
            yield self._upsert(group)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status >= 400:
            return refusal(request, response)
        own_answer(response, "records")
        return for_all(request, Verdict.ACCEPTED)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        """Removals need kintone's own record numbers, which are asked for first."""
        return begun(self._legs, changes) if split(changes)[0] else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def erased_rows(self, changes: Sequence[Change]) -> Sequence[Change]:
        """The app's records by their keys; for a time kintone keeps what was deleted for its administrators."""
        return deletions(changes)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        removals, records = split(changes)
        return [*(_Removal(self, group) for group in batches(removals, _MAX_RECORDS)), *plain_legs(self, records)]

    @property
    def records_path(self) -> str:
        space = f"guest/{self.guest_space}/" if self.guest_space else ""
        return f"/k/{space}v1/records.json"

    def _upsert(self, group: Sequence[Change]) -> HttpRequest:
        is_upsert = self.mode != "update"
        records = [
            {
                "updateKey": {"field": self.key_field, "value": change.key},
                "record": {
                    name: {"value": _several(value) if name in self.multiple else _value(value)}
                    for name, value in change.fields.items()
                    if name != self.key_field
                },
            }
            for change in group
        ]
        body = {"app": self.app, "upsert": is_upsert, "records": records}
        return _call("PUT", self.records_path, body, group=group)


@dataclass(frozen=True, slots=True)
class _Removal:
    """Record numbers by key, then the records' deletion; a key without a record is gone already."""

    destination: Kintone
    rows: Sequence[Change]
    steps: int = 2

    def request(self, step: int, known: Known) -> HttpRequest | None:
        own = self.destination
        if step == 0:
            body = {"app": own.app, "query": self._query, "fields": ["$id"]}
            # A question with many keys is too long for an address.
            return _call("POST", own.records_path, body, group=self.rows, **{"X-HTTP-Method-Override": "GET"})
        if not known["ids"]:
            return None
        return _call("DELETE", own.records_path, {"app": own.app, "ids": known["ids"]}, group=self.rows)

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        answer = json_of(response)
        if response.status >= 400:
            return {"ids": []}, refusal(_call("DELETE", "", {}, group=self.rows), response)
        if step == 0:
            return {"ids": [record["$id"]["value"] for record in answer["records"]]}, ()
        return known, ()

    @property
    def _query(self) -> str:
        keys = ", ".join(_quoted(change.key) for change in self.rows)
        return f"{self.destination.key_field} in ({keys}) limit {5 * _MAX_RECORDS}"


def refusal(request: Request, response: Response) -> tuple[Outcome, ...]:
    """All or nothing: rows that kintone names are refused, the others go again without them."""
    answer = json_of(response)
    code, message = str(answer.get("code", "")), str(answer.get("message", ""))
    later = _LATER.get(code) or (AUTH_REFUSED if response.status == 403 else "")
    if later:
        return for_all(request, Verdict.RETRY, later, message=f"{code}: {message}")
    words = _words_by_row(answer.get("errors") or {})
    if not words:
        alone = len(request.keys) == 1
        verdict, reason = (Verdict.REJECTED, _reason(code)) if alone else (Verdict.RETRY, BATCH_SPOILED)
        return for_all(request, verdict, reason, message=f"{code}: {message}")
    return tuple(
        Outcome(key, Verdict.REJECTED, _reason(code), f"{code}: {words[place]}")
        if place in words
        else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
        for place, key in enumerate(request.keys)
    )


def _words_by_row(errors: Mapping[str, Any]) -> dict[int, str]:
    """`{"records[3].LTV.value": {"messages": [...]}}` by the row's place, the field named before its messages."""
    words: dict[int, list[str]] = {}
    for where, error in errors.items():
        row = _ROW.match(where)
        if row:
            field = where[row.end() :].strip(".")
            words.setdefault(int(row[1]), []).append(f"{field}: {' '.join(error.get('messages', []))}")
    return {place: "; ".join(found) for place, found in words.items()}


def _reason(code: str) -> str:
    return f"vendor.{code.lower() or 'refused'}"


def _value(value: Any) -> Any:
    return _several(value) if isinstance(value, list) else one_text(value)


def _several(value: Any) -> list[Any]:
    """Choices as text, users and table rows as they are; no value is no choice."""
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, dict) else item_text(item) for item in items if item not in (None, "")]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _call(method: str, path: str, body: Mapping[str, Any], *, group: Sequence[Change], **headers: str) -> HttpRequest:
    return HttpRequest(
        method,
        path,
        json.dumps(body, ensure_ascii=False).encode(),
        tuple(change.key for change in group),
        {"Content-Type": "application/json", **headers},
    )
