"""Profiles of a Customer Profiles domain deleted: each row's profile is searched by its key, then deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kumitate.activation.destinations.answers import REQUEST_REFUSED, aws_error, json_of
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.model.request import AwsCall, Change, Outcome, Response, Verdict

LONGEST_SEARCH = 255
"""Characters of a value that profiles are searched by; one that is longer would stop all rows behind it."""
_GONE = "ResourceNotFoundException"

first: State = {"at": 0, "found": None}


@dataclass(frozen=True, slots=True)
class Erasure:
    """Row by row; a state says at which row it is, and which of its profiles are left (None: not searched yet).

    Every call may be repeated: a profile that is gone is gone.
    """

    domain: str
    key_name: str
    rows: Sequence[Change] = field(repr=False)

    def turn(self, state: State) -> Turn:
        at, found = int(state["at"]), state["found"]
        while at < len(self.rows) and (found == [] or len(self.rows[at].key) > LONGEST_SEARCH):
            at, found = at + 1, None
        if at == len(self.rows):
            return Done(tuple(map(_ended, self.rows)))
        state = {"at": at, "found": found}
        if found is None:
            return Ask(self._call(at, "search_profiles", KeyName=self.key_name, Values=[self.rows[at].key]), state)
        return Ask(self._call(at, "delete_profile", ProfileId=found[0]), state)

    def answered(self, state: State, response: Response) -> Turn:
        error: Mapping[str, Any] = aws_error(response)
        if state["found"] is None and not error:
            items = json_of(response).get("Items", [])
            return self.turn({**state, "found": [str(item["ProfileId"]) for item in items]})
        if state["found"] and (not error or error.get("Code") == _GONE):
            return self.turn({**state, "found": state["found"][1:]})
        words = f"{error.get('Code', '')}: {error.get('Message', '')}"
        done = map(_ended, self.rows[: state["at"]])
        left = (Outcome(row.key, Verdict.RETRY, REQUEST_REFUSED, words) for row in self.rows[state["at"] :])
        return Done((*done, *left))

    def _call(self, at: int, operation: str, **given: Any) -> AwsCall:
        return AwsCall("customer-profiles", operation, {"DomainName": self.domain, **given}, (self.rows[at].key,))


def _ended(row: Change) -> Outcome:
    if len(row.key) > LONGEST_SEARCH:
        why = f"more than {LONGEST_SEARCH} characters cannot be searched; look for the profile by hand"
        return Outcome(row.key, Verdict.REJECTED, "key.too_long", why)
    return Outcome(row.key, Verdict.ACCEPTED)
