"""Vendors that take more than one answer, with destinations that talk to them: a job, a rebuilt audience, reports."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.deliveries import Plain
from kumitate.activation.destinations.answers import for_all, json_of
from kumitate.activation.destinations.base import Terms
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response, Verdict


def _ask(method: str, path: str, keys: Sequence[str] = (), **state: Any) -> Ask:
    return Ask(HttpRequest(method, path, b"", tuple(keys)), state)


class Job(Plain):
    """Creates a job under a name, uploads its rows, waits, reads each row's fate; few rows go plainly."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"upsert"}), talk_rows=3)
    plain_below: int = 0

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        if len(changes) < self.plain_below or memory.get("retired"):
            return None
        return _ask("PUT", f"/jobs/{changes[0].key}", step="create")

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        match state["step"]:
            case "create":
                return self._upload(changes)
            case "upload":
                return Wait(30, {"step": "poll"})
            case _:
                return self._polled(changes, json_of(response))

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        match state["step"]:
            case "create":
                return _ask("PUT", f"/jobs/{changes[0].key}", step="create")
            case "upload":
                return self._upload(changes)
            case _:
                return _ask("GET", f"/jobs/{changes[0].key}", step="poll")

    def _upload(self, changes: Sequence[Change]) -> Turn:
        return _ask("PUT", f"/jobs/{changes[0].key}/rows", [change.key for change in changes], step="upload")

    def _polled(self, changes: Sequence[Change], answer: Mapping[str, Any]) -> Turn:
        if not answer["done"]:
            return Wait(30, {"step": "poll"})
        there = set(answer["rows"])
        return Done(
            tuple(
                Outcome(change.key, Verdict.ACCEPTED if change.key in there else Verdict.REJECTED) for change in changes
            ),
            figures={"received": float(len(there))},
        )


class Swap(Plain):
    """Builds an audience anew from all rows, makes it the current one, deletes the one before; remembers its id."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"rebuild"}), is_whole=True)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        number = int(memory.get("number", 0)) + 1
        return self._create(changes, {"new": f"a{number}", "number": number, "old": memory.get("id")})

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        assert response.status == 200
        if state["step"] == "create":
            return Wait(60, {**state, "step": "swap"})
        if state["step"] == "swap" and state["old"]:
            return Ask(HttpRequest("DELETE", f"/audiences/{state['old']}", b"", ()), {**state, "step": "drop"})
        accepted = tuple(Outcome(change.key, Verdict.ACCEPTED) for change in changes)
        return Done(accepted, memory={"id": state["new"], "number": state["number"]})

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """Everything here may be repeated: ids are ours."""
        if state["step"] == "create":
            return self._create(changes, state)
        if state["step"] == "swap":
            return Ask(HttpRequest("PUT", f"/current/{state['new']}", b"", ()), state)
        return Ask(HttpRequest("DELETE", f"/audiences/{state['old']}", b"", ()), state)

    def _create(self, changes: Sequence[Change], state: State) -> Turn:
        keys = tuple(change.key for change in changes if change.operation is not Operation.DELETE)
        return Ask(HttpRequest("PUT", f"/audiences/{state['new']}", b"", keys), {**state, "step": "create"})


class Launch(Plain):
    """Uploads its rows, then sends a message to all of them, which nothing can repeat; whether it left can be asked."""

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), idempotent=False, talk_rows=3)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        return None if memory.get("retired") else self._asked(changes, "PUT", "upload")

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        there = json_of(response).get("there", True)
        match state["step"]:
            case "upload":
                return self._asked(changes, "POST", "launch")
            case "ask" if not there:
                return self._asked(changes, "POST", "launch")
            case _:
                return Done(tuple(Outcome(change.key, Verdict.ACCEPTED) for change in changes))

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        if state["step"] == "upload":
            return self._asked(changes, "PUT", "upload")
        return self._asked(changes, "GET", "ask")

    def _asked(self, changes: Sequence[Change], method: str, step: str) -> Turn:
        return _ask(method, "/launches", [change.key for change in changes], step=step)


class Reported(Plain):
    """Plain rows, with a receipt for each request."""

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        assert response.status == 200
        return for_all(request, Verdict.ACCEPTED)

    def receipt(self, request: Request, response: Response) -> str:
        assert request.keys
        return str(json_of(response).get("receipt", ""))

    def inquiry(self, receipt: str) -> Request:
        return HttpRequest("GET", f"/reports/{receipt}", b"", ())

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        assert receipt
        matched = json_of(response).get("matched")
        return None if matched is None else {"matched": float(matched)}


@dataclass
class Platform:
    """Keeps what talkers say to it; `around` lets a test end the process before or after each effect."""

    around: Callable[[Callable[[], Any]], Any] = lambda effect: effect()
    jobs: dict[str, list[str]] = field(default_factory=dict)
    polls: Counter[str] = field(default_factory=Counter)
    done_after: int = 1
    audiences: dict[str, list[str]] = field(default_factory=dict)
    current: list[str] = field(default_factory=list)
    """Every audience that became the current one, in turn."""
    launches: list[list[str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        self.calls.append(f"{request.method} {request.path}")
        answer: Response = self.around(lambda: self._done(request))
        return answer

    def _done(self, request: HttpRequest) -> Response:
        kind, *rest = request.path.strip("/").split("/")
        if kind == "launches":
            return Response(200, json.dumps(self._launch(request)).encode())
        acts = {"jobs": self._job, "audiences": self._audience, "current": self._current, "reports": self._report}
        told = acts[kind](request, *rest) if kind in acts else self._rows()
        return Response(200, json.dumps(told).encode())

    def _job(self, request: HttpRequest, name: str, *rows: str) -> dict[str, Any]:
        if request.method == "GET":
            self.polls[name] += 1
            return {"done": self.polls[name] >= self.done_after, "rows": self.jobs[name]}
        self.jobs[name] = list(request.keys) if rows else self.jobs.get(name, [])
        return {}

    def _launch(self, request: HttpRequest) -> dict[str, Any]:
        if request.method == "POST":
            self.launches.append(list(request.keys))
        return {"there": list(request.keys) in self.launches}

    def _audience(self, request: HttpRequest, name: str) -> dict[str, Any]:
        self.audiences.pop(name, None)
        if request.method == "PUT":
            self.audiences[name] = list(request.keys)
        return {}

    def _current(self, request: HttpRequest, name: str) -> dict[str, Any]:
        assert request.method == "PUT"
        assert name in self.audiences, "what is not there becomes current"
        if self.current[-1:] != [name]:
            self.current.append(name)
        return {}

    def _report(self, request: HttpRequest, receipt: str) -> dict[str, Any]:
        assert request.method == "GET"
        self.asked.append(receipt)
        return {"matched": 2}

    def _rows(self) -> dict[str, Any]:
        self.receipts.append(f"r{len(self.receipts) + 1}")
        return {"receipt": self.receipts[-1]}


def keep(*keys: str) -> Iterable[Change]:
    return [Change(key, Operation.KEEP, {}) for key in keys]
