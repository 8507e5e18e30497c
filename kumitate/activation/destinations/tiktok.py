"""TikTok: members of a customer file audience, by files of hashes that are uploaded and then added or removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import (
    THROTTLED,
    UNAVAILABLE,
    UNCONFIRMED,
    for_all,
)
from kumitate.activation.destinations.auth import Token
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.members import (
    CONTACTS,
    Movements,
    movements,
    no_longer,
    only_leavers_leave,
    still_in,
    why_unusable,
)
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.activation.destinations.tiktok_answers import code_of, data_of, reason_of, words_of
from kumitate.activation.destinations.tiktok_files import update, upload
from kumitate.activation.matchkeys import TIKTOK_V13, TIKTOK_V13_WITHOUT_PLUS, RuleSet, match_keys
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict

FILE_ROWS = 100_000
"""Rows of a file: with all its columns below TikTok's 50 MB."""
_TALK_ROWS = 200_000
_PAUSE_SECONDS = 60.0
_MOST_TRIES = 5
_COLUMNS = {"email": "EMAIL_SHA256", "phone": "PHONE_SHA256", "idfa": "IDFA_SHA256", "aaid": "GAID_SHA256"}
_MULTIPLE = "MULTIPLE_TYPES"
_NEXT = {"APPEND": "REMOVE", "REMOVE": "", "REPLACE": ""}
"""Who comes goes first: TikTok refuses a removal that leaves fewer than its least, and would so keep everybody out."""

Known = tuple[tuple[str, str], ...]
"""(column, hash)."""
Row = tuple[str, Known]
"""(key, what the audience knows it by)."""


