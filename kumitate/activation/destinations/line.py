"""LINE: people added to an audience by their LINE user ids, or an audience built anew, since nobody can be removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kumitate.activation.destinations.answers import BATCH_SPOILED, NO_MATCH_KEY, REQUEST_REFUSED, UNCONFIRMED, for_all
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.line_answers import LINE_USER, words
from kumitate.activation.destinations.line_rebuild import BLOB_HOST, Members, Rebuild
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.matchkeys import LINE_V2, LINE_V2_IFA, match_keys
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict

MOST_IDS = 10_000
_HELD = (Operation.KEEP, Operation.UPDATE)


class Line(Destination):
    """Adds to the audience `audience_group_id` (mode `add`), or rebuilds one and swaps it in (mode `rebuild`).

    LINE's API adds people to an audience and cannot remove anybody. Mode `rebuild` makes a new audience of all
    members, waits until LINE has it ready, remembers its id for `line.narrowcast`, and deletes the one before.
    LINE tells how many ids it could use, not which.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"add", "rebuild"}),
        base_url="https://api.line.me",
        hosts=frozenset({BLOB_HOST}),
        seconds_between_requests=1.0,
        accepts=LINE_V2.fields | LINE_V2_IFA.fields,
        most_rows=MOST_IDS,
        whole_modes=frozenset({"rebuild"}),
        least_rows=50,
        erase_by_hand="LINE cannot remove a person from an audience: run every sync of mode `rebuild` of this account "
        "again (without the person the new audiences do not hold them, and the old ones are deleted); delete "
        "audiences of mode `add` in LINE Official Account Manager and let their syncs fill new ones.",
    )

    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"line_user_id": LINE_USER}

    audience_group_id: int | None = Field(None, gt=0)
    """The audience to add to; a rebuilt one has a new id each time and remembers it."""
    name: str = Field("", max_length=100)
    """What a rebuilt audience is called in LINE Official Account Manager, before its number; the sync's name unless
    given."""
    identifiers: Literal["line_user_id", "ifa"] = "line_user_id"
    """`ifa`: advertising ids (fields `idfa`, `aaid`, `madid`), for accounts that LINE has allowed it."""
    sync: str
    mode: str = "add"

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        if self.mode == "mirror":
            raise ValueError("LINE cannot remove a person from an audience, so it cannot mirror; use mode: rebuild")
        if self.mode == "rebuild" and self.audience_group_id is not None:
            raise ValueError("mode rebuild makes its own audiences; leave audience_group_id out")
        if self.mode != "rebuild" and self.audience_group_id is None:
            raise ValueError("mode add needs the audience_group_id to add to; mode rebuild makes its own")
        return self

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        known, refused = self._ids(changes)
        yield from refused
        members = [change for change in changes if change.key in known]
        for group in batches(members, MOST_IDS):
            yield self._addition([(change.key, known[change.key]) for change in group])

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status < 300:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        if response.status != 400:
            return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words(response))
        if b"audiences[" in response.body and len(request.keys) > 1:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words(response))
        if b"audiences[" in response.body:
            return for_all(request, Verdict.REJECTED, "vendor.http_400", message=words(response))
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words(response))

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        return self._rebuild(changes).begins(memory) if self.mode == "rebuild" else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return self._rebuild(changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return self._rebuild(changes).resumed(state)

    def _rebuild(self, changes: Sequence[Change]) -> Rebuild:
        @cache
        def members() -> Members:
            known, refused = self._ids(changes)
            return Members(tuple(dict.fromkeys(known.values())), refused)

        return Rebuild(
            name=self.name or self.sync[:100],
            members=members,
            keys=tuple(change.key for change in changes),
            leaving=frozenset(change.key for change in changes if change.operation is Operation.DELETE),
            held=frozenset(change.key for change in changes if change.operation in _HELD),
            is_ifa=self.identifiers == "ifa",
        )

    def _ids(self, changes: Sequence[Change]) -> tuple[Mapping[str, str], tuple[Outcome, ...]]:
        """Who is to be in the audience, by key, and refusals; who has left is in neither."""
        rules, name = (LINE_V2_IFA, "madid") if self.identifiers == "ifa" else (LINE_V2, "line_user_id")
        known: dict[str, str] = {}
        refused: list[Outcome] = []
        for change in changes:
            if change.operation is Operation.DELETE:
                if self.mode != "rebuild":
                    refused.append(Outcome(change.key, Verdict.REJECTED, "remove.unsupported", "use mode: rebuild"))
                continue
            keys = match_keys(rules, {**change.previous, **change.fields}, country="JP")
            if name in keys.values:
                known[change.key] = keys.values[name]
            else:
                why = ", ".join(f"{field}: {reason}" for field, reason in sorted(keys.dropped.items()))
                refused.append(Outcome(change.key, Verdict.REJECTED, NO_MATCH_KEY, why or "no LINE user id"))
        return known, tuple(refused)

    def _addition(self, members: Sequence[tuple[str, str]]) -> HttpRequest:
        body: dict[str, Any] = {
            "audienceGroupId": self.audience_group_id,
            "audiences": [{"id": id_} for id_ in dict.fromkeys(id_ for _, id_ in members)],
        }
        headers = {"Content-Type": "application/json"}
        keys = tuple(key for key, _ in members)
        return HttpRequest("PUT", "/v2/bot/audienceGroup/upload", json.dumps(body).encode(), keys, headers)
