"""Salesforce Account Engagement (Pardot): prospects by the Import API v5, each import from creation to its errors.

https://developer.salesforce.com/docs/marketing/pardot/guide/import-v5.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.account_engagement_files import errors_by_key, row_size, table, upload
from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    QUOTA_SPENT,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNREADABLE,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, packed, split
from kumitate.activation.destinations.polling import PATIENCE, is_over, waiting
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_ROWS = 10_000
_MAX_BYTES = 10_000_000 - 10_000
"""Of one batch of an import."""
_FIRST_POLL_SECONDS = 10.0
_FIELDS = "id,status,isExpired,createdCount,updatedCount,errorCount"
_OF_A_CODE = {122: QUOTA_SPENT, 66: THROTTLED, 184: AUTH_REFUSED, 49: AUTH_REFUSED}
_MAX_MESSAGE = 300


class AccountEngagement(Destination):
    """Upserts prospects, matched by address: the sync maps `email`, and lists as `addToList` and `removeFromList`.

    `key_field` is a custom field for the sync's key, by which the file of errors tells rows apart. An empty cell
    clears its field, so rows with other fields go in an import of their own.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "update", "append"}),
        base_url="https://pi.pardot.com",
        sign_in_url="https://login.salesforce.com/services/oauth2/token",
        needs=frozenset({"email"}),
        seconds_between_requests=0.5,
        daily_requests=25_000,
        concurrency=5,
        most_rows=_MAX_ROWS,
        talk_rows=_MAX_ROWS,
        erase_by_hand=(
            "Delete the prospect in Account Engagement and again in its recycle bin, and the contact or lead beside it "
            "in Salesforce."
        ),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "firstName": GIVEN_NAME,
        "lastName": FAMILY_NAME,
        "phone": PHONE,
    }

    business_unit_id: str = Field(pattern=r"^0Uv[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$")
    """As in Setup, Account Engagement, Business Unit Setup."""
    key_field: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    restore_deleted: bool = False
    """Take prospects out of the recycle bin."""
    mode: str = "upsert"
    """The sync's; in `update` no prospect is created."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:  # noqa: ARG002 -- it goes as a talk
        """None: every change takes a conversation."""
        return ()

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        reason, words = _refused(response)
        return tuple(Outcome(key, Verdict.RETRY, reason, words) for key in request.keys)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        missing = [str(Verdict.REJECTED), "field.missing", "email"]
        told = {change.key: missing for change in changes if not change.fields.get("email")}
        return self._ask(changes, {"step": "create", "part": 0, "told": told})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if response.status >= 400:
            return _stopped(changes, state, _refused(response))
        if state["step"] == "errors":
            return self._settled(changes, state, errors_by_key(response, self.key_field))
        answer = json_of(response)
        match state["step"]:
            case "create":
                return self._ask(changes, {**state, "step": "upload", "import": answer["id"]})
            case "upload":
                return self._ask(changes, {**state, "step": "start"})
            case "start":
                return _looked_after(state)
            case _:
                return self._polled(changes, state, answer)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """Nothing is imported before the start: an upload that was cut off goes into a new import."""
        if state["step"] == "upload":
            return self._ask(changes, {**_plain(state), "step": "create"})
        if state["step"] == "start":
            return self._ask(changes, {**state, "step": "poll"})
        return self._ask(changes, state)

    def _polled(self, changes: Sequence[Change], state: State, answer: Mapping[str, Any]) -> Turn:
        status = str(answer["status"])
        if status != "Complete" and is_over(state):
            words = f"the import had not ended after {PATIENCE}; it is left as it is, and its rows go again"
            return _stopped(changes, state, (UNAVAILABLE, words))
        if status == "Open":
            return self._ask(changes, {**state, "step": "start"})
        if status == "Failed" or status.startswith("Cancel") or answer.get("isExpired"):
            return _stopped(changes, state, (REQUEST_REFUSED, f"the import ended as {status}; see Admin, Imports"))
        if status != "Complete":
            return _looked_after(state)
        if answer.get("errorCount"):
            return self._ask(changes, {**state, "step": "errors", "errors": answer["errorCount"]})
        return self._settled(changes, state, {})

    def _settled(self, changes: Sequence[Change], state: State, errors: Mapping[str, str] | None) -> Turn:
        """The next import, once this one's rows are told; a file that does not name as many as were counted tells
        nothing of the others."""
        rows = self._part(changes, state)
        if errors is None or len(errors) < int(state.get("errors", 0)):
            words = "the file of errors names fewer rows than were counted"
            return _stopped(changes, state, (UNREADABLE, words))
        told = {
            row.key: [str(Verdict.REJECTED), "vendor.refused", errors[row.key][:_MAX_MESSAGE]]
            for row in rows
            if row.key in errors
        }
        return self._ask(changes, {"step": "create", "part": state["part"] + 1, "told": {**state["told"], **told}})

    def _ask(self, changes: Sequence[Change], state: State) -> Turn:
        if state["part"] >= len(self._parts(changes)):
            return Done(tuple(_outcome(change.key, state["told"]) for change in changes))
        return Ask(self._request(self._part(changes, state), state), state)

    def _request(self, rows: Sequence[Change], state: State) -> HttpRequest:
        place = f"/{state['import']}" if "import" in state else ""
        match state["step"]:
            case "create":
                body = {
                    "operation": "Upsert",
                    "object": "Prospect",
                    "restoreDeleted": self.restore_deleted,
                    "createOnNoMatch": self.mode != "update",
                }
                return self._call("POST", "", rows, body=json.dumps(body).encode())
            case "upload":
                kind, content = upload(table(rows, self.key_field))
                return self._call("POST", f"{place}/batches", rows, body=content, kind=kind)
            case "start":
                return self._call("PATCH", place, rows, body=b'{"status": "Ready"}')
            case "errors":
                return self._call("GET", f"{place}/errors", rows, accept="*/*")
            case _:
                return self._call("GET", f"{place}?fields={_FIELDS}", rows)

    def _call(
        self, method: str, path: str, rows: Sequence[Change], *, body: bytes = b"", **headers: str
    ) -> HttpRequest:
        kinds = {"Content-Type": headers.get("kind", "application/json")} if body else {}
        accepted = {"Accept": headers["accept"]} if "accept" in headers else {}
        unit = {"Pardot-Business-Unit-Id": self.business_unit_id}
        keys = tuple(change.key for change in rows)
        return HttpRequest(method, f"/api/v5/imports{path}", body, keys, {**kinds, **accepted, **unit})

    def _part(self, changes: Sequence[Change], state: State) -> Sequence[Change]:
        return self._parts(changes)[state["part"]]

    def _parts(self, changes: Sequence[Change]) -> list[Sequence[Change]]:
        return list(_alike(split(changes)[1], self.key_field))


def _alike(changes: Sequence[Change], key_field: str) -> Iterator[Sequence[Change]]:
    """Rows with the same fields, in runs of one batch's size; one without an address would be created each time."""
    by_fields: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        if change.fields.get("email"):
            by_fields.setdefault(tuple(sorted(change.fields)), []).append(change)
    for rows in by_fields.values():
        yield from packed(rows, most=_MAX_ROWS, most_bytes=_MAX_BYTES, size=lambda change: row_size(change, key_field))


