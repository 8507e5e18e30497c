"""Whose an event is: the lake's map first, then what events have tied together since, else somebody new.

The surest identifier of an event is who it is of. The others it carries follow it: a browser, or an e-mail address that
the lake does not know, is of whom it was named with last, by the events' own time. Two people never become one here:
that is for the lake to find out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kumitate.errors import RetryableError
from kumitate.events.identifiers import Name
from kumitate.events.matching import Noticed
from kumitate.events.state_keys import link_of, moved_key, root_of, who_of
from kumitate.events.watching import Whom

if TYPE_CHECKING:
    from kumitate.model.event import State
    from kumitate.ports import StateStore

TRIES = 12
"""Of a write that others are quicker with."""
_REFRESHED_AFTER_MS = 3_600_000
_LINKED_DAYS = 400
_FARTHEST = 4


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an event is, and the roots that are the same person's: what lies there belongs to it."""

    whom: Whom
    also: frozenset[str] = frozenset()


@dataclass(slots=True)
class Stitching:
    """Reads the map and the links of a batch at once, and ties what its events name together."""

    store: StateStore
    now: int
    _found: dict[str, State | None] = field(default_factory=dict)

    def fetch(self, events: Iterable[Noticed]) -> None:
        """Everything that the events' own identifiers lead to, in one call; what that leads to, in a second."""
        refs = {_ref(name) for event in events for name in event.known_by}
        self._read([who_of(ref) for ref in refs] + [link_of(ref) for ref in refs])
        onward = {target for ref in refs if (target := self._target(ref)) is not None} - refs
        self._read([who_of(ref) for ref in onward] + [link_of(ref) for ref in onward])

    def owner(self, event: Noticed) -> Owner | None:
        """None for an event that names nobody."""
        known = [name for name in event.known_by if name.named.within_ms is None]
        if not known:
            return self._of_a_device(event)
        for name in event.known_by:
            if name != known[0]:
                self._tie(name, known[0], event.at)
        whom, passed = self.lead(_ref(known[0]))
        same = (name for name in event.known_by if self.lead(_ref(name), event.at, name)[0] == whom)
        return Owner(whom, frozenset({*passed, *map(_ref, same)} - {whom.root}))

    def lead(self, ref: str, at: int | None = None, name: Name | None = None) -> tuple[Whom, tuple[str, ...]]:
        """Who `kind:hash` is, and the roots on the way there; of a device, at the time of its event."""
        passed = [ref]
        is_device = name is not None and name.named.within_ms is not None
        for _ in range(_FARTHEST):
            person = None if is_device else self._person(ref)
            onward = None if person else self._target(ref, at, name if is_device else None)
            if person or onward is None:
                break
            ref, is_device = onward, False
            passed.append(ref)
        person = self._person(ref)
        return (Whom(person, person) if person else Whom(ref)), (*passed, *self._former(ref))

    def lead_person(self, person_id: str) -> tuple[Whom, tuple[str, ...]]:
        """Who a person id of the lake is today."""
        found = self._one(moved_key(person_id))
        today = str(found.data["person"]) if found is not None else person_id
        return Whom(today, today), (person_id,)

    def _of_a_device(self, event: Noticed) -> Owner | None:
        """An anonymous event: of whom its device was named with last."""
        if not event.known_by:
            return None
        leads = [self.lead(_ref(name), event.at, name) for name in event.known_by]
        whom, passed = next((lead for lead in leads if lead[0].root != lead[1][0]), leads[0])
        return Owner(whom, frozenset(passed) - {whom.root})

    def _tie(self, name: Name, to: Name, at: int) -> None:
        """Note that `name` follows `to`, unless somebody named it later or the lake knows whose it is."""
        ref, target = _ref(name), _ref(to)
        if name.named.within_ms is None and self._person(ref):
            return
        for _ in range(TRIES):
            link = self._one(link_of(ref))
            last = link.data if link is not None else {"at": at - _REFRESHED_AFTER_MS - 1}
            is_other = last.get("to") != target.split(":", 1)
            if at <= last["at"] or (not is_other and at - last["at"] < _REFRESHED_AFTER_MS):
                return
            data = {"to": target.split(":", 1), "at": at, "expires_at": self.now // 1000 + _LINKED_DAYS * 86_400}
            is_written = self.store.write(link_of(ref), data, instead_of=link.version if link is not None else 0)
            self._found.pop(link_of(ref))
            if is_written:
                return
        raise RetryableError("others are quicker to note who a device is of; the events come again")

    def _target(self, ref: str, at: int | None = None, device: Name | None = None) -> str | None:
        """Where a link leads; a device's only as far as its span reaches."""
        link = self._one(link_of(ref))
        if link is None:
            return None
        if device is not None and at is not None and abs(at - link.data["at"]) > (device.named.within_ms or 0):
            return None
        return ":".join(link.data["to"])

    def _person(self, ref: str) -> str:
        found = self._one(who_of(ref))
        return str(found.data["person"]) if found is not None and found.data.get("person") else ""

    def _former(self, ref: str) -> tuple[str, ...]:
        """The ids that went into the person's: what lies there is theirs."""
        found = self._one(who_of(ref))
        return tuple(map(str, found.data.get("was", ()))) if found is not None else ()

    def _one(self, key: str) -> State | None:
        if key not in self._found:
            self._read([key])
        return self._found[key]

    def _read(self, keys: list[str]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._found]
        found: Mapping[str, Any] = self.store.read(missing) if missing else {}
        self._found.update((key, found.get(key)) for key in missing)


def ref_of(root: str) -> str | None:
    """A root that is no person of the lake: `kind:hash`."""
    return root if ":" in root else None


def _ref(name: Name) -> str:
    return root_of(name.named.kind, name.value)
