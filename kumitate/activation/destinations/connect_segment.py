"""Amazon Connect outbound campaigns v2 by segment: the people of a run become a segment, and a campaign begins with it.

A segment of Customer Profiles is a rule, not a list. So each row's object carries a token of its run, and the rule
is that token: the segment is who passed our gates in this run, and nobody else, whenever Connect works it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    REQUEST_REFUSED,
    UNAVAILABLE,
    UNCONFIRMED,
    aws_error,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.connect_customer_profiles import ConnectCustomerProfiles
from kumitate.activation.destinations.connect_segment_calls import Batch, of_name, service_time
from kumitate.activation.destinations.polling import waiting
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

_MAX_OBJECTS = 10
_REMEMBERED_SECONDS = 30 * 86_400.0
"""A campaign's state can be asked for as long as it is there: what was started is not started again."""
_MOST_POLLS = 40
"""Somewhat less than two hours for Connect to find the profiles it was given."""
_MOST_STARTS = 3
_BEGUN = frozenset({"Running", "Paused", "Completed"})
_LOST = "Connect may have begun the campaign, and what became of it is not known; see it in Connect"
_EMPTY = (
    "Connect finds nobody with this run's mark, so no campaign was made: see that the object type maps the field "
    "to the profile's attribute of the same name"
)


