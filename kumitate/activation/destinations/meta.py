"""Meta: members of a custom audience, by hashed match keys beside our own id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import UNCONFIRMED, UNREADABLE, for_all, json_of, own_answer
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.members import (
    PERSONS,
    erased,
    in_runs,
    movements,
    only_leavers_leave,
    still_in,
    why_unusable,
)
from kumitate.activation.destinations.meta_answers import minutes_to_wait, refusal
from kumitate.activation.destinations.meta_replace import MAX_ROWS, Row, Session, first
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import BIRTHDATE, CITY, GENDER
from kumitate.activation.matchkeys import META_V26, match_keys
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict

_COLUMNS = {
    "email": "EMAIL",
    "phone": "PHONE",
    "given_name": "FN",
    "family_name": "LN",
    "gender": "GEN",
    "birth_year": "DOBY",
    "birth_month": "DOBM",
    "birth_day": "DOBD",
    "city": "CT",
    "state": "ST",
    "postal_code": "ZIP",
    "country": "COUNTRY",
    "madid": "MADID",
}
_json = json.JSONEncoder().encode
_BETWEEN = '", "'
_HEADERS = {"Content-Type": "application/json"}
_SIZE = "operation_status,delivery_status,approximate_count_lower_bound,approximate_count_upper_bound"
_STATUSES = {"operation_status": "operation_code", "delivery_status": "delivery_code"}
_BOUNDS = {"approximate_count_lower_bound": "size_low", "approximate_count_upper_bound": "size_high"}

Keys = Mapping[str, str]


class Meta(Destination):
    """Adds to and removes from the custom audience `audience_id`; rows carry the sync's key as EXTERN_ID.

    In mode `rebuild` a session replaces all members at once.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "add", "mirror", "append", "delete", "rebuild"}),
        base_url="https://graph.facebook.com",
        seconds_between_requests=0.5,
        most_rows=MAX_ROWS,
        whole_modes=frozenset({"rebuild"}),
        accepts=META_V26.fields,
        identifiers=(("email",), ("phone",), ("madid",)),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **PERSONS,
        "gender": GENDER,
        "birthdate": BIRTHDATE,
        "city": CITY,
    }

    audience_id: str = Field(pattern=r"^\d+$")
    ad_account: str | None = Field(None, pattern=r"^\d+$")
    """The ad account's number without `act_`; who is erased is taken off every audience it has."""
    api_version: str = Field("v26.0", pattern=r"^v\d+\.0$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""
    mode: str = "upsert"
    """The sync's mode."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        told = only_leavers_leave(changes) if self.mode == "rebuild" else changes
        moves = movements(told, known_by=self._keys, outdated=_outdated, why=self._why)
        yield from still_in(moves.unusable, changes) if self.mode == "rebuild" else moves.unusable
        for run in in_runs(moves.leaving, MAX_ROWS):
            yield self._request("DELETE", f"{self.audience_id}/users", run)
        for run in in_runs(moves.present, MAX_ROWS):
            yield self._request("POST", f"{self.audience_id}/users", run)

    def asks_to_wait(self, response: Response) -> float:
        """Meta's throttling has no status 429 and no `Retry-After`."""
        return 60.0 * minutes_to_wait(response) if response.status >= 400 else 0.0

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status >= 400:
            return refusal(request, response)
        answer = own_answer(response, "num_received", "audience_id", "success")
        if not answer.get("num_received", 1):
            raise RecordError(UNREADABLE)
        invalid = int(answer.get("num_invalid_entries", 0))
        words = f"{invalid} of {len(request.keys)} entries invalid, not named" if invalid else ""
        return for_all(request, Verdict.ACCEPTED, UNCONFIRMED, message=words)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Off every audience of the ad account, which has to be named."""
        if self.ad_account is None:
            words = "name the `ad_account` in the destination's settings, then erase again"
            return tuple(Outcome(change.key, Verdict.REJECTED, "erase.needs_ad_account", words) for change in changes)
        return erased(changes, self._removals)

    def _removals(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        moves = movements(changes, known_by=self._keys, outdated=_outdated, why=self._why)
        yield from moves.unusable
        for run in in_runs(moves.leaving, MAX_ROWS):
            yield self._request("DELETE", f"act_{self.ad_account}/usersofanyaudience", run)

    def receipt(self, request: Request, response: Response) -> str:
        added = isinstance(request, HttpRequest) and request.method == "POST"
        return self.audience_id if added and response.status < 400 else ""

    def inquiry(self, receipt: str) -> HttpRequest:
        return HttpRequest("GET", f"/{self.api_version}/{receipt}?fields={_SIZE}", b"", ())

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        """The audience's size as Meta estimates it, and its status codes (200 is normal, 471 flagged)."""
        del receipt
        answer = json_of(response)
        sizes = {ours: float(answer[theirs]) for theirs, ours in _BOUNDS.items() if theirs in answer}
        codes = {ours: answer.get(theirs, {}).get("code") for theirs, ours in _STATUSES.items()}
        return sizes | {name: float(code) for name, code in codes.items() if code is not None}

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        """None where nobody can be put into the audience: Meta refuses an empty replacement, who left is removed."""
        del memory
        session = Session(self, self.audience_id, changes)
        return session.turn(first()) if self.mode == "rebuild" and session.has_members() else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return Session(self, self.audience_id, changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return Session(self, self.audience_id, changes).turn(state)

    def look(self) -> HttpRequest:
        return self.inquiry(self.audience_id)

    def members(self, changes: Sequence[Change]) -> list[Row]:
        known = ((change.key, self._keys(change.fields)) for change in changes)
        return [(key, keys) for key, keys in known if keys]

    def replace(self, rows: Sequence[Row], session: Mapping[str, Any]) -> HttpRequest:
        return self._request("POST", f"{self.audience_id}/usersreplace", rows, session=session)

    def unusable(self, changes: Sequence[Change]) -> Mapping[str, Outcome]:
        """Rows that nobody can be matched by, of those who are to be in the audience."""
        present = [change for change in changes if change.operation is not Operation.DELETE]
        moves = movements(present, known_by=self._keys, outdated=_outdated, why=self._why)
        return {outcome.key: outcome for outcome in moves.unusable}

    def _keys(self, fields: Mapping[str, Any]) -> Keys:
        keys = match_keys(META_V26, fields, country=self.country).values
        return keys if META_V26.finds(keys) else {}

    def _why(self, fields: Mapping[str, Any]) -> str:
        return why_unusable(META_V26, fields, self.country)

    def _request(
        self, method: str, path: str, rows: Sequence[Row], *, session: Mapping[str, Any] | None = None
    ) -> HttpRequest:
        """Only the columns that some row fills."""
        filled = set().union(*(keys for _, keys in rows))
        used = [name for name in _COLUMNS if name in filled]
        # Hashes and device ids need no escaping: half the time of a call of the JSON encoder.
        data = ", ".join(
            f'[{_json(key)}, "{_BETWEEN.join([keys.get(name, "") for name in used])}"]' for key, keys in rows
        )
        ending = f', "session": {_json(session)}' if session else ""
        schema = _json(["EXTERN_ID", *(_COLUMNS[name] for name in used)])
        body = f'{{"payload": {{"schema": {schema}, "data": [{data}]}}{ending}}}'
        keys = tuple(key for key, _ in rows)
        return HttpRequest(method, f"/{self.api_version}/{path}", body.encode(), keys, _HEADERS)


def _outdated(before: Keys, now: Keys) -> Keys:
    """The row as the audience was given it earlier, where it differs now."""
    return before if before != now else {}
