"""LINE narrowcast: one message to a whole audience, asked after until LINE has sent it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from kumitate.activation.destinations.answers import REQUEST_REFUSED, UNAVAILABLE, UNCONFIRMED, json_of
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.line_answers import INSUFFICIENT, row_refusal, words
from kumitate.activation.destinations.line_messages import FIELDS, Message, messages_of, retry_key
from kumitate.activation.destinations.line_push import REMEMBERED_SECONDS
from kumitate.activation.destinations.polling import PATIENCE, is_over, waiting
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_SEND = "/v2/bot/message/narrowcast"
_PROGRESS = "/v2/bot/message/progress/narrowcast"
_INTERNAL = 1
_TOO_FEW = frozenset({2, 4})
_FIGURES = {"targetCount": "targeted", "successCount": "delivered", "failureCount": "undelivered"}


class LineNarrowcast(Destination):
    """One narrowcast a run: the rows name a `campaign` and say the same, and it goes once to the whole audience.

    Who gets it is the audience, not the rows: `audience_sync` names the sync that rebuilds it, from the same
    segment if you like. A campaign goes out once; rows that come later for it are refused, since sending it again
    would reach everybody again. Rows of two new campaigns in one run are refused as well.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://api.line.me",
        idempotent=False,
        repeatable_seconds=REMEMBERED_SECONDS,
        seconds_between_requests=1.0,
        needs=frozenset({"campaign"}),
        accepts=FIELDS | {"campaign"},
        is_whole=True,
        erase_by_hand="A narrowcast names an audience and no person: take the person out of the audience (its page "
        "says how). Messages stay in the person's own chat.",
    )

    audience_group_id: int | None = Field(None, gt=0)
    """The audience to send to."""
    audience_sync: str | None = None
    """The sync of mode `rebuild` whose audience is sent to, as it is at this moment."""
    most_recipients: int | None = Field(None, gt=0)
    """LINE picks so many at random."""
    up_to_remaining_quota: bool = False
    """Send as many as the month's quota still allows, instead of none."""
    notification_disabled: bool = False
    sync: str

    @model_validator(mode="after")
    def _names_one_audience(self) -> Self:
        if (self.audience_group_id is None) == (self.audience_sync is None):
            raise ValueError("name the audience by one of audience_group_id and audience_sync")
        return self

    def leans_on(self) -> Sequence[str]:
        return [] if self.audience_sync is None else [self.audience_sync]

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Nothing goes without its conversation."""
        return [
            Outcome(change.key, Verdict.RETRY, REQUEST_REFUSED, "a narrowcast is a conversation") for change in changes
        ]

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return tuple(row_refusal(key, response) for key in request.keys)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn:
        found = _campaign(changes, memory)
        if found.name is None:
            return Done(found.refused)
        audience = self._audience(memory)
        if audience is None:
            why = f"sync {self.audience_sync} has no audience yet; run it first"
            return Done(found.with_others(changes, Outcome("", Verdict.RETRY, "audience.missing", why)))
        own = {name: memory.get(name, {}) for name in ("campaigns", "attempts")}
        return self._sending(changes, {**own, "campaign": found.name, "audience": audience})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if state["step"] == "poll":
            return self._polled(changes, state, response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        accepted_before = headers.get("x-line-accepted-request-id", "") if response.status == 409 else ""
        id_ = accepted_before or headers.get("x-line-request-id", "")
        if response.status >= 300 and response.status != 409:
            return self._ended(changes, state, row_refusal("", response))
        return waiting({**state, "step": "poll", "request": id_})

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """The same request with the same retry key: LINE answers 409 where it has it."""
        if state["step"] == "send":
            return self._sending(changes, state)
        path = f"{_PROGRESS}?requestId={state['request']}"
        return Ask(HttpRequest("GET", path, b"", _keys(changes)), state)

    def lapsed(self, changes: Sequence[Change], state: State) -> Done:
        """LINE remembers a retry key for a day: after that the same request would reach everybody again."""
        why = "it may have gone out, and LINE does not know it again; to send it again, name another campaign"
        return self._ended(changes, state, Outcome("", Verdict.UNKNOWN, UNAVAILABLE, why))

    def _audience(self, memory: State) -> int | None:
        if self.audience_sync is None:
            return self.audience_group_id
        found = memory.get("syncs", {}).get(self.audience_sync, {}).get("audience_group_id")
        return None if found is None else int(found)

    def _sending(self, changes: Sequence[Change], state: State) -> Ask:
        body: dict[str, Any] = {
            "messages": _messages(changes, state["campaign"]),
            "recipient": {"type": "audience", "audienceGroupId": state["audience"]},
        }
        limit = {"max": self.most_recipients, "upToRemainingQuota": self.up_to_remaining_quota or None}
        if any(limit.values()):
            body["limit"] = {name: value for name, value in limit.items() if value}
        if self.notification_disabled:
            body["notificationDisabled"] = True
        attempt = str(state["attempts"].get(state["campaign"], 0))
        key = retry_key(self.sync, state["campaign"], attempt)
        headers = {"Content-Type": "application/json", "X-Line-Retry-Key": key}
        content = json.dumps(body, ensure_ascii=False).encode()
        return Ask(HttpRequest("POST", _SEND, content, _keys(changes), headers), {**state, "step": "send"})

    def _polled(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if response.status >= 300:
            return self._ended(changes, state, Outcome("", Verdict.ACCEPTED, UNCONFIRMED, words(response)))
        answer = json_of(response)
        if answer["phase"] in ("waiting", "sending"):
            said = Outcome("", Verdict.ACCEPTED, UNCONFIRMED, f"LINE was still {answer['phase']} after {PATIENCE}")
            return self._ended(changes, state, said) if is_over(state) else waiting(state)
        figures = {ours: float(answer[theirs]) for theirs, ours in _FIGURES.items() if theirs in answer}
        if answer["phase"] == "succeeded":
            return self._ended(changes, state, Outcome("", Verdict.ACCEPTED, UNCONFIRMED), figures=figures)
        return self._ended(changes, state, _failure(answer), figures=figures)

    def _ended(
        self, changes: Sequence[Change], state: State, said: Outcome, *, figures: Mapping[str, float] | None = None
    ) -> Done:
        """A campaign that LINE took is remembered; one that failed at LINE gets a new retry key the next time."""
        taken = {"campaigns": state["campaigns"], "attempts": state["attempts"]}
        campaign = state["campaign"]
        if said.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN):
            taken["campaigns"] = {**state["campaigns"], campaign: state.get("request", "")}
        elif state["step"] == "poll":
            taken["attempts"] = {**state["attempts"], campaign: state["attempts"].get(campaign, 0) + 1}
        found = _campaign(changes, {"campaigns": state["campaigns"]})
        return Done(found.with_others(changes, said), taken, figures or {})


@dataclass(frozen=True, slots=True)
class _Campaign:
    """The one campaign of these rows that may go out, if any, and the rows that are refused."""

    name: str | None
    refused: tuple[Outcome, ...]

    def with_others(self, changes: Sequence[Change], said: Outcome) -> tuple[Outcome, ...]:
        """An outcome per change: what is refused is refused, `said` is for all the others."""
        settled = {outcome.key: outcome for outcome in self.refused}
        return tuple(settled.get(change.key) or replace(said, key=change.key) for change in changes)


def _messages(changes: Sequence[Change], campaign: str) -> Sequence[Message]:
    """What the campaign says: its rows that are not refused say the same."""
    for change in changes:
        try:
            if _name(change) == campaign:
                return messages_of(change.fields)
        except RecordError:
            continue
    raise RecordError("field.missing", "text")


def _name(change: Change) -> str:
    """Also where campaigns are numbered."""
    return str(change.fields.get("campaign") or "")


def _campaign(changes: Sequence[Change], memory: State) -> _Campaign:
    refused: dict[str, tuple[str, str]] = {}
    said: dict[str, dict[str, list[str]]] = {}
    for change in changes:
        name = _name(change)
        try:
            content = json.dumps(messages_of(change.fields), sort_keys=True)
        except RecordError as error:
            refused[change.key] = (error.reason, error.field)
            continue
        if not name:
            refused[change.key] = ("field.missing", "campaign")
        elif name in memory.get("campaigns", {}):
            refused[change.key] = ("campaign.sent", "it went out before; to send again, name another campaign")
        else:
            said.setdefault(name, {}).setdefault(content, []).append(change.key)
    only = _only(said, refused)
    outcomes = (Outcome(key, Verdict.REJECTED, *why) for key, why in refused.items())
    return _Campaign(only, tuple(outcomes))


def _only(said: Mapping[str, Mapping[str, Sequence[str]]], refused: dict[str, tuple[str, str]]) -> str | None:
    """The campaign's name; rows of several campaigns, or of one that says several things, are refused."""
    several = ("campaign.several", f"{len(said)} new campaigns in one run; bring one at a time")
    differing = ("message.differs", "a narrowcast says the same to all; leave personal values out")
    for contents in said.values():
        if len(said) > 1 or len(contents) > 1:
            refused |= {key: several if len(said) > 1 else differing for keys in contents.values() for key in keys}
    return next((name for name, contents in said.items() if len(said) == 1 and len(contents) == 1), None)


def _failure(answer: Mapping[str, Any]) -> Outcome:
    said = str(answer.get("failedDescription", ""))
    if answer.get("errorCode") in _TOO_FEW:
        return Outcome("", Verdict.REJECTED, INSUFFICIENT, said)
    if answer.get("errorCode") == _INTERNAL:
        return Outcome("", Verdict.RETRY, UNAVAILABLE, said)
    return Outcome("", Verdict.REJECTED, f"vendor.narrowcast_{answer.get('errorCode', 'failed')}", said)


def _keys(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(change.key for change in changes)
