"""LY Display Ads (LINE Yahoo): hashed people uploaded to a list of customer data, or a list built anew and swapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from kumitate.activation.destinations.answers import NO_MATCH_KEY, REQUEST_REFUSED, for_all
from kumitate.activation.destinations.auth import Token
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.ly_calls import Account
from kumitate.activation.destinations.ly_lists import Lists, Members
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import EMAIL, PHONE
from kumitate.activation.matchkeys import LY_AUDIENCE_V19, match_keys
from kumitate.model.request import Change, Operation, Outcome, Request, Response, Verdict

_KEYS = {"contact": ("email", "phone"), "idfa": ("idfa",), "aaid": ("aaid",)}
_HELD = (Operation.KEEP, Operation.UPDATE)
_UPLOAD_TYPES = {"contact": "MAIL_ADDRESS_AND_PHONE_NUMBER", "idfa": "IDFA", "aaid": "AAID"}


class LyAds(Destination):
    """Uploads people to the list `audience_list_id` (mode `add`), or builds a list anew (mode `rebuild`).

    LY's lists only grow; a member leaves when the list's duration has passed. Mode `rebuild` makes a new list of
    all members and removes the one before; LY does not remove a list that an ad group uses, so people who have
    left stay in it (`audience.attached`) until somebody attaches the new list instead. LY tells whether it could
    read the file, not whom it knew.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"add", "rebuild"}),
        base_url="https://ads-display.yahooapis.jp",
        auth=Token(),
        sign_in_url="https://biz-oauth.yahoo.co.jp/oauth/v1/token",
        seconds_between_requests=1.0,
        accepts=LY_AUDIENCE_V19.fields | {"country"},
        whole_modes=frozenset({"rebuild"}),
        talk_rows=1_000_000,
        least_rows=100,
        erase_by_hand="LY cannot remove a person from a list: run every sync of mode `rebuild` of this account again "
        "and attach the new lists to their ad groups; lists of mode `add` forget the person when their duration has "
        "passed, or remove them in the campaign manager.",
    )

    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"email": EMAIL, "phone": PHONE}

    account_id: int = Field(gt=0)
    base_account_id: int | None = Field(None, gt=0)
    """The account that the call is made for (`x-z-base-account-id`): the MCC account's, where there is one."""
    audience_list_id: int | None = Field(None, gt=0)
    """The list of customer data to add to; a rebuilt one has a new id each time and remembers it."""
    name: str = Field("", max_length=60)
    """What a rebuilt list is called, before its number; the sync's name unless given."""
    data_duration_days: int = Field(180, ge=1, le=180)
    """How long a rebuilt list keeps its members."""
    identifiers: Literal["contact", "idfa", "aaid"] = "contact"
    """`contact`: hashed e-mail addresses and phone numbers; LY takes one kind a list."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""
    api_version: str = Field("v19", pattern=r"^v\d+$")
    sync: str
    mode: str = "add"

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        if self.mode == "mirror":
            raise ValueError("LY cannot remove a person from a list, so it cannot mirror; use mode: rebuild")
        if self.mode == "rebuild" and self.audience_list_id is not None:
            raise ValueError("mode rebuild makes its own lists; leave audience_list_id out")
        if self.mode != "rebuild" and self.audience_list_id is None:
            raise ValueError("mode add needs the audience_list_id to add to; mode rebuild makes its own")
        return self

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Nothing goes without its conversation: a file is read long after it was uploaded."""
        why = "an upload is a conversation"
        return [Outcome(change.key, Verdict.RETRY, REQUEST_REFUSED, why) for change in changes]

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=f"HTTP {response.status}")

    def begins(self, changes: Sequence[Change], memory: State) -> Turn:
        lists = self._lists(changes)
        return lists.rebuilds(memory) if self.mode == "rebuild" else lists.adds(self.audience_list_id)

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return self._lists(changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return self._lists(changes).resumed(state)

    def _lists(self, changes: Sequence[Change]) -> Lists:
        @cache
        def members() -> Members:
            known, refused = self._known(changes)
            return Members(tuple(dict.fromkeys(line for lines in known.values() for line in lines)), refused)

        account = Account(
            id=self.account_id,
            base=self.base_account_id or self.account_id,
            version=self.api_version,
            upload_type=_UPLOAD_TYPES[self.identifiers],
        )
        return Lists(
            account=account,
            name=self.name or self.sync[:60],
            duration_days=self.data_duration_days,
            members=members,
            keys=tuple(change.key for change in changes),
            leaving=frozenset(change.key for change in changes if change.operation is Operation.DELETE),
            held=frozenset(change.key for change in changes if change.operation in _HELD),
        )

    def _known(self, changes: Sequence[Change]) -> tuple[Mapping[str, tuple[str, ...]], tuple[Outcome, ...]]:
        """The lines of everybody who is to be in the list, by key, and refusals."""
        known: dict[str, tuple[str, ...]] = {}
        refused: list[Outcome] = []
        for change in changes:
            if change.operation is Operation.DELETE:
                if self.mode != "rebuild":
                    refused.append(Outcome(change.key, Verdict.REJECTED, "remove.unsupported", "use mode: rebuild"))
                continue
            keys = match_keys(LY_AUDIENCE_V19, {**change.previous, **change.fields}, country=self.country)
            lines = tuple(keys.values[name] for name in _KEYS[self.identifiers] if name in keys.values)
            if lines:
                known[change.key] = lines
            else:
                why = ", ".join(f"{field}: {reason}" for field, reason in sorted(keys.dropped.items()))
                refused.append(Outcome(change.key, Verdict.REJECTED, NO_MATCH_KEY, why or "no match key mapped"))
        return known, tuple(refused)