class Tiktok(Destination):
    """Adds to and removes from the customer file audience `audience_id`; in mode `rebuild` files replace it."""

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "add", "mirror", "append", "delete", "rebuild"}),
        base_url="https://business-api.tiktok.com",
        auth=Token("Access-Token", ""),
        seconds_between_requests=0.2,
        talk_rows=_TALK_ROWS,
        whole_modes=frozenset({"rebuild"}),
        least_rows=1_000,
        accepts=TIKTOK_V13.fields,
        identifiers=(("email",), ("phone",), ("idfa",), ("aaid",)),
        erase_by_hand=(
            "TikTok erases nobody across audiences: remove the person with a sync in mode `delete` to each audience, "
            "and delete an audience in Audience Manager where fewer than 1,000 people would be left."
        ),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = CONTACTS

    advertiser_id: str = Field(pattern=r"^\d+$")
    audience_id: str = Field(pattern=r"^\d+$")
    calculate_type: Literal["EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "GAID_SHA256", "MULTIPLE_TYPES"] = (
        "EMAIL_SHA256"
    )
    """What the audience was made of; every later file must be the same."""
    phone_format: Literal["with_plus", "without_plus"] = "with_plus"
    """TikTok's pages differ on whether a phone number is hashed with its plus sign."""
    api_version: str = Field("v1.3", pattern=r"^v\d+\.\d+$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""
    mode: str = "upsert"
    """The sync's mode."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Only rows that cannot be sent: all others go in a conversation."""
        return self._unusable(changes)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if code_of(response) == 0:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        return for_all(request, Verdict.RETRY, reason_of(response), message=words_of(response))

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        """None where no row can be sent; where nobody of the segment can be, who left is removed, not all replaced."""
        del memory
        state = {"start": 0, "paths": [], "tries": 0}
        replaced = self._turn(changes, {**state, "action": "REPLACE"}) if self.mode == "rebuild" else None
        return replaced or self._turn(changes, {**state, "action": "APPEND"})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if code_of(response) != 0:
            return self._refused(changes, state, response)
        if state["step"] == "look":
            return self._done(changes, _size(response))
        if state["step"] == "update":
            following = _following({**state, "tries": 0})
        else:
            paths = [*state["paths"], str(data_of(response)["file_path"])]
            following = {**state, "tries": 0, "paths": paths, "start": state["start"] + FILE_ROWS}
        return self._turn(changes, following) or self._looking()

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """The same again: a file uploaded twice is two files, and an audience is a set."""
        return self._turn(changes, state) or self._looking()

    @property
    def _rules(self) -> RuleSet:
        return TIKTOK_V13 if self.phone_format == "with_plus" else TIKTOK_V13_WITHOUT_PLUS

    def _turn(self, changes: Sequence[Change], state: State) -> Turn | None:
        """The next file, or the update once all files of an action are there; None where nothing is left to do."""
        while state["action"]:
            for start in range(state["start"], len(changes), FILE_ROWS):
                run = changes[start : start + FILE_ROWS]
                rows = self._leaving(run, changes) if state["action"] == "REMOVE" else self._moves(run).present
                if rows:
                    return Ask(self._upload(rows), {**state, "step": "upload", "start": start})
            if state["paths"]:
                own = (self.api_version, self.advertiser_id, self.audience_id)
                request = update(*own, action=state["action"], paths=state["paths"])
                return Ask(request, {**state, "step": "update", "start": len(changes)})
            state = _following(state)
        return None

    def _leaving(self, run: Sequence[Change], changes: Sequence[Change]) -> Sequence[Row]:
        """What is to be removed of a run, but for what any of all `changes` has just brought."""
        told = only_leavers_leave(run) if self.mode == "rebuild" else run
        leaving = self._moves([each for each in told if each.operation is Operation.DELETE or each.previous]).leaving
        brought = {each for _, known in self._moves(changes).present for each in known} if leaving else set()
        rest = ((key, tuple(each for each in known if each not in brought)) for key, known in leaving)
        return [(key, known) for key, known in rest if known]

    def _moves(self, changes: Sequence[Change]) -> Movements[Known]:
        return movements(changes, known_by=self._known, outdated=no_longer, why=self._why)

    def _upload(self, rows: Sequence[Row]) -> HttpRequest:
        """One hash a line; where the audience has several kinds of them, a column each under its name."""
        if self.calculate_type != _MULTIPLE:
            lines = [value for _, known in rows for _, value in known]
        else:
            columns = tuple(_COLUMNS.values())
            lines = [",".join(columns)]
            lines += [",".join(dict(known).get(column, "") for column in columns) for _, known in rows]
        content = "".join(f"{line}\n" for line in lines).encode()
        keys = tuple(key for key, _ in rows)
        return upload(self.api_version, self.advertiser_id, self.calculate_type, content=content, keys=keys)

    def _known(self, fields: Mapping[str, Any]) -> Known:
        keys = match_keys(self._rules, fields, country=self.country).values
        wanted = (name for name, column in _COLUMNS.items() if self.calculate_type in (column, _MULTIPLE))
        return tuple((_COLUMNS[name], keys[name]) for name in wanted if name in keys)

    def _why(self, fields: Mapping[str, Any]) -> str:
        return why_unusable(self._rules, fields, self.country)

    def _refused(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if state["step"] == "look":
            return self._done(changes, {})
        reason, words = reason_of(response), words_of(response)
        if reason in (THROTTLED, UNAVAILABLE) and state["tries"] < _MOST_TRIES:
            return Wait(_PAUSE_SECONDS, {**state, "tries": state["tries"] + 1})
        waiting = {key for key, _ in self._leaving(changes, changes)}
        if state["action"] != "REMOVE":  # by then, who was to come has come
            waiting |= {change.key for change in changes} - {outcome.key for outcome in self._moves(changes).unusable}
        return self._done(changes, {}, {key: Outcome(key, Verdict.RETRY, reason, words) for key in waiting})

    def _looking(self) -> Ask:
        """What TikTok has matched so far; today's members count in a day or two."""
        ids = quote(json.dumps([self.audience_id]), safe="")
        path = f"/open_api/{self.api_version}/dmp/custom_audience/get/"
        query = f"?advertiser_id={self.advertiser_id}&custom_audience_ids={ids}"
        return Ask(HttpRequest("GET", path + query, b"", ()), {"step": "look", "action": "", "tries": 0})

    def _done(
        self, changes: Sequence[Change], figures: Mapping[str, float], waiting: Mapping[str, Outcome] | None = None
    ) -> Done:
        """Rows that wait say why; one without a match key waits only until its old ones have been removed."""
        told = {**{outcome.key: outcome for outcome in self._unusable(changes, waiting)}, **(waiting or {})}
        accepted = (Outcome(change.key, Verdict.ACCEPTED, UNCONFIRMED) for change in changes)
        return Done(tuple(told.get(outcome.key, outcome) for outcome in accepted), figures=figures)

    def _unusable(self, changes: Sequence[Change], waiting: Mapping[str, Outcome] | None = None) -> Iterable[Outcome]:
        """Rows without a match key; where the audience was not replaced, they are still in it."""
        moves = self._moves(changes)
        is_replaced = self.mode != "rebuild" or (moves.present and not waiting)
        return moves.unusable if is_replaced else still_in(moves.unusable, changes)


def _following(state: State) -> State:
    """The state at the beginning of the next action."""
    return {**state, "action": _NEXT[state["action"]], "start": 0, "paths": []}


def _size(response: Response) -> dict[str, float]:
    """`size` as TikTok matched it, `is_valid` 1 or 0; nothing where it tells nothing."""
    details = [each.get("audience_details", {}) for each in data_of(response).get("list", [])]
    if not details:
        return {}
    return {"size": float(details[0].get("cover_num") or 0), "is_valid": float(bool(details[0].get("is_valid")))}