def _looked_after(state: State) -> Wait:
    then = waiting({**state, "step": "poll"})
    return Wait(min(_FIRST_POLL_SECONDS * 2 ** int(state.get("polls", 0)), then.seconds), then.state)


def _refused(response: Response) -> tuple[str, str]:
    """Our reason and the vendor's words: `{"code": 122, "message": "Daily API rate limit met."}`."""
    answer = json_of(response)
    code = int(answer.get("code") or 0)
    by_status = AUTH_REFUSED if response.status == 403 else REQUEST_REFUSED
    return _OF_A_CODE.get(code, by_status), f"{code or response.status}: {answer.get('message', '')}"


def _stopped(changes: Sequence[Change], state: State, trouble: tuple[str, str]) -> Done:
    """Rows without an outcome share the trouble."""
    shared = [str(Verdict.RETRY), *trouble]
    return Done(tuple(_outcome(change.key, {change.key: state["told"].get(change.key, shared)}) for change in changes))


def _plain(state: State) -> dict[str, Any]:
    return {"part": state["part"], "told": state["told"]}


def _outcome(key: str, told: Mapping[str, Sequence[str]]) -> Outcome:
    verdict, reason, message = told.get(key) or (Verdict.ACCEPTED, "", "")
    return Outcome(key, Verdict(verdict), reason, message)