class ConnectSegment(Destination):
    """Puts the rows as objects of `object_type`, makes a segment of them, and begins a campaign like `campaign_id`.

    Each run with new rows has a segment and a campaign of its own. A key is contacted once, ever.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        repeatable_seconds=_REMEMBERED_SECONDS,
        is_whole=True,
        seconds_between_requests=0.1,
        erase_by_hand="Delete the person's profile in the domain (aws customer-profiles delete-profile) and their "
        "contacts in Amazon Connect's contact search; segments hold a rule and no person.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = ConnectCustomerProfiles.defaults

    campaign_id: str = Field(pattern=r"^[-:/a-zA-Z0-9]{1,256}$")
    """The campaign that each one begun is made after; it is never begun itself."""
    domain: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    """The Customer Profiles domain of the campaign's instance."""
    object_type: str = Field(pattern=r"^[a-zA-Z_][a-zA-Z_0-9-]{0,254}$")
    """The object type that rows are put as; its field `kumitate_<sync>` goes to the attribute of the same name."""
    key_field: str = "kumitate_key"
    begins_in_minutes: int = Field(15, ge=5, le=1_440)
    """When the campaign's time begins, after it is made; it lasts as long as the one it is made after."""
    sync: str

    def stamps(self) -> bool:
        return True

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Nothing goes without its conversation."""
        why = "a campaign's beginning is a conversation"
        return [Outcome(change.key, Verdict.RETRY, REQUEST_REFUSED, why) for change in changes]

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return self._objects.outcomes(request, response)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn:
        keys = "\n".join(sorted(change.key for change in changes))
        token = hashlib.sha256(f"{self.sync}\n{memory.get('run_id', '')}\n{keys}".encode()).hexdigest()[:16]
        return self._marking(changes, {"token": token, "at": 0, "told": {}})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        steps = {
            "mark": self._marked,
            "segment": self._segment_made,
            "named": self._segment_found,
            "estimate": self._estimating,
            "count": self._counted,
            "model": self._modelled,
            "create": self._created,
            "find": self._found,
            "start": self._started,
            "state": self._state_told,
        }
        return steps[state["step"]](changes, state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """Marks and segments may be made again; a campaign is looked for first, and asked whether it has begun."""
        step, batch = state["step"], self._batch(changes, state)
        if step == "mark":
            return self._marking(changes, state)
        if step in ("create", "find"):
            return Ask(batch.campaigns(""), {**state, "step": "find"})
        if step in ("start", "state"):
            return Ask(batch.state(state["campaign"]), {**state, "step": "state"})
        again: Mapping[str, Callable[[], AwsCall]] = {
            "segment": batch.segment,
            "named": batch.named_segment,
            "count": lambda: batch.estimated(state["estimate"]),
            "model": lambda: batch.model_campaign(self.campaign_id),
        }
        return Ask(again.get(step, batch.estimate)(), state)

    def lapsed(self, changes: Sequence[Change], state: State) -> Done:
        """Nobody was contacted before a campaign was told to begin."""
        if state.get("step") in ("start", "state"):
            return self._done(changes, state, Outcome("", Verdict.UNKNOWN, UNAVAILABLE, _LOST))
        return self._given_up(changes, state, "its campaign was not begun")

    def _marking(self, changes: Sequence[Change], state: State) -> Turn:
        """The next objects; when all are put, the segment."""
        told, at = dict(state["told"]), int(state["at"])
        while at < len(changes):
            for item in self._objects.requests(self._carrying(changes[at : at + _MAX_OBJECTS], state)):
                if isinstance(item, Outcome):
                    told[item.key] = [str(item.verdict), item.reason, item.message]
                else:
                    return Ask(item, {**state, "step": "mark", "at": at, "told": told})
            at += _MAX_OBJECTS
        state = {**state, "at": at, "told": told}
        if len(told) == len(changes):
            return self._given_up(changes, state, "")
        return Ask(self._batch(changes, state).segment(), {**state, "step": "segment"})

    def _marked(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):
            return self._given_up(changes, state, _words(response))
        group = changes[state["at"] : state["at"] + _MAX_OBJECTS]
        call = next(item for item in self._objects.requests(self._carrying(group, state)) if isinstance(item, AwsCall))
        refused = [each for each in self._objects.outcomes(call, response) if each.verdict is not Verdict.ACCEPTED]
        told = {each.key: [str(each.verdict), each.reason, each.message] for each in refused}
        return self._marking(changes, {**state, "at": state["at"] + _MAX_OBJECTS, "told": {**state["told"], **told}})

    def _segment_made(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):  # it may be there already: then it is ours, for its name carries the token
            said = {**state, "step": "named", "said": _words(response)}
            return Ask(self._batch(changes, state).named_segment(), said)
        return self._estimate(changes, {**state, "arn": str(json_of(response)["SegmentDefinitionArn"])})

    def _segment_found(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):
            return self._given_up(changes, state, str(state.get("said", "")))
        return self._estimate(changes, {**state, "arn": str(json_of(response)["SegmentDefinitionArn"])})

    def _estimate(self, changes: Sequence[Change], state: State) -> Turn:
        return Ask(self._batch(changes, state).estimate(), {**state, "step": "estimate"})

    def _estimating(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):
            return self._given_up(changes, state, _words(response))
        return waiting({**state, "step": "count", "estimate": str(json_of(response)["EstimateId"])})

    def _counted(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        """Connect finds profiles some time after it took them: until all are found, it is asked again."""
        if aws_error(response):
            return self._given_up(changes, state, _words(response))
        answer = json_of(response)
        if answer["Status"] == "RUNNING" and state["polls"] < _MOST_POLLS:
            return waiting(state)
        people = int(float(answer.get("Estimate") or 0))
        if people < len(changes) - len(state["told"]) and state["polls"] < _MOST_POLLS:
            return waiting({**state, "step": "estimate"})
        if not people:
            return self._given_up(changes, state, _EMPTY)
        counted = {**state, "step": "model", "people": people}
        return Ask(self._batch(changes, state).model_campaign(self.campaign_id), counted)

    def _modelled(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):
            return self._given_up(changes, state, _words(response))
        call = self._batch(changes, state).campaign(
            json_of(response)["campaign"],
            segment_arn=state["arn"],
            begins=service_time(response) + timedelta(minutes=self.begins_in_minutes),
        )
        return Ask(call, {**state, "step": "create"})

    def _created(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        error = aws_error(response)
        if error.get("Code") == "ConflictException" and not state.get("sought"):
            return Ask(self._batch(changes, state).campaigns(""), {**state, "step": "find"})
        if error:
            return self._given_up(changes, state, _words(response))
        return self._start(changes, {**state, "campaign": str(json_of(response)["id"])})

    def _found(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        """Page by page; a campaign of our name is ours, for it carries the token."""
        if aws_error(response):
            return self._given_up(changes, state, _words(response))
        answer, batch = json_of(response), self._batch(changes, state)
        campaign = of_name(answer, batch.name)
        if campaign:
            return Ask(batch.state(campaign), {**state, "step": "state", "campaign": campaign})
        if answer.get("nextToken"):
            return Ask(batch.campaigns(str(answer["nextToken"])), state)
        return Ask(batch.model_campaign(self.campaign_id), {**state, "step": "model", "sought": True})

    def _start(self, changes: Sequence[Change], state: State) -> Turn:
        asked = {**state, "step": "start", "starts": int(state.get("starts", 0)) + 1}
        return Ask(self._batch(changes, state).start(state["campaign"]), asked)

    def _started(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        if aws_error(response):  # it may have begun before: the campaign knows
            return Ask(self._batch(changes, state).state(state["campaign"]), {**state, "step": "state"})
        return self._done(changes, state, self._accepted(changes, state))

    def _state_told(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        told = "" if aws_error(response) else str(json_of(response)["state"])
        if told in _BEGUN:
            return self._done(changes, state, self._accepted(changes, state))
        if told == "Initialized" and state.get("starts", 0) < _MOST_STARTS:
            return self._start(changes, state)
        if told == "Initialized":
            return self._given_up(changes, state, "Connect does not begin the campaign; see it in Connect")
        return self._done(changes, state, Outcome("", Verdict.UNKNOWN, UNAVAILABLE, f"{told or 'no state'}: {_LOST}"))

    def _accepted(self, changes: Sequence[Change], state: State) -> Outcome:
        brought, people = len(changes) - len(state["told"]), int(state.get("people", 0))
        if people >= brought:
            return Outcome("", Verdict.ACCEPTED)
        return Outcome("", Verdict.ACCEPTED, UNCONFIRMED, f"Connect counts {people} profiles for {brought} rows")

    def _given_up(self, changes: Sequence[Change], state: State, words: str) -> Done:
        return self._done(changes, state, Outcome("", Verdict.RETRY, REQUEST_REFUSED, words))

    def _done(self, changes: Sequence[Change], state: State, others: Outcome) -> Done:
        rest = [str(others.verdict), others.reason, others.message]
        told = {change.key: state["told"].get(change.key, rest) for change in changes}
        figures = {"matched": float(state["people"])} if "people" in state else {}
        outcomes = (Outcome(key, Verdict(verdict), *words) for key, (verdict, *words) in told.items())
        return Done(tuple(outcomes), figures=figures)

    def _carrying(self, changes: Sequence[Change], state: State) -> list[Change]:
        """The rows with their run's mark."""
        mark = {self._mark: state["token"]}
        return [Change(each.key, each.operation, {**each.fields, **mark}) for each in changes]

    def _batch(self, changes: Sequence[Change], state: State) -> Batch:
        name = f"kumitate-{self.sync[:36]}-{state['token']}"
        keys = tuple(change.key for change in changes)
        return Batch(domain=self.domain, mark=self._mark, name=name, token=state["token"], keys=keys)

    @property
    def _mark(self) -> str:
        return mark_of(self.sync)

    @property
    def _objects(self) -> ConnectCustomerProfiles:
        return ConnectCustomerProfiles.model_validate(
            {"domain": self.domain, "object": self.object_type, "key_field": self.key_field}
        )


def mark_of(sync: str) -> str:
    """The attribute that a sync marks profiles with: one a sync, or one would take away the other's people."""
    return f"kumitate_{sync}"[:64]


def _words(response: Response) -> str:
    error: Mapping[str, Any] = aws_error(response)
    return f"{error.get('Code', '')}: {error.get('Message', '')}"
